// Puts records on the demo's stream, on a thread of its own: made-up ones at a rate, or the lines of a file.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>

#include <kcl/testing/embedded_stream.h>

#include "demo/ledger.h"

namespace kclpp::demo {

struct FeederOptions {
  /// Empty: made-up records, for `duration` at `rate` a second.
  std::string input;
  std::uint64_t rate = 2'000;
  std::chrono::milliseconds duration{20'000};
  /// Of a file: spread it over `duration` instead of reading it as fast as it is consumed.
  bool spread = false;
};

/// A record's partition key: the line's first word, cut at 256 characters; "-" if it has none.
std::string key_of_line(const std::string& line);

class Feeder {
 public:
  /// Starts. Throws std::runtime_error if the input cannot be read.
  Feeder(FeederOptions options, kcl::testing::EmbeddedStream& stream, Ledger& ledger);

  bool done() const noexcept { return done_.load(); }
  /// What went wrong with the input halfway; empty if nothing did. Valid once done().
  const std::string& problem() const noexcept { return problem_; }
  void stop() { thread_.request_stop(); }

 private:
  class Pace;
  void feed_file(const std::stop_token& stop);
  void feed_made_up(const std::stop_token& stop);
  void put(std::vector<kcl::testing::PutRecord> records, const std::stop_token& stop);

  FeederOptions options_;
  kcl::testing::EmbeddedStream& stream_;
  Ledger& ledger_;
  std::string problem_;
  std::atomic<bool> done_{false};
  std::jthread thread_;
};

}  // namespace kclpp::demo
