#include "simulation/world.h"

#include <stdexcept>

namespace kcl::simulation {

namespace {

// More than any fleet does within one nanosecond.
constexpr std::size_t kMostStepsAtOnce = 2'000'000;

// Of one run: who breaks a promise breaks it again and again.
constexpr std::size_t kMostViolations = 200;

}  // namespace

void World::run_for(base::Duration duration) {
  const base::BootTime until = now() + duration;
  base::BootTime last = now();
  std::size_t steps = 0;
  while (loop.step(until)) {
    steps = now() == last ? steps + 1 : 0;
    last = now();
    if (steps > kMostStepsAtOnce) throw std::runtime_error("C9: steps without end while time stands still");
  }
  loop.run_until(until);
}

/// Seconds since the run began.
std::string World::stamp() const {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(now().time_since_epoch()).count();
  const std::string fraction = std::to_string(1'000 + ms % 1'000).substr(1);
  return std::to_string(ms / 1'000) + '.' + fraction + ' ';
}

void World::add_line(const std::string& line) {
  std::string text = stamp() + line;
  for (const char c : text) hash_ = (hash_ ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  if (tracing_ == Tracing::keep) lines_.push_back(std::move(text));
}

void World::violation(std::string what) {
  trace("VIOLATION ", what);
  if (violations_.size() < kMostViolations) violations_.push_back("at " + stamp() + "s: " + std::move(what));
}

}  // namespace kcl::simulation
