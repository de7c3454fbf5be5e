#include "embedded/limits.h"

#include <algorithm>
#include <chrono>

namespace kcl::embedded {

void Allowance::charge(std::uint64_t amount, Timestamp now) {
  if (now >= next_second()) {
    second_ = now;
    used_ = 0;
  }
  used_ += amount;
}

Timestamp Allowance::next_second() const {
  const std::uint64_t seconds_used_ms = used_ / per_second_ * 1'000 + used_ % per_second_ * 1'000 / per_second_;
  return second_ + std::chrono::milliseconds(std::max<std::uint64_t>(1'000, seconds_used_ms));
}

}  // namespace kcl::embedded
