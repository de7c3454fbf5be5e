// One run of one seed: a fleet in trouble, then in the drizzle of faults that never ends, then in peace, then shut
// down; checked all the time, and for its coming back at the end.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "simulation/scenario.h"
#include "simulation/world.h"

namespace kcl::simulation {

struct RunOptions {
  std::uint64_t seed = 0;
  Scenario scenario;
  /// How long the trouble lasts.
  base::Duration trouble = std::chrono::minutes(10);
  Tracing tracing = Tracing::off;
};

/// How long after the end of a disturbance everything put before that end was done.
struct Recovery {
  Disturbance disturbance = Disturbance::crash;
  base::Duration took{};
};

struct RunReport {
  std::vector<std::string> violations;
  /// Of the last random number drawn, and of the trace if there was one: equal for equal runs.
  std::uint64_t hash = 0;
  std::vector<std::string> trace;
  base::Duration virtual_time{};
  std::vector<Recovery> recoveries;
  std::size_t records = 0;
  std::size_t repeated = 0;
  std::size_t moves = 0;
};

RunReport run_scenario(const RunOptions& options);

}  // namespace kcl::simulation
