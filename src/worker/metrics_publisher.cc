#include "worker/metrics_publisher.h"

#include <utility>

namespace kcl::worker {

MetricsPublisher::MetricsPublisher(Threads& threads, InFlight& in_flight, metrics::Registry& registry,
                                   std::shared_ptr<MetricsSink> sink, base::Duration interval,
                                   std::function<void()> update, sinks::CloudWatchSender* cloudwatch)
    : threads_(threads),
      in_flight_(in_flight),
      registry_(registry),
      sink_(std::move(sink)),
      interval_(interval),
      update_(std::move(update)),
      cloudwatch_(cloudwatch),
      failures_(registry.counter("kclpp_metrics_failures_total", "Snapshots that the metrics sink threw at.")),
      timer_(threads.loop, [this] { tick(); }) {
  if (sink_ || cloudwatch_ != nullptr) timer_.arm(threads_.loop.now() + interval_);
}

void MetricsPublisher::tick() {
  timer_.arm(threads_.loop.now() + interval_);
  publish();
}

void MetricsPublisher::publish() {
  const bool to_sink = sink_ && !busy_->exchange(true);
  if (!to_sink && cloudwatch_ == nullptr) return;
  update_();
  const Timestamp now = threads_.loop.wall();
  if (cloudwatch_ != nullptr) cloudwatch_->publish(registry_.take_readings(now), now);
  if (!to_sink) return;
  auto snapshot = std::make_shared<const MetricsSnapshot>(registry_.snapshot(now));
  threads_.kinesis_calls.submit(
      [token = in_flight_.enter(), sink = sink_, busy = busy_, failures = failures_, snapshot = std::move(snapshot)] {
        try {
          sink->publish(*snapshot);
        } catch (...) {
          // Against its contract; the next snapshot has these numbers again.
          failures->add();
        }
        busy->store(false);
      });
}

}  // namespace kcl::worker
