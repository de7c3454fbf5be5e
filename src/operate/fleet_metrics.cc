#include "operate/fleet_metrics.h"

#include <array>
#include <utility>
#include <vector>

#include <kcl/metrics_sink.h>

#include "sinks/prometheus_text.h"

namespace kcl::operate {

namespace {

constexpr std::array kVerdicts{Verdict::unreadable, Verdict::no_row,  Verdict::no_shard,  Verdict::silent,
                               Verdict::failing,    Verdict::unowned, Verdict::unwatched, Verdict::changing_hands,
                               Verdict::waiting,    Verdict::held,    Verdict::ended};

using Labels = std::vector<std::pair<std::string, std::string>>;

class Exposition {
 public:
  explicit Exposition(std::string application) : application_(std::move(application)) {}

  void head(std::string name, Metric::Kind kind, std::string help) {
    family_ = {.kind = kind, .name = std::move(name), .help = std::move(help), .labels = {}, .buckets = {}};
  }
  void value(double value, Labels labels = {}) {
    Metric& metric = snapshot_.metrics.emplace_back(family_);
    metric.labels.emplace_back("application", application_);
    metric.labels.insert(metric.labels.end(), labels.begin(), labels.end());
    metric.value = value;
  }
  std::string take() const { return sinks::prometheus_text(snapshot_); }

 private:
  std::string application_;
  Metric family_;
  MetricsSnapshot snapshot_;
};

double seconds(base::Duration duration) { return std::chrono::duration<double>(duration).count(); }

void write_shards(Exposition& out, const Diagnosis& diagnosis, const FleetView& view) {
  out.head("kclpp_fleet_lease_stuck", Metric::Kind::gauge,
           "1 for a shard that somebody should look at: its verdict is one of the worst.");
  for (const Line& line : diagnosis.lines) {
    const Labels labels{{"shard", line.shard}, {"verdict", std::string(name_of(line.verdict))}};
    out.value(is_stuck(line.verdict) ? 1 : 0, labels);
  }
  out.head("kclpp_fleet_lease_still_seconds", Metric::Kind::gauge,
           "For how long nobody has written to the lease, as far back as this watch goes.");
  for (const auto& [shard, still] : view.still_for) out.value(seconds(still), {{"shard", shard}});
  out.head("kclpp_fleet_shard_behind_seconds", Metric::Kind::gauge,
           "How far the shard is behind its tip, as its living owner says or as the stream said; absent when nobody "
           "knows.");
  for (const Line& line : diagnosis.lines) {
    if (line.behind) out.value(seconds(*line.behind), {{"shard", line.shard}});
  }
}

void write_fleet(Exposition& out, const Diagnosis& diagnosis) {
  out.head("kclpp_fleet_leases", Metric::Kind::gauge, "Shards by what is the matter with them.");
  for (const Verdict verdict : kVerdicts) {
    const auto count = diagnosis.counts.find(verdict);
    out.value(count == diagnosis.counts.end() ? 0 : static_cast<double>(count->second),
              {{"verdict", std::string(name_of(verdict))}});
  }
  out.head("kclpp_fleet_owner_leases", Metric::Kind::gauge,
           "Leases that are not ended, by their owner, living or not.");
  for (const auto& [owner, count] : diagnosis.workers) out.value(static_cast<double>(count), {{"owner", owner}});
}

}  // namespace

std::string fleet_metrics(const FleetSample& sample) {
  Exposition out(sample.application);
  out.head("kclpp_fleet_up", Metric::Kind::gauge, "Whether the last look at the lease table succeeded.");
  out.value(sample.up ? 1 : 0);
  out.head("kclpp_fleet_looks_total", Metric::Kind::counter, "Looks at the lease table.");
  out.value(static_cast<double>(sample.looks));
  out.head("kclpp_fleet_failed_looks_total", Metric::Kind::counter, "Looks at the lease table that failed.");
  out.value(static_cast<double>(sample.failures));
  if (!sample.view || !sample.up) return out.take();
  const Diagnosis diagnosis = diagnose(sample.view->table);
  write_fleet(out, diagnosis);
  write_shards(out, diagnosis, *sample.view);
  return out.take();
}

}  // namespace kcl::operate
