#include "simulation/run.h"

#include <algorithm>
#include <list>

#include "simulation/disturbances.h"
#include "simulation/fleet.h"

namespace kcl::simulation {

using base::Duration;
using namespace std::chrono_literals;

namespace {

// What the fleet has to come back within: the longest back-offs, a holder's patience for a claim, and time to read.
constexpr Duration kDrizzleBound = 15min;
constexpr Duration kPeaceBound = 10min;

// What a worker has after a pause until it must know how it stands: any call to the service, twice.
constexpr Duration kAwake = 90s;

// Of calm in which nothing may move any more.
constexpr Duration kQuiet = 3min;

FleetOptions fleet_options(const Scenario& scenario) {
  return {
      .streams = scenario.streams,
      .shards = scenario.shards,
      .failover = scenario.failover,
      .format = scenario.vmware_go ? LeaseFormat::vmware_go : LeaseFormat::kcl,
      .max_leases = scenario.lease_cap == 0 ? SIZE_MAX : scenario.lease_cap,
      .retention = std::chrono::duration_cast<std::chrono::milliseconds>(scenario.retention),
      .shards_on_page = scenario.shards_on_page,
      .records_at_end = scenario.records_at_end,
      .rows_on_page = scenario.rows_on_page,
      .rows_by_hash = scenario.rows_by_hash,
      .keep_ended = scenario.keep_ended,
      .stream_lifetime = std::chrono::duration_cast<std::chrono::milliseconds>(scenario.faults.kinesis.stream_lifetime),
      .aggregates = scenario.aggregates,
      .damaged_aggregates = scenario.damaged_aggregates};
}

/// A twentieth of every rate: what a fleet has to live with for ever.
Faults drizzle(Faults faults) {
  for (double* rate :
       {&faults.store.lose_request, &faults.store.lose_answer, &faults.store.land_late, &faults.store.throttle,
        &faults.kinesis.unavailable, &faults.kinesis.throttle, &faults.kinesis.lose_answer,
        &faults.kinesis.expire_iterator, &faults.kinesis.not_found, &faults.kinesis.break_stream,
        &faults.kinesis.forget_children, &faults.kinesis.forget_some_children, &faults.kinesis.list_late,
        &faults.kinesis.list_without_newest, &faults.processor.throws, &faults.processor.throws_elsewhere,
        &faults.processor.stalls, &faults.processor.retries_later, &faults.processor.starts_over}) {
    *rate /= 20;
  }
  return faults;
}

class Run {
 public:
  explicit Run(const RunOptions& options)
      : options_(options),
        world_(options.seed, options.tracing),
        fleet_(world_, fleet_options(options.scenario)),
        disturbances_(fleet_, options_.scenario,
                      [this](Disturbance disturbance, Duration lasts) { await_recovery(disturbance, lasts); }) {}

  RunReport report() {
    try {
      trouble();
      live_in_drizzle();
      come_back_in_peace();
      shut_down();
    } catch (const std::exception& failure) {
      world_.violation(failure.what());
    }
    RunReport report;
    report.violations = world_.violations();
    report.hash = world_.random.next() ^ world_.trace_hash();
    report.trace = world_.trace_lines();
    report.virtual_time = world_.now().time_since_epoch();
    report.recoveries = std::move(recoveries_);
    report.records = fleet_.journal().records_put();
    report.repeated = fleet_.journal().repeated();
    report.moves = fleet_.journal().moves();
    return report;
  }

 private:
  /// Java's and Go's workers steal by their own rules: who has how much is theirs to say.
  bool mixed() const { return options_.scenario.java_workers + options_.scenario.go_workers > 0; }
  bool settled() { return mixed() ? fleet_.all_owned() : fleet_.balanced(); }

  struct Waiting {
    Disturbance disturbance = Disturbance::crash;
    base::BootTime ends{};
    Timestamp ends_at{};
  };

  void trouble() {
    const Scenario& scenario = options_.scenario;
    fleet_.faults() = scenario.faults;
    disturbances_.start_fleet();
    fleet_.produce(scenario.put_every, scenario.most_per_put);
    look_again();
    const auto until = world_.now() + options_.trouble;
    while (world_.now() < until) {
      world_.run_for(world_.random.between(scenario.shortest_gap, scenario.longest_gap));
      disturbances_.disturb();
    }
  }

  /// Faults recur for ever at a low rate, records go on coming: all that was put before must be done in time.
  void live_in_drizzle() {
    world_.trace("-- the trouble ends");
    disturbances_.calm();
    fleet_.faults() = drizzle(options_.scenario.faults);
    // Whoever was on the way to replace others arrives.
    world_.run_for(1min);
    const Timestamp then = world_.server_time();
    const Duration bound = kDrizzleBound + time_of_the_program();
    if (!fleet_.run_until([&] { return fleet_.journal().done_before(then); }, bound))
      world_.violation("C9 with few faults left, the fleet does not catch up" + state_of_the_fleet());
  }

