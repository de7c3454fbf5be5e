// What a watch of one lease table has come to.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include <kcl/result.h>

#include "operate/fleet_watch.h"

namespace kcl::operate {

struct FleetSample {
  std::string application;
  /// The last look that succeeded; absent before the first one.
  std::optional<FleetView> view;
  /// Whether the last look did.
  bool up = false;
  std::uint64_t looks = 0;
  std::uint64_t failures = 0;

  /// After another look. Returns what is to be told to people: the first of failures in a row, or nothing.
  std::string note(Result<FleetView, std::string> seen) {
    const bool was_well = up || looks == 0;
    ++looks;
    up = seen.has_value();
    if (up) {
      view = *std::move(seen);
      return {};
    }
    ++failures;
    return was_well ? seen.error() : std::string();
  }
};

}  // namespace kcl::operate
