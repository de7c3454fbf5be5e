#include "consumer/shard_meters.h"

#include "leases/lease_key.h"

namespace kcl::consumer {

metrics::Labels shard_labels(const std::string& stream, std::string_view lease_key) {
  metrics::Labels labels;
  if (!stream.empty()) {
    labels.emplace_back("stream", stream);
    labels.emplace_back("stream_id", leases::stream_part(lease_key));
  }
  labels.emplace_back("shard", leases::shard_part(lease_key));
  return labels;
}

ShardMeters::ShardMeters(metrics::Registry& registry, const metrics::Labels& shard) {
  records_processed =
      registry.counter("kclpp_records_processed_total", "Records whose process_records returned normally.", shard);
  bytes_processed =
      registry.counter("kclpp_bytes_processed_total", "Bytes of data and partition keys of records processed.", shard);
  data_bytes_processed =
      registry.counter("kclpp_data_bytes_processed_total", "Bytes of data of records processed.", shard);
  processing_seconds =
      registry.histogram("kclpp_processing_seconds", "How long process_records of the shard takes until it is settled.",
                         shard, metrics::coarse_duration_bounds());
  read_seconds = registry.histogram("kclpp_read_seconds", "How long GetRecords of the shard takes.", shard,
                                    metrics::coarse_duration_bounds());
  dead_letters = registry.counter("kclpp_dead_letters_total", "Records that the dead-letter sink has taken.", shard);
  aggregates = registry.counter("kclpp_aggregates_total", "KPL aggregates that were taken apart.", shard);
  damaged_aggregates = registry.counter("kclpp_damaged_aggregates_total",
                                        "KPL aggregates that are damaged and were delivered as they are.", shard);
  strays = registry.counter("kclpp_stray_records_total",
                            "User records of aggregates that lie outside the shard's hash range.", shard);
  left_out = registry.counter("kclpp_records_left_out_total",
                              "User records that were not delivered, as stray_records says.", shard);
  stopped = registry.gauge("kclpp_shard_stopped", "1 while a batch that failed for good holds the shard up.", shard);
  checkpoints = registry.counter("kclpp_checkpoints_total", "Positions stored in the lease table.", shard);
  checkpoint_failures = registry.counter("kclpp_checkpoint_failures_total", "Checkpoints that were not stored.", shard);
  renewals = registry.counter("kclpp_renewals_total", "Lease renewals that were stored.", shard);
  renewal_failures = registry.counter("kclpp_renewal_failures_total", "Lease renewals that were not stored.", shard);
  leases_lost = registry.counter("kclpp_leases_lost_total", "Leases lost to another worker.", shard);
  fan_out_refused = registry.counter("kclpp_fan_out_refused_total",
                                     "Shards read by polling since enhanced fan-out was refused.", shard);
}

}  // namespace kcl::consumer
