// What is counted of one shard's consumption. The instruments of all epochs of a shard in this worker are the same
// ones.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "metrics/registry.h"

namespace kcl::consumer {

/// What an instrument of one shard is told by. `stream`, as configured, is empty where the worker has one alone.
metrics::Labels shard_labels(const std::string& stream, std::string_view lease_key);

struct ShardMeters {
  /// `shard`: its labels.
  ShardMeters(metrics::Registry& registry, const metrics::Labels& shard);

  std::shared_ptr<metrics::Counter> records_processed;
  std::shared_ptr<metrics::Counter> bytes_processed;
  /// Without partition keys.
  std::shared_ptr<metrics::Counter> data_bytes_processed;
  std::shared_ptr<metrics::Histogram> processing_seconds;
  /// GetRecords, however it ended.
  std::shared_ptr<metrics::Histogram> read_seconds;
  std::shared_ptr<metrics::Counter> dead_letters;
  /// KPL aggregates taken apart, and those that could not be; user records outside the shard's hash range, by what
  /// became of them and of those beside them.
  std::shared_ptr<metrics::Counter> aggregates;
  std::shared_ptr<metrics::Counter> damaged_aggregates;
  std::shared_ptr<metrics::Counter> strays;
  std::shared_ptr<metrics::Counter> left_out;
  /// 1 while a batch that failed for good holds it up.
  std::shared_ptr<metrics::Gauge> stopped;
  std::shared_ptr<metrics::Counter> checkpoints;
  std::shared_ptr<metrics::Counter> checkpoint_failures;
  std::shared_ptr<metrics::Counter> renewals;
  std::shared_ptr<metrics::Counter> renewal_failures;
  std::shared_ptr<metrics::Counter> leases_lost;
  /// Enhanced fan-out was refused, and the shard is read by polling.
  std::shared_ptr<metrics::Counter> fan_out_refused;
};

}  // namespace kcl::consumer
