// Serves what a worker says of itself, over HTTP: WorkerConfig::listen.
//
//   GET /metrics   for Prometheus
//   GET /livez     200 as long as the worker's event loop goes round: never about AWS, nor about a record that fails
//   GET /readyz    200 once the worker runs: the lease table was seen and the first leases are planned
//   GET /status    one JSON object
//   GET /          a page for people
//
// On a strand of its own, so that it answers when the worker's hangs: with 503 then. Any thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <kcl/prometheus.h>
#include <kcl/worker.h>

#include "metrics/registry.h"
#include "server/listen_address.h"
#include "worker/status_page.h"

namespace kcl::worker {

class Monitor {
 public:
  struct Seen {
    WorkerStatus status;
    std::vector<metrics::Reading> metrics;
  };
  /// Asks the worker, and calls back with what it says, from any thread, later; never, if it is gone.
  using Ask = std::function<void(std::function<void(Seen)>)>;

  /// Listens at once. Throws std::system_error or std::invalid_argument.
  Monitor(const server::ListenAddress& address, Identity identity, const Prometheus& prometheus, Ask ask);
  Monitor(const Monitor&) = delete;
  Monitor& operator=(const Monitor&) = delete;
  ~Monitor();

  std::string url() const;

 private:
  class Pages;
  std::unique_ptr<Pages> pages_;
};

}  // namespace kcl::worker
