// What one run is about: the fleet, the stream, every fault's rate, and which disturbances come how often. Drawn from a
// seed, or read from a file (scenarios/all.scenario explains every key).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include <kcl/result.h>

#include "base/random.h"
#include "simulation/faults.h"

namespace kcl::simulation {

/// What the environment does to a fleet from time to time.
enum class Disturbance : std::uint8_t {
  crash,              ///< kill -9; a new worker starts
  restart,            ///< kill -9; the same worker id starts again at once
  twin,               ///< a second process with the id of a live one
  crash_all,          ///< everybody, and later somebody else
  join,               ///< one worker more
  shut_down,          ///< in order, with a deadline; a new worker starts
  pause,              ///< shorter or longer than the failover time
  suspend,            ///< a pause without a network
  cut_store,          ///< one worker from the lease table
  cut_kinesis,        ///< one worker from the stream
  store_outage,       ///< everybody from the lease table
  slow_store,         ///< answers come late
  throttle_one_call,  ///< of the table or of the stream
  split,
  merge,
  cascade,           ///< several splits and merges within seconds
  operator_release,  ///< of a live row
  operator_rewind,   ///< of a live row
  operator_note,     ///< an attribute that nobody knows
  operator_delete,   ///< of a live row
};
inline constexpr std::size_t kDisturbances = 20;

std::string_view name_of(Disturbance disturbance);

struct Scenario {
  enum class Start : std::uint8_t { trim_horizon, latest, mixed };

  std::size_t workers = 3;
  /// Java KCL 2.x workers among them.
  std::size_t java_workers = 0;
  /// The lease table has the rows of vmware-go-kcl.
  bool vmware_go = false;
  /// Such workers among them.
  std::size_t go_workers = 0;
  /// Side by side, on one lease table. Each has its share of the shards.
  std::size_t streams = 1;
  std::size_t shards = 4;
  /// Open at once.
  std::size_t most_shards = 12;
  base::Duration failover = std::chrono::seconds(10);
  /// The share of workers that read by enhanced fan-out.
  double fan_out = 0;
  /// Batches that the programs of some workers have in their hands at once, at most.
  std::size_t outstanding = 1;
  /// Some workers have half of it, some twice as much.
  bool failover_differs = false;
  Start start = Start::trim_horizon;
  /// Leases of one worker; 0: as many as there are.
  std::size_t lease_cap = 0;
  base::Duration retention = std::chrono::hours(24);
  base::Duration keep_ended = std::chrono::hours(1);
  std::size_t shards_on_page = 1'000;
  /// The answer that ends a shard may bring its last records.
  bool records_at_end = false;
  std::size_t rows_on_page = 1'000;
  /// Scans give the rows in no order of their keys.
  bool rows_by_hash = false;
  base::Duration put_every = std::chrono::milliseconds(300);
  std::size_t most_per_put = 8;
  /// Shares of puts that are KPL aggregates, and of those that are damaged.
  double aggregates = 0;
  double damaged_aggregates = 0;
  /// Clocks run at most this much too fast or too slow. The fleet is made for a whole percent.
  double clock_rate_error = 0.005;
  base::Duration wall_clock_error = std::chrono::hours(1);
  Faults faults;
  /// Between two disturbances.
  base::Duration shortest_gap = std::chrono::seconds(5);
  base::Duration longest_gap = std::chrono::seconds(30);
  /// How often each comes, beside the others.
  std::array<std::uint64_t, kDisturbances> weights{};

  std::uint64_t& weight(Disturbance disturbance) { return weights[static_cast<std::size_t>(disturbance)]; }
};

/// Most are small and nasty, some are big. The same seed gives the same scenario.
Scenario draw_scenario(std::uint64_t seed);

/// Lines of `key = value`, `#` begins a comment; what is not named is as in Scenario. The error names the line and what
/// would be right.
Result<Scenario, std::string> parse_scenario(std::string_view text);
/// A text that parse_scenario takes back.
std::string to_text(const Scenario& scenario);

}  // namespace kcl::simulation
