// How soon a shard that has more is read again. Pure.
//
// The service allows five reads a second of a shard, to all applications together. Whoever is refused waits half as
// long again between two reads, and with each that is answered a little less: so those who poll the same shard come to
// share it, and few reads are refused.
#pragma once

#include <algorithm>
#include <chrono>

#include "base/loop.h"

namespace kcl::consumer {

class ReadPace {
 public:
  ReadPace(base::Duration shortest, base::Duration longest)
      : shortest_(shortest), longest_(std::max(shortest, longest)), interval_(shortest) {}

  /// From the beginning of one read to that of the next.
  base::Duration interval() const noexcept { return interval_; }

  void answered() { interval_ = std::max(shortest_, interval_ - kStep); }
  void throttled() { interval_ = std::min(longest_, std::max(interval_, kAtLeast) * 3 / 2); }

 private:
  /// Tried in a model of the service: with more, more reads are refused; with less, it takes long to be quick again.
  static constexpr base::Duration kStep = std::chrono::milliseconds(5);
  /// Of a pace without an interval.
  static constexpr base::Duration kAtLeast = std::chrono::milliseconds(100);

  const base::Duration shortest_;
  const base::Duration longest_;
  base::Duration interval_;
};

}  // namespace kcl::consumer
