// What the coordination of a fleet takes, in virtual time: the engine of production on a simulated table and stream
// with production's defaults. Seconds of the protocol, not of this machine. See scripts/bench.
#include <cstdio>
#include <string>

#include "simulation/fleet.h"

namespace {

using namespace std::chrono_literals;
using namespace kcl;
using simulation::Fleet;
using simulation::FleetOptions;
using simulation::World;

constexpr std::size_t kWorkers = 10;

/// Between two measurements: every lease has been renewed several times.
constexpr base::Duration kRest = 20s;

FleetOptions production(std::size_t shards) {
  return {.shards = shards, .sync_interval = 60s, .checkpoint_interval = 10s};
}

std::string worker(std::size_t number) { return "worker-" + std::to_string(number); }

double seconds(base::Duration time) { return std::chrono::duration<double>(time).count(); }

/// Virtual time until `done`, looked at ten times a second; at most ten minutes, and then a failure of the bench.
template <class Done>
double until(Fleet& fleet, Done done) {
  const auto begin = fleet.world().now();
  if (!fleet.run_until(done, 10min)) {
    std::fprintf(stderr, "bench coordination: the fleet did not come to rest within ten minutes\n");
    std::exit(1);
  }
  return seconds(fleet.world().now() - begin);
}

std::size_t owned_by_the_living(Fleet& fleet) {
  std::size_t owned = 0;
  const auto loads = fleet.loads();
  for (const auto& [name, process] : fleet.workers()) owned += loads.at(process->spec.id);
  return owned;
}

void say(const char* what, double value, const char* target) {
  std::printf("  %-46s %8.1f   %s\n", what, value, target);
}

void measure_moves(std::size_t leases) {
  World world(1, simulation::Tracing::off);
  Fleet fleet(world, production(leases));
  const auto all_owned = [&] { return owned_by_the_living(fleet) == leases; };
  for (std::size_t i = 0; i < kWorkers; ++i) fleet.start_worker(worker(i));
  std::printf("%zu leases, %zu workers, failover 10 s; seconds of virtual time:\n", leases, kWorkers);
  const double cold = until(fleet, all_owned);
  say("cold start: all leases owned", cold, "target 5");
  say("cold start: balanced", cold + until(fleet, [&] { return fleet.balanced(); }), "");
  fleet.run_for(kRest);
  fleet.start_worker(worker(kWorkers));
  say("a worker joins: balanced", until(fleet, [&] { return fleet.balanced(); }), "target 15");
  fleet.run_for(kRest);
  // shut_down() runs until the worker has ended: its own drain counts, too.
  const auto leaves = world.now();
  fleet.shut_down(worker(3));
  until(fleet, all_owned);
  say("a worker is shut down: all owned again", seconds(world.now() - leaves), "target 2");
  fleet.run_for(kRest);
  fleet.crash(worker(5));
  say("a worker crashes: all owned again", until(fleet, all_owned), "target 13");
}

/// Per lease and hour, in a fleet at rest.
void measure_use(const char* name, std::size_t leases, base::Duration produce, base::Duration checkpoint) {
  World world(2, simulation::Tracing::off);
  FleetOptions options = production(leases);
  options.checkpoint_interval = checkpoint;
  Fleet fleet(world, options);
  for (std::size_t i = 0; i < kWorkers; ++i) fleet.start_worker(worker(i));
  until(fleet, [&] { return fleet.balanced(); });
  if (produce > 0s) fleet.produce(produce, 2 * leases);
  fleet.run_for(kRest);
  const auto before = fleet.store().use();
  const auto moves = fleet.journal().moves();
  constexpr auto kMeasured = 5min;
  fleet.run_for(kMeasured);
  const auto& after = fleet.store().use();
  const double hours = seconds(kMeasured) / 3600;
  const double lease_hours = hours * static_cast<double>(leases);
  std::printf("  %-28s %10.0f %12.0f %10.1f %12.1f %10.0f\n", name,
              static_cast<double>(after.writes - before.writes) / lease_hours,
              (after.write_units - before.write_units) / lease_hours,
              static_cast<double>(after.reads - before.reads) / lease_hours,
              (after.read_units - before.read_units) / lease_hours,
              static_cast<double>(fleet.journal().moves() - moves) / hours);
}

// From the peers' own sources and defaults, by the formulas that stand beside the numbers. Nothing here was run.
void say_what_peers_need(std::size_t leases) {
  const auto share = static_cast<double>(leases) / (kWorkers + 1);
  std::printf(
      "\nPeers by their own defaults, computed from their sources and not run:\n"
      "  Java KCL 2.x   failover 20 to 40 s, also after a clean exit (takers scan every 2 (F + 25 ms) and leases are "
      "not\n"
      "                 released); a worker that joins %zu leases on %zu workers steals one lease in 20.05 s: balanced "
      "after\n"
      "                 %.0f s; renewals 3600 s / 3.308 s = 1,088 writes a lease and hour, checkpoints come on top;\n"
      "                 a cold start waits 1 to 30 s at random, and 60 s more after the first sync.\n"
      "  Java KCL 3.x   failover 20 to 40 s + 10 s of discovery (+ 120 to 150 s if it was the leader); rebalances "
      "every\n"
      "                 60 s, 60 %% of the gap at a time; writes as 2.x, and a metrics row a worker every 30 s.\n"
      "  vmware-go      failover 10 to 70 s (lease time, and a look every 60 s), also after a clean exit up to 60 s; "
      "without\n"
      "                 stealing, its default, a worker that joins gets nothing until leases fall free; renewals "
      "every\n"
      "                 2.5 s = 1,440 consistent reads and 1,440 writes a lease and hour, checkpoints come on top.\n",
      leases, kWorkers, share * 20.05);
}

}  // namespace

int main() {
  constexpr std::size_t kLeases = 1'000;
  measure_moves(kLeases);
  std::printf(
      "\nLease table at rest, 200 leases, %zu workers; per lease and hour (a unit is DynamoDB's; moves per hour):\n",
      kWorkers);
  std::printf("  %-28s %10s %12s %10s %12s %10s\n", "", "writes", "write units", "reads", "read units", "moves");
  measure_use("idle", 200, 0s, 10s);
  measure_use("busy, checkpoint every 10 s", 200, 1s, 10s);
  measure_use("busy, checkpoint every 1 s", 200, 1s, 1s);
  std::printf("  idle renewals: 3600 s / (0.3 to 0.333 F) = 1,080 to 1,200; target: at most 1.1 x 1,080 = 1,188\n");
  say_what_peers_need(kLeases);
  return 0;
}
