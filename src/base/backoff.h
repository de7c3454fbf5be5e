// Exponential back-off with full jitter, for whatever is tried again.
#pragma once

#include <algorithm>

#include "base/random.h"

namespace kcl::base {

class Backoff {
 public:
  Backoff(Duration first, Duration longest) : first_(first), longest_(longest), ceiling_(first) {}

  /// How long to wait before the next try: uniform in [ceiling/2, ceiling], the ceiling doubling up to the longest.
  /// Half is kept so that a lone retrier never spins.
  Duration next(Random& random) {
    const Duration wait = random.between(ceiling_ / 2, ceiling_);
    ceiling_ = std::min(ceiling_ * 2, longest_);
    return wait;
  }
  void reset() { ceiling_ = first_; }

 private:
  Duration first_;
  Duration longest_;
  Duration ceiling_;
};

}  // namespace kcl::base
