// One aggregate by itself, as unpack() opens many.
#pragma once

#include <cstdint>
#include <string_view>

#include "wire/aggregate.h"

namespace kcl::kpl {

enum class Found : std::uint8_t {
  plain,      ///< no aggregate
  damaged,    ///< it begins as one; its checksum or a part of it is wrong
  aggregate,  ///< the reader has its user records
};

inline Found open(wire::AggregateReader& reader, std::string_view data) {
  reader = {};
  wire::Seal seal = wire::Seal::none;
  wire::look_at_seals({&data, 1}, {&seal, 1});
  if (seal == wire::Seal::none) return Found::plain;
  return seal == wire::Seal::whole && reader.open(data) ? Found::aggregate : Found::damaged;
}

}  // namespace kcl::kpl
