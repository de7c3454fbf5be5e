// What a shard brings, as its holder measures it: bytes processed, averaged over about half a minute. Pure.
#pragma once

#include <cstddef>
#include <optional>

#include "base/loop.h"

namespace kcl::consumer {

class Throughput {
 public:
  /// `known`: what the holder before measured, in kilobytes of 1,024 bytes a second, as Java KCL counts.
  Throughput(std::optional<double> known, base::BootTime now) : average_(known), measured_(now) {}

  void add(std::size_t bytes) noexcept { bytes_ += bytes; }
  /// Brings the average up to date; nothing before the first second has passed, unless it was known.
  std::optional<double> measure(base::BootTime now);

 private:
  std::optional<double> average_;
  base::BootTime measured_;
  std::size_t bytes_ = 0;
};

}  // namespace kcl::consumer
