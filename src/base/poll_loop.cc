#include "base/poll_loop.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <system_error>
#include <utility>

#include "base/boot_clock.h"
#include "base/check.h"
#include "base/wall_clock.h"

namespace kcl::base {

namespace {

// The id of the descriptor that wakes the loop.
constexpr std::uint64_t kWake = 0;
// epoll waits on CLOCK_MONOTONIC, which stands still in a suspended machine: look at CLOCK_BOOTTIME now and then.
constexpr Duration kLongestWait = std::chrono::seconds(1);
constexpr int kTimersPerTurn = 64;
constexpr int kEventsPerTurn = 64;
constexpr std::uint32_t kAlways = EPOLLRDHUP;

int checked(int result, const char* what) {
  if (result < 0) throw std::system_error(errno, std::generic_category(), what);
  return result;
}

void control(int epoll, int operation, int fd, std::uint64_t id, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = id;
  checked(::epoll_ctl(epoll, operation, fd, &event), "epoll_ctl");
}

}  // namespace

PollLoop::PollLoop() {
  try {
    epoll_ = checked(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
    wake_ = checked(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd");
    control(epoll_, EPOLL_CTL_ADD, wake_, kWake, EPOLLIN);
    thread_ = std::thread([this] { run(); });
  } catch (...) {
    if (wake_ >= 0) ::close(wake_);
    if (epoll_ >= 0) ::close(epoll_);
    throw;
  }
}

PollLoop::~PollLoop() {
  post([this] {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  });
  thread_.join();
  check(watches_.empty(), "a loop outlives the watches on it");
  ::close(wake_);
  ::close(epoll_);
}

BootTime PollLoop::now() const { return boot_now(); }

Timestamp PollLoop::wall() const { return wall_now(); }

void PollLoop::post(std::function<void()> action) {
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    first = posted_.empty();
    posted_.push_back(std::move(action));
  }
  // Whoever posted first after the loop took the others has written already.
  if (first) check(::eventfd_write(wake_, 1) == 0, "an eventfd can be written");
}

/// In whole milliseconds, rounded up: a timer that is due in less is not waited for in vain.
int PollLoop::wait_ms() {
  const auto next = timers_.next();
  const Duration wait = next ? std::min(*next - boot_now(), kLongestWait) : kLongestWait;
  return static_cast<int>(std::max<std::int64_t>(0, std::chrono::ceil<std::chrono::milliseconds>(wait).count()));
}

void PollLoop::run_posted() {
  std::deque<std::function<void()>> batch;
  eventfd_t count = 0;
  ::eventfd_read(wake_, &count);
  {
    const std::lock_guard lock(mutex_);
    batch.swap(posted_);
  }
  for (auto& action : batch) action();
}

void PollLoop::call_watch(std::uint64_t id, std::uint32_t events) {
  const auto found = watches_.find(id);
  if (found == watches_.end()) return;
  // A copy: the watch, and its action with it, may be destroyed in the call.
  const auto action = found->second->action_;
  action({.readable = (events & EPOLLIN) != 0,
          .writable = (events & EPOLLOUT) != 0,
          .hung_up = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0});
}

void PollLoop::run() {
  std::array<epoll_event, kEventsPerTurn> events{};
  for (;;) {
    const int ready = ::epoll_wait(epoll_, events.data(), kEventsPerTurn, wait_ms());
    for (int i = 0; i < ready; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      if (event.data.u64 == kWake) {
        run_posted();
      } else {
        call_watch(event.data.u64, event.events);
      }
    }
    const BootTime turn = boot_now();
    for (int i = 0; i < kTimersPerTurn && timers_.fire_one(turn); ++i) {
    }
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
  }
}

DescriptorWatch::DescriptorWatch(PollLoop& loop, int fd, std::function<void(Readiness)> action)
    : loop_(loop), fd_(fd), id_(++loop.watches_so_far_), events_(kAlways), action_(std::move(action)) {
  control(loop_.epoll_, EPOLL_CTL_ADD, fd_, id_, events_);
  loop_.watches_.emplace(id_, this);
}

DescriptorWatch::~DescriptorWatch() {
  loop_.watches_.erase(id_);
  ::epoll_ctl(loop_.epoll_, EPOLL_CTL_DEL, fd_, nullptr);
}

void DescriptorWatch::want(bool readable, bool writable) {
  const std::uint32_t events = kAlways | (readable ? EPOLLIN : 0U) | (writable ? EPOLLOUT : 0U);
  if (events == events_) return;
  control(loop_.epoll_, EPOLL_CTL_MOD, fd_, id_, events);
  events_ = events;
}

}  // namespace kcl::base
