#include "worker/signals.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <system_error>

#include "base/boot_clock.h"

namespace kcl::worker {

namespace {

/// What the handler may touch: lock-free atomics, and descriptors that are never closed, so that a handler that still
/// runs on another thread can never write to a descriptor that means something else by then.
struct Slot {
  std::atomic<bool> watching{false};
  std::atomic<int> signals{0};
  /// Which came last, and when, in nanoseconds.
  std::atomic<int> last{0};
  std::atomic<std::int64_t> last_at{0};
  std::atomic<int> event{-1};
};
static_assert(std::atomic<int>::is_always_lock_free && std::atomic<bool>::is_always_lock_free &&
              std::atomic<std::int64_t>::is_always_lock_free);

/// timeout(1), and a shell whose terminal sends to the whole group, say the same thing twice.
constexpr base::Duration kSameRequest = std::chrono::milliseconds(500);

// Signals belong to the process, so this is the one place with state of the process.
std::array<Slot, 64> slots;
std::mutex installing;
std::size_t watches = 0;

struct Handled {
  int signal;
  struct sigaction previous;
  bool installed;
};
std::array<Handled, 2> handled{Handled{SIGTERM, {}, false}, Handled{SIGINT, {}, false}};

void notify(const Slot& slot) {
  const std::uint64_t one = 1;
  // It fails only when the counter is full: then the reader has enough to see.
  [[maybe_unused]] const auto written = ::write(slot.event.load(), &one, sizeof one);
}

extern "C" void on_signal(int number) {
  const int error = errno;
  // No more than clock_gettime(), which a handler may call.
  const std::int64_t now = base::boot_now().time_since_epoch().count();
  for (Slot& slot : slots) {
    if (!slot.watching.load()) continue;
    const bool again = slot.last.exchange(number) == number && now - slot.last_at.load() < kSameRequest.count();
    if (again) continue;
    slot.last_at.store(now);
    slot.signals.fetch_add(1);
    notify(slot);
  }
  errno = error;
}

void install() {
  for (Handled& each : handled) {
    ::sigaction(each.signal, nullptr, &each.previous);
    if (each.previous.sa_handler == SIG_IGN) continue;
    struct sigaction action{};
    action.sa_handler = &on_signal;
    action.sa_flags = SA_RESTART;
    ::sigfillset(&action.sa_mask);
    each.installed = ::sigaction(each.signal, &action, nullptr) == 0;
  }
}

void restore() {
  for (Handled& each : handled) {
    if (each.installed) ::sigaction(each.signal, &each.previous, nullptr);
    each.installed = false;
  }
}

}  // namespace

SignalWatch::SignalWatch() : slot_(0) {
  const std::lock_guard lock(installing);
  while (slot_ < slots.size() && slots[slot_].watching.load()) ++slot_;
  if (slot_ == slots.size()) {
    throw std::system_error(std::make_error_code(std::errc::too_many_files_open),
                            "more than 64 workers wait for signals");
  }
  Slot& slot = slots[slot_];
  if (slot.event.load() < 0) {
    const int event = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (event < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
    slot.event.store(event);
  }
  slot.signals.store(0);
  slot.last.store(0);
  slot.watching.store(true);
  if (watches++ == 0) install();
}

SignalWatch::~SignalWatch() {
  const std::lock_guard lock(installing);
  slots[slot_].watching.store(false);
  if (--watches == 0) restore();
}

void SignalWatch::wait() {
  std::uint64_t drained = 0;
  pollfd readable{.fd = slots[slot_].event.load(), .events = POLLIN, .revents = 0};
  while (::read(readable.fd, &drained, sizeof drained) < 0) ::poll(&readable, 1, -1);
}

void SignalWatch::wake() { notify(slots[slot_]); }

int SignalWatch::count() const noexcept { return slots[slot_].signals.load(); }

}  // namespace kcl::worker
