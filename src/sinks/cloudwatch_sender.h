// Sends a worker's metrics to Amazon CloudWatch, from a strand of its own: encoding, compressing, signing and waiting
// happen there, and nobody waits for them.
//
// What cannot be sent waits: throttled, not reached, not permitted, or the service says that it broke. Where nobody
// knows whether a request was carried out it is sent again, three times in all at most, since its counts may be there
// twice then. What the service refuses, and the oldest of what waits beyond max_backlog, is dropped and counted.
#pragma once

#include <memory>
#include <vector>

#include <kcl/cloudwatch.h>
#include <kcl/timestamp.h>

#include "aws/access.h"
#include "base/blocking_pool.h"
#include "base/event_log.h"
#include "base/event_loop.h"
#include "metrics/registry.h"

namespace kcl::sinks {

class CloudWatchSender {
 public:
  struct Meters {
    explicit Meters(metrics::Registry& registry);

    std::shared_ptr<metrics::Counter> sent;
    std::shared_ptr<metrics::Counter> dropped;
    std::shared_ptr<metrics::Counter> failures;
  };
  /// Precondition: wire::is_metric_namespace(options.metric_namespace). `log` is told, from the sender's strand, when
  /// sending begins to fail and when it succeeds again. Throws std::exception when threads cannot be started.
  CloudWatchSender(const aws::Access& access, aws::Endpoint endpoint, CloudWatch options, Meters meters,
                   base::EventLog log);
  CloudWatchSender(const CloudWatchSender&) = delete;
  CloudWatchSender& operator=(const CloudWatchSender&) = delete;
  /// Sends what is left, for options.last_send at most; what is still left counts as dropped.
  ~CloudWatchSender();

  /// Any thread. Never waits.
  void publish(std::vector<metrics::Reading> readings, Timestamp time);

 private:
  struct Strand;

  base::EventLoop loop_;
  // The provider of credentials is asked by one call at a time.
  base::BlockingPool pool_{1};
  std::unique_ptr<Strand> strand_;
};

}  // namespace kcl::sinks
