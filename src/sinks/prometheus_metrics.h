// From a registry's readings to what Prometheus is shown: kclpp's own metrics, on request those of vmware-go-kcl beside
// them, on request without the shard. One for each page: what counted for shards that are gone stays in the sums, which
// never fall.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <kcl/metrics_sink.h>
#include <kcl/prometheus.h>

#include "metrics/registry.h"

namespace kcl::sinks {

/// What vmware-go-kcl's names begin with: the application's name, but for characters that no metric's name may have.
std::string vmware_go_prefix(std::string_view application);

class PrometheusMetrics {
 public:
  PrometheusMetrics(Prometheus options, std::string_view application)
      : options_(options), prefix_(vmware_go_prefix(application)) {}

  /// Ordered by name, then by labels. `readings` are always those of one registry.
  MetricsSnapshot take(const std::vector<metrics::Reading>& readings, Timestamp time);

 private:
  struct Shown {
    Metric metric;
    /// Its last numbers.
    bool retired = false;
    /// Of gauges without the shard: together they are their sum, else the largest.
    bool counted = false;
  };

  class Joined {
   public:
    void add(Shown shown);
    std::vector<Shown> take() { return std::move(all_); }

   private:
    std::vector<Shown> all_;
    std::map<std::string, std::size_t> places_;
  };

  std::vector<Shown> shown(const std::vector<metrics::Reading>& readings) const;
  std::vector<Shown> without_shards(std::vector<Shown> all);

  const Prometheus options_;
  const std::string prefix_;
  /// Of counters and histograms of shards, without that label: as they were seen last, and the sums of those that are
  /// gone. By name and labels.
  std::map<std::string, Metric> seen_;
  std::map<std::string, Metric> gone_;
};

}  // namespace kcl::sinks
