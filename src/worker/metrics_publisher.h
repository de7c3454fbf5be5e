// Hands a snapshot of every instrument to the program's MetricsSink, at the configured interval, on a thread made for
// blocking calls. While the sink is busy snapshots are skipped. Hands readings to CloudWatch's sender, which keeps
// nobody waiting. Lives on the strand.
#pragma once

#include <atomic>
#include <functional>
#include <memory>

#include <kcl/metrics_sink.h>

#include "base/loop.h"
#include "metrics/registry.h"
#include "sinks/cloudwatch_sender.h"
#include "worker/in_flight.h"
#include "worker/runtime.h"

namespace kcl::worker {

class MetricsPublisher {
 public:
  /// `update` brings the gauges up to date before each snapshot. `sink` and `cloudwatch` may be null; the latter
  /// outlives this.
  MetricsPublisher(Threads& threads, InFlight& in_flight, metrics::Registry& registry,
                   std::shared_ptr<MetricsSink> sink, base::Duration interval, std::function<void()> update,
                   sinks::CloudWatchSender* cloudwatch = nullptr);
  MetricsPublisher(const MetricsPublisher&) = delete;
  MetricsPublisher& operator=(const MetricsPublisher&) = delete;

  /// Publishes now, out of turn.
  void publish();

 private:
  void tick();

  Threads& threads_;
  InFlight& in_flight_;
  metrics::Registry& registry_;
  std::shared_ptr<MetricsSink> sink_;
  base::Duration interval_;
  std::function<void()> update_;
  sinks::CloudWatchSender* cloudwatch_;
  std::shared_ptr<metrics::Counter> failures_;
  std::shared_ptr<std::atomic<bool>> busy_ = std::make_shared<std::atomic<bool>>(false);
  base::Timer timer_;
};

}  // namespace kcl::worker
