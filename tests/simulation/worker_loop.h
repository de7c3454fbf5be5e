// A worker's own strand inside the simulated world: its monotonic clock may run fast or slow, its wall clock may be
// wrong, and the process may be paused. Destroying what lives on it is a crash.
#pragma once

#include "base/loop.h"
#include "base/scheduled_actions.h"
#include "base/timer_queue.h"
#include "simulation/world.h"

namespace kcl::simulation {

class WorkerLoop final : public base::Loop {
 public:
  struct Clock {
    /// Local seconds per world second.
    double rate = 1.0;
    base::Duration offset{};
    std::chrono::milliseconds wall_error{0};
  };
  WorkerLoop(World& world, Clock clock);

  base::BootTime now() const override { return local(world_.now()); }
  Timestamp wall() const override { return world_.server_time() + clock_.wall_error; }
  void post(std::function<void()> action) override { posted_.at(*this, now(), std::move(action)); }

  /// Stops the process for `duration` of world time: nothing runs, the clocks go on.
  void pause(base::Duration duration);
  /// How much of a pause is left, and how many there were.
  base::Duration paused_for() const;
  /// Since the last pause ended, or since the world began.
  base::Duration awake_for() const { return world_.now() - paused_until_; }
  int pauses() const noexcept { return pauses_; }

 private:
  void arm(base::Timer& timer, base::BootTime deadline) override;
  void disarm(base::Timer& timer) noexcept override;
  base::BootTime local(base::BootTime world) const;
  void turn();
  void schedule();

  World& world_;
  Clock clock_;
  base::BootTime paused_until_{};
  int pauses_ = 0;
  base::TimerQueue timers_;
  base::Timer next_;
  base::ScheduledActions posted_;
};

}  // namespace kcl::simulation
