// The strand: one thread of control on which all coordination runs, with its clock and its timers.
//
// There are two: EventLoop (a real thread) and VirtualLoop (virtual time, for the simulation). Code on a strand never
// blocks and never reads any other clock.
//
// Everything that resumes a coroutine goes through a Timer, and a Timer that is destroyed never fires. So a coroutine
// frame may be destroyed wherever it is suspended (a crashed worker in the simulation), and nothing ever runs inline in
// the caller.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>

#include <kcl/timestamp.h>

namespace kcl::base {

/// CLOCK_BOOTTIME: monotonic, and it goes on while the machine is suspended, as the clocks of those who watch our
/// leases do.
struct BootClock {
  using duration = std::chrono::nanoseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<BootClock>;
  static constexpr bool is_steady = true;
};
using BootTime = BootClock::time_point;
using Duration = BootClock::duration;

/// Never reached.
inline constexpr BootTime kForever = BootTime::max();

class Timer;

class Loop {
 public:
  Loop() = default;
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  virtual ~Loop() = default;

  virtual BootTime now() const = 0;
  /// The host's wall clock: for people's eyes only, never for a decision about leases (C7).
  virtual Timestamp wall() const = 0;
  /// Runs `action` on the strand, later. The only method that other threads may call.
  virtual void post(std::function<void()> action) = 0;

 private:
  friend class Timer;
  /// Called by Timer, on the strand. A timer due at or before now() fires soon, in the order of (deadline, arming).
  virtual void arm(Timer& timer, BootTime deadline) = 0;
  virtual void disarm(Timer& timer) noexcept = 0;
};

/// Calls `action` once on the strand when its deadline has come. Not movable; lives on the strand.
class Timer {
 public:
  Timer(Loop& loop, std::function<void()> action) : loop_(loop), action_(std::move(action)) {}
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  ~Timer() { cancel(); }

  /// Arms, or moves an armed timer. kForever arms nothing.
  void arm(BootTime deadline) {
    cancel();
    if (deadline == kForever) return;
    armed_ = true;
    loop_.arm(*this, deadline);
  }
  void cancel() noexcept {
    if (armed_) loop_.disarm(*this);
    armed_ = false;
  }
  bool armed() const noexcept { return armed_; }

 private:
  friend class TimerQueue;
  Loop& loop_;
  std::function<void()> action_;
  BootTime deadline_{};
  std::uint64_t sequence_ = 0;
  bool armed_ = false;
};

/// `time + wait`, but never past the end of time.
constexpr BootTime saturating_add(BootTime time, Duration wait) {
  return wait > kForever - time ? kForever : time + wait;
}

}  // namespace kcl::base
