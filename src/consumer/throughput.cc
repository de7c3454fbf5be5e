#include "consumer/throughput.h"

#include <cmath>

namespace kcl::consumer {

namespace {

constexpr double kMemorySeconds = 30;

}  // namespace

std::optional<double> Throughput::measure(base::BootTime now) {
  const double seconds = std::chrono::duration<double>(now - measured_).count();
  if (seconds < 1) return average_;
  const double rate = static_cast<double>(bytes_) / 1'024 / seconds;
  const double weight = 1 - std::exp(-seconds / kMemorySeconds);
  average_ = average_ ? *average_ + weight * (rate - *average_) : rate;
  measured_ = now;
  bytes_ = 0;
  return average_;
}

}  // namespace kcl::consumer
