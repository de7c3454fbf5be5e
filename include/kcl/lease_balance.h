// How a fleet shares its shards.
#pragma once

#include <cstdint>

namespace kcl {

/// How a worker's fair share is reckoned.
enum class LeaseBalance : std::uint8_t {
  count,       ///< by the number of shards
  throughput,  ///< by the bytes that they bring, as their holders measure it; an idle shard still counts a little
};

}  // namespace kcl
