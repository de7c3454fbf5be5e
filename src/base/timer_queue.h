// Armed timers in the order of (deadline, arming): the one source of order on a strand. Not thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <set>

#include "base/loop.h"

namespace kcl::base {

class TimerQueue {
 public:
  void add(Timer& timer, BootTime deadline);
  void remove(Timer& timer) noexcept;
  /// The deadline of the first timer; empty without timers.
  std::optional<BootTime> next() const;
  /// Fires the first timer if it is due at `now`.
  bool fire_one(BootTime now);

 private:
  struct Earlier {
    bool operator()(const Timer* a, const Timer* b) const noexcept {
      return a->deadline_ != b->deadline_ ? a->deadline_ < b->deadline_ : a->sequence_ < b->sequence_;
    }
  };
  std::set<Timer*, Earlier> timers_;
  std::uint64_t armed_so_far_ = 0;
};

}  // namespace kcl::base
