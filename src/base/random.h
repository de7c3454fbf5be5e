// Chance, injected: production seeds from the operating system, the simulation from its seed.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "base/loop.h"

namespace kcl::base {

/// xoshiro256** (Blackman, Vigna). Not for secrets. Not thread-safe: one per strand.
class Random {
 public:
  explicit Random(std::uint64_t seed);
  static Random from_os();

  std::uint64_t next();
  /// Uniform in [0, bound). Precondition: bound > 0.
  std::uint64_t below(std::uint64_t bound);
  /// Uniform in [0, 1).
  double unit();
  bool chance(double probability) { return unit() < probability; }
  /// Uniform in [low, high].
  Duration between(Duration low, Duration high);
  /// A random (version 4) UUID.
  std::string uuid();

 private:
  std::array<std::uint64_t, 4> state_;
};

}  // namespace kcl::base
