// What a coroutine on a strand can wait for: a point in time, an Event, a Stop. Every wait names its deadline (C9).
#pragma once

#include <coroutine>
#include <vector>

#include "base/loop.h"

namespace kcl::base {

class Wait;

/// Asks coroutines on one strand to come to an end. Waits that were given it return Woke::stopped at once, and later
/// ones do not wait at all. A child is requested with its parent.
class Stop {
 public:
  Stop() = default;
  explicit Stop(Stop& parent);
  Stop(const Stop&) = delete;
  Stop& operator=(const Stop&) = delete;
  ~Stop();

  bool requested() const noexcept { return requested_; }
  void request();

 private:
  friend class Wait;
  Stop* parent_ = nullptr;
  bool requested_ = false;
  std::vector<Stop*> children_;
  std::vector<Wait*> waits_;
};

enum class Woke : std::uint8_t { notified, timeout, stopped };

/// The awaitable of Event::wait and of sleep_until: make it with those. Yields why it woke.
class [[nodiscard]] Wait {
 public:
  Wait(Loop& loop, class Event* event, BootTime deadline, Stop* stop);
  Wait(const Wait&) = delete;
  Wait& operator=(const Wait&) = delete;
  ~Wait() { unlink(); }

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiter);
  Woke await_resume() const noexcept { return woke_; }

 private:
  friend class Event;
  friend class Stop;
  void wake(Woke why);
  void unlink() noexcept;

  Loop& loop_;
  Event* event_;
  BootTime deadline_;
  Stop* stop_;
  Woke woke_ = Woke::timeout;
  std::coroutine_handle<> waiter_;
  Timer timer_;
};

/// Wakes those who wait for it at that moment, in the order in which they came. It remembers nothing: look at the
/// condition, wait, look again.
class Event {
 public:
  Event() = default;
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  void notify_all();
  Wait wait_until(Loop& loop, BootTime deadline, Stop& stop) { return {loop, this, deadline, &stop}; }
  /// For waits that someone else ends for certain: a lock's holder, a call with a deadline of its own.
  Wait wait_uninterruptibly(Loop& loop) { return {loop, this, kForever, nullptr}; }

 private:
  friend class Wait;
  std::vector<Wait*> waits_;
};

inline Wait sleep_until(Loop& loop, BootTime deadline, Stop& stop) { return {loop, nullptr, deadline, &stop}; }
inline Wait sleep_for(Loop& loop, Duration duration, Stop& stop) {
  return {loop, nullptr, saturating_add(loop.now(), duration), &stop};
}

}  // namespace kcl::base
