#include "sinks/cloudwatch_points.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <optional>
#include <utility>

#include "sinks/other_names.h"

namespace kcl::sinks {

namespace {

using metrics::Reading;
using wire::MetricDatum;
using Dimensions = std::vector<std::pair<std::string, std::string>>;

constexpr std::array<std::string_view, 3> kVmwareGoDimensions{"Shard", "KinesisStreamName", "WorkerID"};
// StreamId is that of workers with several streams.
constexpr std::array<std::string_view, 4> kJavaDimensions{"Operation", "ShardId", "WorkerIdentifier", "StreamId"};
constexpr std::array<std::string_view, 8> kKclppDimensions{"application", "stream",    "worker",  "shard",
                                                           "service",     "operation", "outcome", "callback"};

/// What an instrument says of the time since it was last looked at: one observation with counters and gauges.
struct Change {
  double count = 1;
  double sum = 0;
  double least = 0;
  double most = 0;
};

/// Every label; but a shard's metric is the same whichever worker reads it, or each move would begin a new one.
Dimensions own_dimensions(const Reading& reading) {
  const bool of_shard = !label(reading.metric, "shard").empty();
  Dimensions dimensions;
  for (const auto& [name, value] : reading.metric.labels) {
    if (!of_shard || name != "worker") dimensions.emplace_back(name, value);
  }
  return dimensions;
}

std::string_view own_unit(std::string_view name) {
  if (name.ends_with("_seconds")) return "Seconds";
  const bool bytes = name.ends_with("_bytes") || name.find("_bytes_") != std::string_view::npos;
  return bytes ? "Bytes" : "Count";
}

Dimensions dimensions_of(const Reading& reading, By by) {
  const auto text = [&](std::string_view name) { return std::string(label(reading.metric, name)); };
  switch (by) {
    case By::shard:
      return {{"Shard", text("shard")}, {"KinesisStreamName", text("stream")}};
    case By::shard_and_worker:
      return {{"Shard", text("shard")}, {"KinesisStreamName", text("stream")}, {"WorkerID", text("worker")}};
    case By::process_task: {
      Dimensions dimensions{{"Operation", "ProcessTask"}, {"ShardId", text("shard")}};
      if (std::string id = text("stream_id"); !id.empty()) dimensions.emplace_back("StreamId", std::move(id));
      return dimensions;
    }
    case By::application:
      return {{"Operation", "ApplicationTracker"}};
    case By::renew_leases:
      return {{"Operation", "RenewAllLeases"}, {"WorkerIdentifier", text("worker")}};
    case By::take_leases:
      break;
  }
  return {{"Operation", "TakeLeases"}, {"WorkerIdentifier", text("worker")}};
}

/// Puts together what has the same name and dimensions.
class Collected {
 public:
  Collected(const CloudWatch& options, Timestamp time) : options_(options), time_(time) {}

  void add(std::string_view name, std::string_view unit, Dimensions dimensions, const Change& change, Merge merge) {
    // No instrument of ours says so; a sum that overflowed would.
    if (!std::isfinite(change.sum) || !std::isfinite(change.least) || !std::isfinite(change.most)) return;
    std::erase_if(dimensions, [&](const auto& dimension) { return !is_wanted(dimension); });
    const auto [place, is_new] = places_.try_emplace(key_of(name, dimensions), data_.size());
    if (is_new) {
      MetricDatum& datum = data_.emplace_back();
      datum.name = name;
      datum.unit = unit;
      datum.time = time_;
      datum.dimensions = std::move(dimensions);
      datum.count = change.count;
      datum.sum = change.sum;
      datum.least = change.least;
      datum.most = change.most;
      return;
    }
    MetricDatum& datum = data_[place->second];
    datum.sum += change.sum;
    if (merge == Merge::add) {
      datum.least = datum.most = datum.sum;
      return;
    }
    datum.count += change.count;
    datum.least = std::min(datum.least, change.least);
    datum.most = std::max(datum.most, change.most);
  }

  std::vector<MetricDatum> take() { return std::move(data_); }

 private:
  /// An application without a name has no dimension for it: CloudWatch takes no empty ones.
  bool is_wanted(const Dimensions::value_type& dimension) const {
    const auto& [name, value] = dimension;
    const auto& wanted = options_.dimensions;
    return !value.empty() && (wanted.empty() || std::ranges::find(wanted, name) != wanted.end());
  }

