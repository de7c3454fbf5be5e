// Metrics to Amazon CloudWatch: under whose names, and how much of them.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kcl {

/// docs/monitoring.md lists the metrics of each.
enum class CloudWatchNames : std::uint8_t {
  kclpp,      ///< every instrument, by the name that /metrics has for it
  vmware_go,  ///< names, units and dimensions of vmware-go-kcl-v2, as far as kclpp measures the same
  java_kcl,   ///< those of Java KCL 2.x and 3.x, likewise
};

/// "kclpp", "vmware-go", "java-kcl".
constexpr std::string_view name_of(CloudWatchNames names) {
  switch (names) {
    case CloudWatchNames::kclpp:
      return "kclpp";
    case CloudWatchNames::vmware_go:
      return "vmware-go";
    case CloudWatchNames::java_kcl:
      break;
  }
  return "java-kcl";
}

/// Sent every WorkerConfig::metrics_interval by PutMetricData, compressed, at most 1,000 metrics a request, by a thread
/// of its own: nothing waits for it. AWS bills each name with each set of dimensions as a metric, and each request.
/// Permission: cloudwatch:PutMetricData. A request whose answer was lost is sent again, as the AWS SDKs do: should the
/// first one have come through, its counts are there twice.
struct CloudWatch {
  CloudWatchNames names = CloudWatchNames::kclpp;
  /// 1 to 255 letters, digits, blanks and .-_/#: ; not "AWS/...". Empty: the application.
  std::string metric_namespace;
  /// Only these dimensions; what differs in others comes together in one metric. Empty: all. With vmware_go: "Shard",
  /// "KinesisStreamName", "WorkerID"; with java_kcl: "Operation", "ShardId", "WorkerIdentifier"; with kclpp: the labels
  /// of /metrics.
  std::vector<std::string> dimensions;
  /// Of java_kcl: also what Java has at its level DETAILED. Changes nothing for the others.
  bool detailed = true;
  /// Metrics that may wait while CloudWatch cannot be reached. What was measured last stays, the oldest go and are
  /// counted by kclpp_cloudwatch_dropped_total. 1,000 to 1,000,000.
  std::size_t max_backlog = 10'000;
  /// How long the worker's destructor waits for what is left to be sent: 0 to 1 min.
  std::chrono::milliseconds last_send{3'000};
};

}  // namespace kcl
