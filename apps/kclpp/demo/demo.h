// `kclpp demo`: the main job with nothing installed.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace kclpp::demo {

struct DemoOptions {
  std::size_t shards = 8;
  std::size_t workers = 3;
  /// Records a second; empty: 2,000 made-up ones, or a file as fast as it goes.
  std::optional<std::uint64_t> rate;
  std::size_t seconds = 20;
  std::string input;
  bool chaos = false;
  bool json = false;
  /// "sqlite:FILE"; empty: a file in a temporary directory that is removed at the end.
  std::string lease_store;
  double failover_seconds = 3;
  std::optional<std::uint64_t> seed;
};

/// The exit code: 0 when everything put was delivered in order, 1 when not or when it could not run.
int run(const DemoOptions& options);

}  // namespace kclpp::demo
