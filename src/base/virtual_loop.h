// The strand of the simulation: time moves only when nothing is left to do now, so ten virtual minutes take
// milliseconds and the same inputs give the same run. Single-threaded. See loop.h.
#pragma once

#include "base/loop.h"
#include "base/scheduled_actions.h"
#include "base/timer_queue.h"

namespace kcl::base {

class VirtualLoop final : public Loop {
 public:
  /// The virtual clocks start here.
  explicit VirtualLoop(Timestamp wall_start) : wall_start_(wall_start) {}

  BootTime now() const override { return now_; }
  Timestamp wall() const override;
  void post(std::function<void()> action) override;

  /// Runs the next due action, moving time forward to it. False when nothing is armed before `until`.
  bool step(BootTime until = kForever);
  /// Runs everything due before or at `until`, then moves time there.
  void run_until(BootTime until);
  void run_for(Duration duration) { run_until(now_ + duration); }

 private:
  void arm(Timer& timer, BootTime deadline) override { timers_.add(timer, deadline > now_ ? deadline : now_); }
  void disarm(Timer& timer) noexcept override { timers_.remove(timer); }

  Timestamp wall_start_;
  BootTime now_{};
  TimerQueue timers_;
  ScheduledActions posted_;
};

}  // namespace kcl::base
