// What a watch of a fleet says as Prometheus text (exposition format 0.0.4). Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "operate/diagnose.h"
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
};

/// Of a look that failed nothing is said but that it did: a number that is not measured any more is none.
std::string fleet_metrics(const FleetSample& sample);

}  // namespace kcl::operate
