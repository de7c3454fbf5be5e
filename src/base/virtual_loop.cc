#include "base/virtual_loop.h"

namespace kcl::base {

Timestamp VirtualLoop::wall() const {
  return wall_start_ + std::chrono::duration_cast<std::chrono::milliseconds>(now_.time_since_epoch());
}

void VirtualLoop::post(std::function<void()> action) { posted_.at(*this, now_, std::move(action)); }

bool VirtualLoop::step(BootTime until) {
  const auto next = timers_.next();
  if (!next || *next > until) return false;
  if (*next > now_) now_ = *next;
  return timers_.fire_one(now_);
}

void VirtualLoop::run_until(BootTime until) {
  while (step(until)) {
  }
  if (until > now_) now_ = until;
}

}  // namespace kcl::base
