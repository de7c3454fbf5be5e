#include "simulation/worker_loop.h"

#include <algorithm>
#include <cmath>

namespace kcl::simulation {

using base::BootTime;
using base::Duration;

WorkerLoop::WorkerLoop(World& world, Clock clock)
    : world_(world), clock_(clock), next_(world.loop, [this] { turn(); }) {}

BootTime WorkerLoop::local(BootTime world) const {
  const double elapsed = static_cast<double>(world.time_since_epoch().count()) * clock_.rate;
  return BootTime(Duration(static_cast<Duration::rep>(std::llround(elapsed)))) + clock_.offset;
}

void WorkerLoop::pause(Duration duration) {
  paused_until_ = std::max(paused_until_, world_.now() + duration);
  ++pauses_;
  schedule();
}

Duration WorkerLoop::paused_for() const { return std::max(paused_until_ - world_.now(), Duration::zero()); }

void WorkerLoop::arm(base::Timer& timer, BootTime deadline) {
  timers_.add(timer, std::max(deadline, now()));
  schedule();
}

void WorkerLoop::disarm(base::Timer& timer) noexcept { timers_.remove(timer); }

void WorkerLoop::turn() {
  timers_.fire_one(now());
  schedule();
}

void WorkerLoop::schedule() {
  const auto first = timers_.next();
  if (!first) return next_.cancel();
  const auto until_due = std::max(*first - now(), Duration::zero());
  // Rounded up, so that the local deadline has really come.
  const auto wait =
      Duration(static_cast<Duration::rep>(std::ceil(static_cast<double>(until_due.count()) / clock_.rate)));
  next_.arm(std::max(world_.now() + wait, paused_until_));
}

}  // namespace kcl::simulation
