#include "sinks/other_names.h"

#include <array>

namespace kcl::sinks {

namespace {

constexpr double kMillis = 1'000;

constexpr std::array kVmwareGo{
    OtherName{.from = "kclpp_records_processed_total",
              .name = "RecordsProcessed",
              .unit = "Count",
              .by = By::shard,
              .merge = Merge::add,
              .prometheus = "processed_records",
              .prometheus_help = "Number of records processed"},
    OtherName{.from = "kclpp_data_bytes_processed_total",
              .name = "DataBytesProcessed",
              .unit = "Bytes",
              .by = By::shard,
              .merge = Merge::add,
              .prometheus = "processed_bytes",
              .prometheus_help = "Number of bytes processed"},
    OtherName{.from = "kclpp_shard_behind_seconds",
              .name = "MillisBehindLatest",
              .unit = "Milliseconds",
              .by = By::shard,
              .scale = kMillis,
              .prometheus = "behind_latest_millis",
              .prometheus_help = "The amount of milliseconds processing is behind"},
    OtherName{.from = "kclpp_read_seconds",
              .name = "KinesisDataFetcher.getRecords.Time",
              .unit = "Milliseconds",
              .by = By::shard,
              .scale = kMillis,
              .prometheus = "get_records_duration_milliseconds",
              .prometheus_help = "The time taken to fetch records"},
    OtherName{.from = "kclpp_processing_seconds",
              .name = "RecordProcessor.processRecords.Time",
              .unit = "Milliseconds",
              .by = By::shard,
              .scale = kMillis,
              .prometheus = "process_records_duration_milliseconds",
              .prometheus_help = "The time taken to process records"},
    OtherName{.from = "kclpp_renewals_total",
              .name = "RenewLease.Success",
              .unit = "Count",
              .by = By::shard_and_worker,
              .merge = Merge::add,
              .prometheus = "lease_renewals",
              .prometheus_help = "The number of successful lease renewals"},
    // There, each shard tells whether the worker has its lease. Here a shard has a consumer, and its instruments live,
    // just as long.
    OtherName{.from = "kclpp_records_processed_total",
              .name = "CurrentLeases",
              .unit = "Count",
              .by = By::shard_and_worker,
              .merge = Merge::held,
              .prometheus = "leases_held",
              .prometheus_help = "The number of leases held by the worker"},
};

constexpr std::array kJava{
    OtherName{"kclpp_records_processed_total", "RecordsProcessed", "Count", By::process_task, Merge::add},
    OtherName{"kclpp_data_bytes_processed_total", "DataBytesProcessed", "Bytes", By::process_task, Merge::add},
    OtherName{"kclpp_shard_behind_seconds", "MillisBehindLatest", "Milliseconds", By::process_task, Merge::observe,
              kMillis},
    OtherName{"kclpp_shard_behind_seconds", "MillisBehindLatest", "Milliseconds", By::application, Merge::observe,
              kMillis},
    OtherName{"kclpp_processing_seconds", "RecordProcessor.processRecords.Time", "Milliseconds", By::process_task,
              Merge::observe, kMillis},
    OtherName{"kclpp_read_seconds", "KinesisDataFetcher.getRecords.Time", "Milliseconds", By::process_task,
              Merge::observe, kMillis, true},
    OtherName{"kclpp_leases_held", "CurrentLeases", "Count", By::renew_leases},
    OtherName{"kclpp_leases_lost_total", "LostLeases", "Count", By::renew_leases, Merge::add},
    OtherName{"kclpp_renewals_total", "RenewLease.Success", "Count", By::renew_leases, Merge::succeeded, 1, true},
    OtherName{"kclpp_renewal_failures_total", "RenewLease.Success", "Count", By::renew_leases, Merge::failed, 1, true},
    OtherName{"kclpp_leases_taken_total", "TakenLeases", "Count", By::take_leases, Merge::add},
    OtherName{"kclpp_application_workers", "NumWorkers", "Count", By::take_leases},
};

}  // namespace

std::span<const OtherName> vmware_go_names() { return kVmwareGo; }
std::span<const OtherName> java_names() { return kJava; }

std::string_view label(const Metric& metric, std::string_view name) {
  for (const auto& [key, value] : metric.labels) {
    if (key == name) return value;
  }
  return {};
}

std::string key_of(std::string_view name, const metrics::Labels& labels) {
  std::string key(name);
  for (const auto& [label, value] : labels) key.append(1, '\0').append(label).append(1, '\0').append(value);
  return key;
}

}  // namespace kcl::sinks
