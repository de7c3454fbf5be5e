// Amazon CloudWatch's PutMetricData, as its query protocol has it. Pure.
// Source: Amazon CloudWatch API Reference, "PutMetricData", "MetricDatum", "Dimension"; CloudWatch User Guide, "Service
// quotas".
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <kcl/timestamp.h>

namespace kcl::wire {

/// What of one metric came together in a while: how many observations, their sum, the least and the largest.
struct MetricDatum {
  std::string name;
  /// At most 30, none of them empty.
  std::vector<std::pair<std::string, std::string>> dimensions;
  /// "Count", "Bytes", "Seconds", "Milliseconds".
  std::string_view unit;
  Timestamp time{};
  double count = 1;
  double sum = 0;
  double least = 0;
  double most = 0;
};

/// What CloudWatch takes for a namespace: 1 to 255 of A-Z, a-z, 0-9, blank and .-_/#: ; "AWS/" is for AWS alone.
bool is_metric_namespace(std::string_view name);
inline constexpr std::string_view kMetricNamespaceForm =
    "1 to 255 letters, digits, blanks and .-_/#: , and not AWS/...";

/// One request, filled bit by bit. Not reused.
class PutMetricData {
 public:
  /// Of one request, before it is compressed.
  static constexpr std::size_t kMostData = 1'000;
  static constexpr std::size_t kMostBytes = 1'000'000;

  /// Precondition: is_metric_namespace().
  explicit PutMetricData(std::string_view metric_namespace);

  /// False when the request has no room for it, and is as it was. What the service cannot take is made so that it can:
  /// a name or value with other characters than ASCII's has '?' for them, and is cut at 255 or 1,024.
  bool add(const MetricDatum& datum);

  std::size_t size() const noexcept { return size_; }
  const std::string& body() const noexcept { return body_; }

  static constexpr std::string_view kContentType = "application/x-www-form-urlencoded; charset=utf-8";

 private:
  std::string body_;
  std::size_t size_ = 0;
};

}  // namespace kcl::wire
