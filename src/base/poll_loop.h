// A strand that also waits for descriptors: what a server runs on. One thread, real time. See loop.h.
//
// Descriptors are looked at level-triggered (epoll): a watch whose descriptor stays ready is called again, so that its
// owner may take a part and come back. Between two looks every timer that is due and every posted action gets its turn.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "base/loop.h"
#include "base/timer_queue.h"

namespace kcl::base {

class DescriptorWatch;

class PollLoop final : public Loop {
 public:
  /// Starts the thread. Throws std::system_error when the system has no descriptor left.
  PollLoop();
  /// Stops the thread; actions that were posted and did not run are destroyed. Everything that lives on the strand must
  /// be gone by then. Not to be called on the strand.
  ~PollLoop() override;

  BootTime now() const override;
  Timestamp wall() const override;
  void post(std::function<void()> action) override;

  /// True on the strand.
  bool is_current() const noexcept { return std::this_thread::get_id() == thread_.get_id(); }

 private:
  friend class DescriptorWatch;

  void arm(Timer& timer, BootTime deadline) override { timers_.add(timer, deadline); }
  void disarm(Timer& timer) noexcept override { timers_.remove(timer); }
  void run();
  int wait_ms();
  void run_posted();
  void call_watch(std::uint64_t id, std::uint32_t events);

  int epoll_ = -1;
  /// An eventfd: another thread has posted something.
  int wake_ = -1;
  TimerQueue timers_;
  /// By a number that is never used again: of the events of one look, some may be of watches that are gone by now.
  std::unordered_map<std::uint64_t, DescriptorWatch*> watches_;
  std::uint64_t watches_so_far_ = 0;

  std::mutex mutex_;
  std::deque<std::function<void()>> posted_;
  bool stopping_ = false;

  std::thread thread_;
};

/// What a descriptor is ready for.
struct Readiness {
  bool readable = false;
  bool writable = false;
  /// The peer has closed its side, or the connection is broken.
  bool hung_up = false;
};

/// Calls back on the strand while `fd` is ready for what is wanted. Not movable; lives on the strand; may be destroyed
/// in its own call. Does not own the descriptor, which outlives it.
class DescriptorWatch {
 public:
  /// Nothing is wanted at first; a hang-up is always told. Throws std::system_error when the system refuses.
  DescriptorWatch(PollLoop& loop, int fd, std::function<void(Readiness)> action);
  DescriptorWatch(const DescriptorWatch&) = delete;
  DescriptorWatch& operator=(const DescriptorWatch&) = delete;
  ~DescriptorWatch();

  void want(bool readable, bool writable);

 private:
  friend class PollLoop;

  PollLoop& loop_;
  const int fd_;
  std::uint64_t id_;
  std::uint32_t events_;
  std::function<void(Readiness)> action_;
};

}  // namespace kcl::base