  /// After an hour of trouble a slow program may have much before it, all in one shard.
  Duration time_of_the_program() {
    return options_.scenario.faults.processor.longest * (fleet_.journal().undone() / kRecordsAtOnce + 1);
  }

  void come_back_in_peace() {
    world_.trace("-- faults end");
    fleet_.stop_producing();
    fleet_.faults() = Faults{};
    const Duration bound = kPeaceBound + time_of_the_program();
    if (!fleet_.run_until([&] { return fleet_.drained() && settled(); }, bound))
      world_.violation("C9 the fleet does not come back" + state_of_the_fleet());
    fleet_.journal().check_complete();
    if (mixed()) return;
    // Claims that crossed on their way may still be granted.
    world_.run_for(4 * options_.scenario.failover);
    const std::size_t moves = fleet_.journal().moves();
    world_.run_for(kQuiet);
    if (fleet_.journal().moves() != moves) {
      world_.violation("churn: " + std::to_string(fleet_.journal().moves() - moves) +
                       " moves in a balanced fleet in peace" + state_of_the_fleet());
    }
  }

  void shut_down() {
    std::vector<std::string> names;
    for (const auto& [name, worker] : fleet_.workers()) names.push_back(name);
    for (const std::string& name : names) {
      const auto result = fleet_.shut_down(name, 30s);
      checks::shutdown_was_prompt(fleet_.journal().truth(), name, result.failure.empty() && result.unfinished.empty());
    }
    for (const auto& [id, shard] : fleet_.journal().truth().shards) {
      if (!mixed() && shard.row && shard.row->owner)
        world_.violation("C10 " + id + ": still owned by " + *shard.row->owner + " after everybody's orderly exit");
    }
  }

  /// Looks at the fleet from time to time: what its workers say of themselves, and who has recovered from what.
  void look_again() {
    for (const auto& [name, worker] : fleet_.workers()) {
      // A call that a pause interrupted has its time, too, before anyone is to say what is wrong.
      if (worker->loop.awake_for() < kAwake) continue;
      for (const ShardStatus& status : fleet_.shards_of(*worker)) {
        checks::status_is_honest(fleet_.journal().truth(), name, status, worker->loop.wall());
        checks::waiting_lease_is_kept(fleet_.journal().truth(), name, status);
      }
    }
    std::erase_if(waiting_, [this](const Waiting& waiting) {
      if (world_.now() < waiting.ends || !fleet_.journal().done_before(waiting.ends_at)) return false;
      recoveries_.push_back({.disturbance = waiting.disturbance, .took = world_.now() - waiting.ends});
      return true;
    });
    world_.after(2s, [this] { look_again(); });
  }

  void await_recovery(Disturbance disturbance, Duration lasts) {
    const auto lasts_ms = std::chrono::duration_cast<std::chrono::milliseconds>(lasts);
    waiting_.push_back(
        {.disturbance = disturbance, .ends = world_.now() + lasts, .ends_at = world_.server_time() + lasts_ms});
  }

  std::string state_of_the_fleet() {
    std::string text = ": " + std::to_string(fleet_.journal().undone()) + " undone; leases";
    for (const auto& [id, load] : fleet_.loads()) text += ' ' + id + '=' + std::to_string(load);
    for (auto& [id, shard] : fleet_.journal().truth().shards) {
      const std::size_t next = fleet_.journal().truth().settled(shard);
      const bool open = shard.children.empty();
      if (next == shard.records.size() && (shard.row ? shard.row->owner.has_value() || !open : !open)) continue;
      text += "\n    " + id + (open ? "" : " (closed)") + ": " + std::to_string(shard.records.size() - next) +
              " to come; row " +
              (shard.row ? "of " + shard.row->owner.value_or("nobody") + " at " + shard.row->checkpoint.text() : "-");
    }
    for (const auto& [name, worker] : fleet_.workers()) {
      text += "\n    " + name;
      for (const ShardStatus& status : fleet_.shards_of(*worker)) {
        if (status.state == ShardState::idle && status.last_error.empty()) continue;
        text += "\n      " + status.shard_id + ' ' + std::string(name_of(status.state)) + ", waits for " +
                status.waiting_for + "; " + status.last_error;
      }
    }
    return text;
  }

  RunOptions options_;
  World world_;
  Fleet fleet_;
  std::list<Waiting> waiting_;
  std::vector<Recovery> recoveries_;
  Disturbances disturbances_;
};

}  // namespace

RunReport run_scenario(const RunOptions& options) { return Run(options).report(); }

}  // namespace kcl::simulation
