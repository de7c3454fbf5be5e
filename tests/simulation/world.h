// The one virtual time of a simulation, and what the environment (not a worker) does in it.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "base/scheduled_actions.h"
#include "base/virtual_loop.h"

namespace kcl::simulation {

inline constexpr Timestamp kWorldStart{std::chrono::milliseconds(1'800'000'000'000)};

/// Building lines that nobody reads costs more than the rest of a run.
enum class Tracing : std::uint8_t {
  off,   ///< nothing is built
  hash,  ///< lines are built for the hash that tells whether two runs were the same
  keep   ///< and kept for a person to read
};

class World {
 public:
  explicit World(std::uint64_t seed, Tracing tracing = Tracing::keep)
      : random(seed), loop(kWorldStart), tracing_(tracing) {}

  base::Random random;
  base::VirtualLoop loop;

  base::BootTime now() const { return loop.now(); }
  /// The service's and the store's clock.
  Timestamp server_time() const { return loop.wall(); }
  void after(base::Duration delay, std::function<void()> action) {
    scheduled_.at(loop, loop.now() + delay, std::move(action));
  }
  bool chance(double probability) { return probability > 0 && random.chance(probability); }

  /// Runs what is due. Throws when virtual time stands still while steps go on without end (C9).
  void run_for(base::Duration duration);

  bool tracing() const noexcept { return tracing_ != Tracing::off; }
  /// One line of texts and whole numbers, with the time before it.
  template <class... Parts>
  void trace(const Parts&... parts) {
    if (!tracing()) return;
    std::string line;
    (append(line, parts), ...);
    add_line(line);
  }
  std::uint64_t trace_hash() const noexcept { return hash_; }
  const std::vector<std::string>& trace_lines() const noexcept { return lines_; }

  /// A checker's finding. The run goes on, so that what follows from it shows too.
  void violation(std::string what);
  const std::vector<std::string>& violations() const noexcept { return violations_; }

 private:
  static void append(std::string& line, std::string_view text) { line += text; }
  static void append(std::string& line, std::integral auto number) { line += std::to_string(number); }
  std::string stamp() const;
  void add_line(const std::string& line);

  base::ScheduledActions scheduled_;
  Tracing tracing_;
  std::uint64_t hash_ = 0xcbf29ce484222325U;
  std::vector<std::string> lines_;
  std::vector<std::string> violations_;
};

}  // namespace kcl::simulation
