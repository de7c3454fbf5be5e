// Metrics to where the program has its own: each snapshot has every instrument, now and then and once at the end. This
// one keeps what a StatsD or OpenTelemetry client would send.
#include <kcl/kcl.h>
#include <kcl/testing/embedded_stream.h>

#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace {

/// Totals over all shards, by the metric's name.
class Totals final : public kcl::MetricsSink {
 public:
  void publish(const kcl::MetricsSnapshot& snapshot) override {
    std::map<std::string, double> totals;
    for (const kcl::Metric& metric : snapshot.metrics) {
      const bool counts = metric.kind == kcl::Metric::Kind::counter;
      if (counts) totals[metric.name] += metric.value;
    }
    const std::lock_guard lock(mutex_);
    totals_ = std::move(totals);
  }

  double of(const std::string& name) const {
    const std::lock_guard lock(mutex_);
    const auto found = totals_.find(name);
    return found == totals_.end() ? 0 : found->second;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, double> totals_;
};

}  // namespace

int main() {
  kcl::testing::EmbeddedStream orders({.name = "orders", .shards = 2});
  for (int i = 0; i < 100; ++i) orders.put("customer-" + std::to_string(i), "a pear").value();

  const auto totals = std::make_shared<Totals>();
  kcl::WorkerConfig config{.stream = "orders", .initial_position = kcl::InitialPosition::trim_horizon()};
  config.kinesis = orders.kinesis();
  config.metrics = totals;
  config.stop_when_caught_up = true;
  const int code = kcl::consume(config, [](const kcl::Record&) {});
  std::cout << "records: " << totals->of("kclpp_records_processed_total") << '\n';
  std::cout << "bytes of data: " << totals->of("kclpp_data_bytes_processed_total") << '\n';
  std::cout << "dead letters: " << totals->of("kclpp_dead_letters_total") << '\n';
  return code;
}
