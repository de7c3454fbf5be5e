#include "operate/fleet_metrics.h"

#include <array>
#include <utility>
#include <vector>

#include <kcl/metrics_sink.h>

#include "operate/diagnose.h"
#include "sinks/prometheus_text.h"

namespace kcl::operate {

namespace {

constexpr std::array kVerdicts{Verdict::unreadable, Verdict::no_row,  Verdict::no_shard,  Verdict::silent,
                               Verdict::failing,    Verdict::unowned, Verdict::unwatched, Verdict::changing_hands,
                               Verdict::waiting,    Verdict::held,    Verdict::ended};

using Labels = std::vector<std::pair<std::string, std::string>>;

class Exposition {
 public:
  void head(std::string name, Metric::Kind kind, std::string help) {
    family_ = {.kind = kind, .name = std::move(name), .help = std::move(help), .labels = {}, .buckets = {}};
  }
  void value(double value, Labels labels) {
    Metric& metric = snapshot_.metrics.emplace_back(family_);
    metric.labels = std::move(labels);
    metric.value = value;
  }
  std::string take() const { return sinks::prometheus_text(snapshot_); }

 private:
  Metric family_;
  MetricsSnapshot snapshot_;
};

/// A fleet of which the last look succeeded.
struct Seen {
  const FleetSample& sample;
  Diagnosis diagnosis;

  Labels labels(Labels more = {}) const {
    more.emplace(more.begin(), "application", sample.application);
    return more;
  }
};

double seconds(base::Duration duration) { return std::chrono::duration<double>(duration).count(); }

void write_shards(Exposition& out, const std::vector<Seen>& fleets) {
  out.head("kclpp_fleet_lease_stuck", Metric::Kind::gauge,
           "1 for a shard that somebody should look at: its verdict is one of the worst.");
  for (const Seen& fleet : fleets) {
    for (const Line& line : fleet.diagnosis.lines) {
      const std::string verdict(name_of(line.verdict));
      out.value(is_stuck(line.verdict) ? 1 : 0, fleet.labels({{"shard", line.shard}, {"verdict", verdict}}));
    }
  }
  out.head("kclpp_fleet_lease_still_seconds", Metric::Kind::gauge,
           "For how long nobody has written to the lease, as far back as this watch goes.");
  for (const Seen& fleet : fleets) {
    for (const auto& [shard, still] : fleet.sample.view->still_for) {
      out.value(seconds(still), fleet.labels({{"shard", shard}}));
    }
  }
  out.head("kclpp_fleet_shard_behind_seconds", Metric::Kind::gauge,
           "How far the shard is behind its tip, as its living owner says or as the stream said; absent when nobody "
           "knows.");
  for (const Seen& fleet : fleets) {
    for (const Line& line : fleet.diagnosis.lines) {
      if (line.behind) out.value(seconds(*line.behind), fleet.labels({{"shard", line.shard}}));
    }
  }
}

void write_fleets(Exposition& out, const std::vector<Seen>& fleets) {
  out.head("kclpp_fleet_leases", Metric::Kind::gauge, "Shards by what is the matter with them.");
  for (const Seen& fleet : fleets) {
    for (const Verdict verdict : kVerdicts) {
      const auto count = fleet.diagnosis.counts.find(verdict);
      out.value(count == fleet.diagnosis.counts.end() ? 0 : static_cast<double>(count->second),
                fleet.labels({{"verdict", std::string(name_of(verdict))}}));
    }
  }
  out.head("kclpp_fleet_owner_leases", Metric::Kind::gauge,
           "Leases that are not ended, by their owner, living or not.");
  for (const Seen& fleet : fleets) {
    for (const auto& [owner, count] : fleet.diagnosis.workers) {
      out.value(static_cast<double>(count), fleet.labels({{"owner", owner}}));
    }
  }
}

void write_looks(Exposition& out, const std::vector<const FleetSample*>& samples) {
  const auto write = [&](double (*value)(const FleetSample&)) {
    for (const FleetSample* sample : samples) out.value(value(*sample), {{"application", sample->application}});
  };
  out.head("kclpp_fleet_up", Metric::Kind::gauge, "Whether the last look at the lease table succeeded.");
  write([](const FleetSample& sample) { return sample.up ? 1.0 : 0.0; });
  out.head("kclpp_fleet_looks_total", Metric::Kind::counter, "Looks at the lease table.");
  write([](const FleetSample& sample) { return static_cast<double>(sample.looks); });
  out.head("kclpp_fleet_failed_looks_total", Metric::Kind::counter, "Looks at the lease table that failed.");
  write([](const FleetSample& sample) { return static_cast<double>(sample.failures); });
}

}  // namespace

std::string fleet_metrics(const std::vector<const FleetSample*>& samples, std::optional<bool> listed) {
  Exposition out;
  if (listed) {
    out.head("kclpp_fleet_listing_up", Metric::Kind::gauge,
             "Whether the tables could be listed the last time; while they cannot, new ones are not noticed.");
    out.value(*listed ? 1 : 0, {});
  }
  write_looks(out, samples);
  std::vector<Seen> fleets;
  for (const FleetSample* sample : samples) {
    if (sample->view && sample->up) fleets.push_back({.sample = *sample, .diagnosis = diagnose(sample->view->table)});
  }
  write_fleets(out, fleets);
  write_shards(out, fleets);
  return out.take();
}

}  // namespace kcl::operate
