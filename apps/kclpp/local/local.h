// `kclpp local`: Kinesis on loopback, for development and tests.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace kclpp::local {

struct LocalOptions {
  std::string listen = "127.0.0.1";
  std::uint16_t port = 4567;
  /// "NAME:SHARDS": created before it listens.
  std::vector<std::string> streams;
  bool no_limits = false;
  double iterator_ttl_seconds = 300;
  double retention_seconds = 86'400;
  double subscription_lifetime_seconds = 300;
  std::string region = "us-east-1";
  /// "ID:SECRET": requests must be signed by them. Empty: signatures are not looked at.
  std::string credentials;
  /// A file with a plan of faults. Empty: none.
  std::string faults;
  std::size_t max_shards = 20'000;
  std::size_t memory_mib = 2'048;
};

/// What is wrong with "NAME:SHARDS"; empty when nothing is.
std::string problem_of_stream(const std::string& text);

/// Serves until SIGTERM or SIGINT. The exit code.
int run(const LocalOptions& options);

}  // namespace kclpp::local
