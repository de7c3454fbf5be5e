// What a watch of a fleet says as Prometheus text (exposition format 0.0.4). Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "operate/fleet_sample.h"

namespace kcl::operate {

/// Of one or more fleets. `listed`: whether the tables could be listed, where they were.
///
/// Of a look that failed nothing is said but that it did: a number that is not measured any more is none.
std::string fleet_metrics(const std::vector<const FleetSample*>& samples, std::optional<bool> listed = {});

}  // namespace kcl::operate
