// Metrics as text for Prometheus (text exposition format 0.0.4). Pure.
#pragma once

#include <string>
#include <string_view>

#include <kcl/metrics_sink.h>

namespace kcl::sinks {

inline constexpr std::string_view kPrometheusContentType = "text/plain; version=0.0.4; charset=utf-8";

/// Precondition: metrics of one name stand together, as in a registry's snapshot.
std::string prometheus_text(const MetricsSnapshot& snapshot);

}  // namespace kcl::sinks
