// What kclpp's instruments are called in vmware-go-kcl and in Java KCL, where they mean the same there: the one table
// that CloudWatch and Prometheus are told by. Sources: vmware-go-kcl-v2 clientlibrary/metrics/cloudwatch/cloudwatch.go
// and metrics/prometheus/prometheus.go; Java KCL ProcessTask, KinesisDataFetcher, DynamoDBLeaseRenewer,
// DynamoDBLeaseTaker.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "metrics/registry.h"

namespace kcl::sinks {

/// How points of the same name and dimensions come together.
enum class Merge : std::uint8_t {
  add,        ///< counters: still one observation
  observe,    ///< observations of their own
  succeeded,  ///< a counter of successes: each an observation of 1
  failed,     ///< of failures: each an observation of 0
  held,       ///< not the value: 1 while the instrument is in use, 0 once it is done with
};

/// What tells points of one name apart.
enum class By : std::uint8_t {
  shard,             ///< and the stream, in vmware-go-kcl
  shard_and_worker,  ///< of vmware-go-kcl
  process_task,      ///< the shard, and Java's operation
  application,       ///< Java's ApplicationTracker
  renew_leases,      ///< the worker, and Java's operation
  take_leases,
};

struct OtherName {
  std::string_view from;
  /// In CloudWatch.
  std::string_view name;
  std::string_view unit;
  By by;
  Merge merge = Merge::observe;
  double scale = 1;
  /// Java's level DETAILED.
  bool detail = false;
  /// In Prometheus, after the application's name and "_"; empty where there is none.
  std::string_view prometheus = {};
  std::string_view prometheus_help = {};
};

std::span<const OtherName> vmware_go_names();
std::span<const OtherName> java_names();

/// Empty: there is no such label.
std::string_view label(const Metric& metric, std::string_view name);
/// Tells metrics apart by name and labels.
std::string key_of(std::string_view name, const metrics::Labels& labels);

}  // namespace kcl::sinks
