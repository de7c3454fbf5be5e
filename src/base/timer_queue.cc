#include "base/timer_queue.h"

namespace kcl::base {

void TimerQueue::add(Timer& timer, BootTime deadline) {
  timer.deadline_ = deadline;
  timer.sequence_ = ++armed_so_far_;
  timers_.insert(&timer);
}

void TimerQueue::remove(Timer& timer) noexcept { timers_.erase(&timer); }

std::optional<BootTime> TimerQueue::next() const {
  if (timers_.empty()) return std::nullopt;
  return (*timers_.begin())->deadline_;
}

bool TimerQueue::fire_one(BootTime now) {
  if (timers_.empty() || (*timers_.begin())->deadline_ > now) return false;
  Timer& timer = **timers_.begin();
  timers_.erase(timers_.begin());
  timer.armed_ = false;
  // The action may destroy its timer (it resumes the coroutine that owns it), so it must not live in there while it
  // runs.
  auto action = timer.action_;
  action();
  return true;
}

}  // namespace kcl::base