  const CloudWatch& options_;
  const Timestamp time_;
  std::vector<MetricDatum> data_;
  std::map<std::string, std::size_t> places_;
};

Change plain(double value) { return {.count = 1, .sum = value, .least = value, .most = value}; }

/// As one of other names has it; nothing where that would be no observation.
std::optional<Change> told_as(const OtherName& rule, const Change& change) {
  if (rule.merge == Merge::succeeded || rule.merge == Merge::failed) {
    const double each = rule.merge == Merge::succeeded ? 1 : 0;
    if (change.sum == 0) return std::nullopt;
    return Change{.count = change.sum, .sum = change.sum * each, .least = each, .most = each};
  }
  return Change{.count = change.count,
                .sum = change.sum * rule.scale,
                .least = change.least * rule.scale,
                .most = change.most * rule.scale};
}

/// `change`: nothing where nothing happened.
void add_by_rules(Collected& collected, std::span<const OtherName> rules, bool detailed, const Reading& reading,
                  const std::optional<Change>& change) {
  for (const OtherName& rule : rules) {
    if (rule.from != reading.metric.name || (rule.detail && !detailed)) continue;
    if (rule.merge == Merge::held) {
      collected.add(rule.name, rule.unit, dimensions_of(reading, rule.by), plain(reading.retired ? 0 : 1), rule.merge);
    } else if (const auto told = change ? told_as(rule, *change) : std::nullopt) {
      collected.add(rule.name, rule.unit, dimensions_of(reading, rule.by), *told, rule.merge);
    }
  }
}

void add_as_it_is(Collected& collected, const Reading& reading, const Change& change) {
  const bool counts = reading.metric.kind == Metric::Kind::counter;
  // A counter that stands still says nothing, and costs.
  if (counts && change.sum == 0) return;
  collected.add(reading.metric.name, own_unit(reading.metric.name), own_dimensions(reading), change,
                counts ? Merge::add : Merge::observe);
}

}  // namespace

std::span<const std::string_view> cloudwatch_dimensions(CloudWatchNames names) {
  switch (names) {
    case CloudWatchNames::kclpp:
      return kKclppDimensions;
    case CloudWatchNames::vmware_go:
      return kVmwareGoDimensions;
    case CloudWatchNames::java_kcl:
      break;
  }
  return kJavaDimensions;
}

std::vector<MetricDatum> CloudWatchPoints::take(const std::vector<Reading>& readings, Timestamp time) {
  std::map<std::string, Seen> seen;
  const auto change_of = [&](const Reading& reading) -> std::optional<Change> {
    const Metric& metric = reading.metric;
    if (metric.kind == Metric::Kind::gauge) {
      // What a shard was when it was lost is not what it is.
      return reading.retired ? std::nullopt : std::optional(plain(metric.value));
    }
    std::string key = key_of(metric.name, metric.labels);
    Seen before;
    if (const auto found = seen_.find(key); found != seen_.end()) before = found->second;
    // An instrument that was forgotten and made again begins at zero.
    const bool anew = metric.kind == Metric::Kind::counter ? metric.value < before.value : metric.count < before.count;
    if (anew) before = {};
    seen.emplace(std::move(key), Seen{.value = metric.value, .count = metric.count});
    const double grown = metric.value - before.value;
    if (metric.kind == Metric::Kind::counter) {
      // Nothing more comes of it; another worker may count the same shard by now.
      return reading.retired && grown == 0 ? std::nullopt : std::optional(plain(grown));
    }
    if (metric.count == before.count || !reading.extremes) return std::nullopt;
    const auto count = static_cast<double>(metric.count - before.count);
    const auto [least, most] = *reading.extremes;
    // The difference of two sums is off by a little.
    return Change{.count = count, .sum = std::clamp(grown, least * count, most * count), .least = least, .most = most};
  };

  Collected collected(options_, time);
  for (const Reading& reading : readings) {
    const auto change = change_of(reading);
    switch (options_.names) {
      case CloudWatchNames::kclpp:
        if (change) add_as_it_is(collected, reading, *change);
        break;
      case CloudWatchNames::vmware_go:
        add_by_rules(collected, vmware_go_names(), true, reading, change);
        break;
      case CloudWatchNames::java_kcl:
        add_by_rules(collected, java_names(), options_.detailed, reading, change);
        break;
    }
  }
  seen_ = std::move(seen);
  return collected.take();
}

}  // namespace kcl::sinks
