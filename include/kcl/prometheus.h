// What WorkerConfig::listen serves to Prometheus at /metrics: under whose names, and how finely.
#pragma once

#include <cstdint>
#include <string_view>

namespace kcl {

/// docs/monitoring.md lists the metrics of each.
enum class PrometheusNames : std::uint8_t {
  kclpp,      ///< every instrument, as kclpp_..., in seconds and bytes
  vmware_go,  ///< beside these, what vmware-go-kcl-v2 has, by its names, labels and units: for dashboards that live on
};

/// "kclpp", "vmware-go".
constexpr std::string_view name_of(PrometheusNames names) {
  return names == PrometheusNames::kclpp ? "kclpp" : "vmware-go";
}

struct Prometheus {
  /// With vmware_go the application needs a name, with which theirs begin; what cannot stand in a metric's name becomes
  /// "_".
  PrometheusNames names = PrometheusNames::kclpp;
  /// One number for all shards of a worker instead of one for each: their sum; of a gauge the largest. For streams of
  /// so many shards that their series cost too much.
  bool drop_shard_label = false;
};

}  // namespace kcl
