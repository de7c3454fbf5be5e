#include "worker/call_meter.h"

#include <utility>

namespace kcl::worker {

CallMeter::CallMeter(metrics::Registry& registry, std::string service, std::string operation) {
  const auto labels = [&](const char* outcome) {
    return metrics::Labels{{"service", service}, {"operation", operation}, {"outcome", outcome}};
  };
  const std::string help = "Calls of the Kinesis client and of the lease store.";
  succeeded_ = registry.counter("kclpp_calls_total", help, labels("success"));
  failed_ = registry.counter("kclpp_calls_total", help, labels("failure"));
  seconds_ =
      registry.histogram("kclpp_call_seconds", "How long calls of the Kinesis client and of the lease store take.",
                         {{"service", service}, {"operation", operation}}, metrics::duration_bounds());
}

void CallMeter::count(const ports::Timing& timing, bool succeeded) {
  (succeeded ? *succeeded_ : *failed_).add();
  seconds_->observe(std::chrono::duration<double>(timing.received - timing.sent).count());
}

}  // namespace kcl::worker
