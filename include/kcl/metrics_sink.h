// Where metrics go: snapshots of every instrument, now and then.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <kcl/timestamp.h>

namespace kcl {

/// One instrument at one moment. Names and units follow Prometheus: base units, `_total` for counters.
struct Metric {
  enum class Kind : std::uint8_t { counter, gauge, histogram };
  /// A histogram's bucket: how many observations were at most `upper_bound`.
  struct Bucket {
    double upper_bound = 0;
    std::uint64_t cumulative_count = 0;
  };
  Kind kind = Kind::counter;
  std::string name;
  std::string help;
  std::vector<std::pair<std::string, std::string>> labels;
  /// Of counters and gauges; a histogram's sum.
  double value = 0;
  /// Of histograms.
  std::uint64_t count = 0;
  std::vector<Bucket> buckets;
};

struct MetricsSnapshot {
  Timestamp time{};
  std::vector<Metric> metrics;
};

/// Called from a thread made for blocking calls, one call at a time. A slow or failing sink never slows a shard:
/// snapshots are skipped meanwhile. Must not throw.
class MetricsSink {
 public:
  MetricsSink() = default;
  MetricsSink(const MetricsSink&) = delete;
  MetricsSink& operator=(const MetricsSink&) = delete;
  virtual ~MetricsSink() = default;

  virtual void publish(const MetricsSnapshot& snapshot) = 0;
};

}  // namespace kcl
