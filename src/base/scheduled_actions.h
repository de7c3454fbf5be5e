// Actions that a loop runs later, owned until they have run. Not thread-safe.
#pragma once

#include <functional>
#include <list>
#include <memory>

#include "base/loop.h"

namespace kcl::base {

class ScheduledActions {
 public:
  void at(Loop& loop, BootTime time, std::function<void()> action) {
    const auto self = timers_.emplace(timers_.end());
    *self = std::make_unique<Timer>(loop, [this, self, run = std::move(action)] {
      const auto fired = std::move(*self);
      timers_.erase(self);
      run();
    });
    (*self)->arm(time);
  }

 private:
  std::list<std::unique_ptr<Timer>> timers_;
};

}  // namespace kcl::base
