#include "sinks/prometheus_metrics.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "sinks/other_names.h"

namespace kcl::sinks {

namespace {

using metrics::Labels;
using metrics::Reading;

constexpr std::string_view kShard = "shard";

/// Of counters and of histograms, whose buckets are the same.
void add(Metric& sum, const Metric& metric) {
  sum.value += metric.value;
  sum.count += metric.count;
  for (std::size_t i = 0; i < std::min(sum.buckets.size(), metric.buckets.size()); ++i) {
    sum.buckets[i].cumulative_count += metric.buckets[i].cumulative_count;
  }
}

void add_to(std::map<std::string, Metric>& sums, const Metric& metric) {
  const auto [place, is_new] = sums.try_emplace(key_of(metric.name, metric.labels), metric);
  if (!is_new) add(place->second, metric);
}

bool is_anew(const Metric& metric, const Metric& before) {
  return metric.kind == Metric::Kind::counter ? metric.value < before.value : metric.count < before.count;
}

Labels labels_of(const Metric& own, By by) {
  Labels labels{{"kinesisStream", std::string(label(own, "stream"))}, {"shard", std::string(label(own, kShard))}};
  if (by == By::shard_and_worker) labels.emplace_back("workerID", label(own, "worker"));
  return labels;
}

/// As vmware-go-kcl has it.
Metric told_as(const OtherName& other, const Reading& reading, const std::string& prefix) {
  Metric told = reading.metric;
  told.name = prefix + '_' + std::string(other.prometheus);
  told.help = other.prometheus_help;
  told.labels = labels_of(reading.metric, other.by);
  told.value *= other.scale;
  for (Metric::Bucket& bucket : told.buckets) bucket.upper_bound *= other.scale;
  if (other.merge == Merge::held) {
    told.kind = Metric::Kind::gauge;
    told.value = reading.retired ? 0 : 1;
  }
  return told;
}

}  // namespace

std::string vmware_go_prefix(std::string_view application) {
  const auto may_begin = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':';
  };
  std::string prefix;
  for (const char c : application) prefix += may_begin(c) || (c >= '0' && c <= '9') ? c : '_';
  if (!prefix.empty() && !may_begin(prefix.front())) prefix.insert(0, 1, '_');
  return prefix;
}

MetricsSnapshot PrometheusMetrics::take(const std::vector<Reading>& readings, Timestamp time) {
  std::vector<Shown> all = shown(readings);
  if (options_.drop_shard_label) all = without_shards(std::move(all));
  std::ranges::sort(all, {}, [](const Shown& each) { return std::tie(each.metric.name, each.metric.labels); });
  MetricsSnapshot snapshot;
  snapshot.time = time;
  for (Shown& each : all) snapshot.metrics.push_back(std::move(each.metric));
  return snapshot;
}

std::vector<PrometheusMetrics::Shown> PrometheusMetrics::shown(const std::vector<Reading>& readings) const {
  std::vector<Shown> all;
  for (const Reading& reading : readings) {
    all.push_back({.metric = reading.metric, .retired = reading.retired});
    if (options_.names != PrometheusNames::vmware_go) continue;
    for (const OtherName& other : vmware_go_names()) {
      if (other.from != reading.metric.name) continue;
      Metric told = told_as(other, reading, prefix_);
      const bool held = other.merge == Merge::held;
      // There a shard's lag goes with its lease.
      if (reading.retired && told.kind == Metric::Kind::gauge && !held) continue;
      all.push_back({.metric = std::move(told), .retired = reading.retired, .counted = held});
    }
  }
  return all;
}

/// Puts together what has the same name and labels.
void PrometheusMetrics::Joined::add(Shown shown) {
  const auto [place, is_new] = places_.try_emplace(key_of(shown.metric.name, shown.metric.labels), all_.size());
  if (is_new) {
    all_.push_back(std::move(shown));
    return;
  }
  Metric& joined = all_[place->second].metric;
  if (shown.metric.kind == Metric::Kind::gauge && !shown.counted) {
    joined.value = std::max(joined.value, shown.metric.value);
  } else {
    sinks::add(joined, shown.metric);
  }
}

std::vector<PrometheusMetrics::Shown> PrometheusMetrics::without_shards(std::vector<Shown> all) {
  Joined joined;
  std::map<std::string, Metric> seen;
  for (Shown& each : all) {
    Metric& metric = each.metric;
    std::string key = key_of(metric.name, metric.labels);
    const bool of_shard = std::erase_if(metric.labels, [](const auto& one) { return one.first == kShard; }) != 0;
    const bool gauge = metric.kind == Metric::Kind::gauge;
    // What a shard was when it was lost is not what it is.
    if (of_shard && gauge && each.retired && !each.counted) continue;
    if (of_shard && !gauge) {
      const auto before = seen_.extract(key);
      // Forgotten and made again, it has begun at zero.
      if (before && is_anew(metric, before.mapped())) add_to(gone_, before.mapped());
      seen.emplace(std::move(key), metric);
    }
    joined.add(std::move(each));
  }
  for (const auto& [key, metric] : seen_) add_to(gone_, metric);
  seen_ = std::move(seen);
  for (const auto& [key, metric] : gone_) joined.add({.metric = metric});
  return joined.take();
}

}  // namespace kcl::sinks
