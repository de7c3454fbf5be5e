// How a worker's processors are plugged in: those of a program (user_processor.h), which run on threads, and those that
// live on the strand themselves, as the MultiLang daemon's do.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <kcl/on_error.h>
#include <kcl/worker.h>

#include "base/event_log.h"
#include "base/task_scope.h"
#include "metrics/registry.h"
#include "ports/processor.h"
#include "worker/config_check.h"
#include "worker/in_flight.h"
#include "worker/runtime.h"

namespace kcl::worker {

/// What the processors of one worker share. Outlives them and their callbacks.
struct ProcessorHost {
  Threads& threads;
  InFlight& in_flight;
  metrics::Registry& registry;
  std::string application;
  std::string worker_id;
  std::function<void()> stop_worker;
  /// What was acknowledged of a batch that failed may be checkpointed.
  bool checkpoint_automatically = true;
  base::Duration failover = std::chrono::seconds(10);
  /// Only asked under OnError::bisect.
  std::shared_ptr<DeadLetterSink> dead_letters;
  base::TaskScope::OnFailure on_failure;
};

/// Lives on the strand.
class HostedProcessors : public ports::ProcessorFactory {
 public:
  /// The worker begins to stop.
  virtual void request_stop() = 0;
};

/// Called on the strand when the worker starts.
using MakeProcessors = std::function<std::unique_ptr<HostedProcessors>(ProcessorHost host, base::EventLog log)>;

/// A worker of such processors. Throws ConfigError.
std::unique_ptr<Worker> make_worker(WorkerConfig config, MakeProcessors processors, ConfigUse use);

}  // namespace kcl::worker
