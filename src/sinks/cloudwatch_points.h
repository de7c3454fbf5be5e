// From a registry's readings to what CloudWatch is told: counters by how much they grew, histograms by what was
// observed meanwhile, gauges as they are; under kclpp's names, or those of vmware-go-kcl or Java KCL for what means the
// same there (sinks/other_names.h). What is not measured is not sent. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <kcl/cloudwatch.h>

#include "metrics/registry.h"
#include "wire/put_metric_data.h"

namespace kcl::sinks {

/// Of the scheme, in no order.
std::span<const std::string_view> cloudwatch_dimensions(CloudWatchNames names);

class CloudWatchPoints {
 public:
  explicit CloudWatchPoints(CloudWatch options) : options_(std::move(options)) {}

  /// Of what happened since the last call; the first time, since the instruments were made. `readings` are always those
  /// of one registry.
  std::vector<wire::MetricDatum> take(const std::vector<metrics::Reading>& readings, Timestamp time);

 private:
  struct Seen {
    double value = 0;
    std::uint64_t count = 0;
  };

  CloudWatch options_;
  /// By name and labels.
  std::map<std::string, Seen> seen_;
};

}  // namespace kcl::sinks
