// How often each operation of a plugged-in client or store was called, how that ended, and how long it took.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "metrics/registry.h"
#include "ports/answer.h"

namespace kcl::worker {

class CallMeter {
 public:
  CallMeter(metrics::Registry& registry, std::string service, std::string operation);

  void count(const ports::Timing& timing, bool succeeded);

 private:
  std::shared_ptr<metrics::Counter> succeeded_;
  std::shared_ptr<metrics::Counter> failed_;
  std::shared_ptr<metrics::Histogram> seconds_;
};

}  // namespace kcl::worker
