#include "simulation/disturbances.h"

#include <algorithm>
#include <numeric>

#include "leases/kcl_row.h"
#include "leases/vmware_go_row.h"

namespace kcl::simulation {

using base::Duration;
using namespace std::chrono_literals;

namespace {

const Writer kOperator{.kind = Writer::Kind::person, .process = "an operator"};

}  // namespace

Disturbances::Disturbances(Fleet& fleet, const Scenario& scenario, OnDisturbance on_disturbance)
    : fleet_(fleet), world_(fleet.world()), scenario_(scenario), on_disturbance_(std::move(on_disturbance)) {}

void Disturbances::start_fleet() {
  for (std::size_t i = 0; i < scenario_.workers; ++i) start_worker();
  while (fleet_.java_workers().size() < scenario_.java_workers) start_java_worker();
  while (fleet_.go_workers().size() < scenario_.go_workers) start_go_worker();
}

/// Go's leases are as good as its clocks: a tenth of the failover time is what NTP keeps to with ease.
void Disturbances::start_go_worker() {
  auto& random = world_.random;
  WorkerLoop::Clock clock;
  clock.rate = 1 + (2 * random.unit() - 1) * scenario_.clock_rate_error / 100;
  const Duration skew = scenario_.failover / 10;
  clock.wall_error = std::chrono::duration_cast<std::chrono::milliseconds>(random.between(0s, 2 * skew) - skew);
  fleet_.start_go_worker("go" + std::to_string(++go_started_), clock, random.below(4) != 0);
}

/// A Go worker crashes and is replaced, is paused and comes back as a zombie, or loses the table for a while.
Duration Disturbances::disturb_go() {
  auto it = fleet_.go_workers().begin();
  std::advance(it, world_.random.below(fleet_.go_workers().size()));
  const std::string name = it->first;
  const Duration lasts = world_.random.between(1s, 3 * scenario_.failover);
  switch (world_.random.below(3)) {
    case 0:
      fleet_.crash(name);
      world_.after(lasts, [this] { start_go_worker(); });
      break;
    case 1:
      world_.trace(name, " (Go) is paused");
      it->second->pause(lasts);
      break;
    case 2:
      world_.trace(name, " (Go) is cut off from the store");
      it->second->set_store_reachable(false);
      world_.after(lasts, [this, name] {
        const auto found = fleet_.go_workers().find(name);
        if (found != fleet_.go_workers().end()) found->second->set_store_reachable(true);
      });
  }
  return lasts;
}

void Disturbances::start_java_worker() {
  const double rate = 1 + (2 * world_.random.unit() - 1) * scenario_.clock_rate_error;
  fleet_.start_java_worker("java" + std::to_string(++java_started_), {.rate = rate});
}

/// A Java worker crashes and is replaced, is paused, or loses the table for a while.
Duration Disturbances::disturb_java() {
  auto it = fleet_.java_workers().begin();
  std::advance(it, world_.random.below(fleet_.java_workers().size()));
  const std::string name = it->first;
  const Duration lasts = world_.random.between(1s, 3 * scenario_.failover);
  switch (world_.random.below(3)) {
    case 0:
      fleet_.crash(name);
      world_.after(lasts, [this] { start_java_worker(); });
      break;
    case 1:
      world_.trace(name, " (Java) is paused");
      it->second->pause(lasts);
      break;
    case 2:
      world_.trace(name, " (Java) is cut off from the store");
      it->second->set_store_reachable(false);
      world_.after(lasts, [this, name] {
        const auto found = fleet_.java_workers().find(name);
        if (found != fleet_.java_workers().end()) found->second->set_store_reachable(true);
      });
  }
  return lasts;
}

std::string Disturbances::start_worker(std::string id) {
  auto& random = world_.random;
  WorkerSpec spec;
  spec.name = "w" + std::to_string(++started_);
  spec.id = std::move(id);
  spec.clock.rate = 1 + (2 * random.unit() - 1) * scenario_.clock_rate_error;
  spec.clock.offset = random.between(0s, 1h);
  spec.clock.wall_error = std::chrono::duration_cast<std::chrono::milliseconds>(
      random.between(0s, 2 * scenario_.wall_clock_error) - scenario_.wall_clock_error);
  spec.style = static_cast<CheckpointStyle>(random.below(3));
  if (scenario_.failover_differs && random.below(2) == 0)
    spec.failover = random.below(2) == 0 ? scenario_.failover / 2 : 2 * scenario_.failover;
  const bool latest =
      scenario_.start == Scenario::Start::latest || (scenario_.start == Scenario::Start::mixed && random.below(2) == 0);
  spec.fan_out = world_.chance(scenario_.fan_out);
  if (scenario_.outstanding > 1 && random.below(2) == 0) {
    spec.outstanding = 2 + random.below(scenario_.outstanding - 1);
    spec.style = CheckpointStyle::by_library;
  }
  spec.initial = latest ? shards::InitialPosition::latest : shards::InitialPosition::trim_horizon;
  return fleet_.start(std::move(spec)).spec.name;
}

SimWorker* Disturbances::any_worker() {
  auto& workers = fleet_.workers();
  if (workers.empty()) return nullptr;
  auto it = workers.begin();
  std::advance(it, world_.random.below(workers.size()));
  return it->second.get();
}

void Disturbances::later(Duration delay, std::function<void()> action) {
  world_.after(delay, [this, era = era_, run = std::move(action)] {
    if (era == era_) run();
  });
}

void Disturbances::later_to(const SimWorker& worker, Duration delay, std::function<void(SimWorker&)> end) {
  later(delay, [this, name = worker.spec.name, run = std::move(end)] {
    const auto found = fleet_.workers().find(name);
    if (found != fleet_.workers().end()) run(*found->second);
  });
}

void Disturbances::disturb() {
  const auto total = std::accumulate(scenario_.weights.begin(), scenario_.weights.end(), std::uint64_t{0});
  if (total == 0) return;
  std::uint64_t drawn = world_.random.below(total);
  std::size_t chosen = 0;
  while (drawn >= scenario_.weights[chosen]) drawn -= scenario_.weights[chosen++];
  const auto disturbance = static_cast<Disturbance>(chosen);
  const Duration lasts = apply(disturbance);
  if (lasts >= Duration::zero()) on_disturbance_(disturbance, lasts);
}

namespace {

/// What apply() says of a disturbance for which there was no occasion.
constexpr Duration kNothingDone{-1};

}  // namespace

Duration Disturbances::apply(Disturbance disturbance) {
  switch (disturbance) {
    case Disturbance::crash:
      return crash(false);
    case Disturbance::restart:
      return crash(true);
    case Disturbance::twin:
      return twin();
    case Disturbance::crash_all:
      return crash_all();
    case Disturbance::join:
      return join();
    case Disturbance::shut_down:
      return shut_down();
    case Disturbance::pause:
      return pause(false);
    case Disturbance::suspend:
      return pause(true);
    case Disturbance::cut_store:
      return cut(true, false);
    case Disturbance::cut_kinesis:
      return cut(false, true);
    case Disturbance::store_outage:
      return store_outage();
    case Disturbance::slow_store:
      return slow_store();
    case Disturbance::throttle_one_call:
      return throttle_one_call();
    case Disturbance::split:
      return reshard(true);
    case Disturbance::merge:
      return reshard(false);
    case Disturbance::cascade:
      return cascade();
    case Disturbance::operator_release:
    case Disturbance::operator_rewind:
    case Disturbance::operator_note:
    case Disturbance::operator_delete:
      break;
  }
  return operate(disturbance);
}

Duration Disturbances::crash(bool same_id) {
  if (!fleet_.java_workers().empty() && world_.random.below(2) == 0) return disturb_java();
  if (!fleet_.go_workers().empty() && world_.random.below(2) == 0) return disturb_go();
  const SimWorker* victim = any_worker();
  if (victim == nullptr) return kNothingDone;
  const std::string id = victim->spec.id;
  fleet_.crash(std::string(victim->spec.name));
  if (same_id) {
    start_worker(id);
    return 0s;
  }
  const Duration down = world_.random.between(0s, 20s);
  world_.after(down, [this] { start_worker(); });
  return down;
}

Duration Disturbances::crash_all() {
  std::vector<std::string> names;
  for (const auto& [name, worker] : fleet_.workers()) names.push_back(name);
  for (const std::string& name : names) fleet_.crash(name);
  const Duration down = world_.random.between(0s, 1min);
  world_.after(down, [this] { start_fleet(); });
  return down;
}

Duration Disturbances::twin() {
  const SimWorker* original = any_worker();
  if (original == nullptr) return kNothingDone;
  const std::string name = start_worker(original->spec.id);
  const Duration lives = world_.random.between(5s, 2min);
  later(lives, [this, name] {
    if (fleet_.workers().contains(name)) fleet_.crash(name);
  });
  return lives;
}

Duration Disturbances::join() {
  if (fleet_.workers().size() >= 2 * scenario_.workers) return kNothingDone;
  const std::string name = start_worker();
  const Duration stays = world_.random.between(10s, 3min);
  later(stays, [this, name] {
    if (fleet_.workers().contains(name)) fleet_.crash(name);
  });
  return stays;
}

Duration Disturbances::shut_down() {
  SimWorker* const worker = any_worker();
  if (worker == nullptr) return kNothingDone;
  const Duration patience = world_.random.between(1s, 40s);
  world_.trace(worker->spec.name, " is shut down");
  worker->engine.request_shutdown(worker->loop.now() + patience);
  // Judged by the worker's own clock, once it runs again if it is paused meanwhile.
  const Duration due = std::max(patience + patience / 50, worker->loop.paused_for() + 1s) + 1s;
  world_.after(due, [this, name = worker->spec.name, pauses = worker->loop.pauses()] {
    const auto found = fleet_.workers().find(name);
    // Who crashed meanwhile was replaced then.
    if (found == fleet_.workers().end()) return;
    const bool undisturbed = found->second->loop.pauses() == pauses;
    if (undisturbed) checks::shutdown_was_prompt(fleet_.journal().truth(), name, found->second->result.has_value());
    world_.trace(name, " has ended");
    fleet_.workers().erase(found);
    start_worker();
  });
  return patience;
}

Duration Disturbances::pause(bool without_network) {
  SimWorker* const worker = any_worker();
  if (worker == nullptr) return kNothingDone;
  const Duration lasts = world_.random.between(scenario_.failover / 10, 3 * scenario_.failover);
  world_.trace(worker->spec.name, without_network ? " is suspended" : " is paused");
  worker->loop.pause(lasts);
  if (without_network) {
    worker->store.set_reachable(false);
    worker->kinesis.set_reachable(false);
    later_to(*worker, lasts, [](SimWorker& woken) {
      woken.store.set_reachable(true);
      woken.kinesis.set_reachable(true);
    });
  }
  return lasts;
}

Duration Disturbances::cut(bool store, bool kinesis) {
  SimWorker* const worker = any_worker();
  if (worker == nullptr) return kNothingDone;
  const Duration lasts = world_.random.between(1s, 3 * scenario_.failover);
  world_.trace(worker->spec.name, " is cut off from the ", store ? "store" : "stream");
  if (store) worker->store.set_reachable(false);
  if (kinesis) worker->kinesis.set_reachable(false);
  later_to(*worker, lasts, [this, store, kinesis](SimWorker& joined) {
    world_.trace(joined.spec.name, " reaches the ", store ? "store" : "stream", " again");
    if (store) joined.store.set_reachable(true);
    if (kinesis) joined.kinesis.set_reachable(true);
  });
  return lasts;
}

Duration Disturbances::store_outage() {
  const Duration lasts = world_.random.between(1s, 2 * scenario_.failover);
  world_.trace("the store is out of reach for all");
  for (const auto& [name, worker] : fleet_.workers()) {
    worker->store.set_reachable(false);
    later_to(*worker, lasts, [](SimWorker& joined) { joined.store.set_reachable(true); });
  }
  return lasts;
}

Duration Disturbances::slow_store() {
  const Duration lasts = world_.random.between(5s, 40s);
  world_.trace("the store answers late");
  fleet_.faults().store.slow_answers = world_.random.between(100ms, scenario_.failover * 3 / 10);
  later(lasts, [this] { fleet_.faults().store.slow_answers = 0s; });
  return lasts;
}

Duration Disturbances::throttle_one_call() {
  const Duration lasts = world_.random.between(2s, 30s);
  auto& faults = fleet_.faults();
  if (world_.random.below(2) == 0) {
    faults.store.throttled_call = static_cast<StoreCall>(world_.random.below(5));
    world_.trace("the store throttles calls of kind ", static_cast<int>(*faults.store.throttled_call));
  } else {
    faults.kinesis.throttled_call = static_cast<KinesisCall>(world_.random.below(kKinesisCalls));
    world_.trace("the stream throttles calls of kind ", static_cast<int>(*faults.kinesis.throttled_call));
  }
  later(lasts, [this] {
    fleet_.faults().store.throttled_call.reset();
    fleet_.faults().kinesis.throttled_call.reset();
  });
  return lasts;
}

Duration Disturbances::reshard(bool split) {
  const auto& truth = fleet_.journal().truth();
  // Not faster than a fleet can follow, or its lag says nothing about it.
  const auto unread = std::ranges::count_if(truth.shards, [&](const auto& named) {
    return named.second.closed && !named.second.ended && !truth.is_forgotten(named.second);
  });
  if (static_cast<std::size_t>(unread) > scenario_.most_shards) return kNothingDone;
  const bool may_split = fleet_.open_shards().size() < scenario_.most_shards;
  const bool done = split ? may_split && fleet_.split_one() : fleet_.merge_one();
  return done ? Duration::zero() : kNothingDone;
}

Duration Disturbances::cascade() {
  const auto times = 2 + world_.random.below(10);
  const Duration within = world_.random.between(0s, 20s);
  for (std::uint64_t i = 0; i < times; ++i)
    later(world_.random.between(0s, within), [this] { reshard(world_.random.below(5) < 3); });
  return within;
}

void Disturbances::append_release(ItemUpdate& update) const {
  if (scenario_.vmware_go) {
    update.actions.push_back(Action::remove(std::string(leases::vmware_go_row::kOwner)));
    return;
  }
  // Whoever changes a row by hand raises the counter, and only that: an unowned row is then taken by age.
  update.actions.push_back(Action::add(std::string(leases::kcl_row::kCounter), Number::of(1)));
  update.actions.push_back(Action::remove(std::string(leases::kcl_row::kOwner)));
}

void Disturbances::append_rewind(const RecordTruth& to, ItemUpdate& update) {
  using namespace leases::kcl_row;
  if (scenario_.vmware_go) {
    update.actions.push_back(Action::set(std::string(leases::vmware_go_row::kCheckpoint), to.position.text()));
  } else if (world_.random.below(2) == 0) {
    update.actions.push_back(Action::set(std::string(kCheckpoint), to.position.text()));
    update.actions.push_back(
        Action::set(std::string(kCheckpointSub), Number::of(static_cast<std::int64_t>(to.position.sub_sequence()))));
  } else {
    update.actions.push_back(Action::set(std::string(kCheckpoint), Position::at_timestamp().text()));
    update.actions.push_back(Action::set(std::string(kAt), Number::of(to.time.time_since_epoch().count())));
  }
}

Duration Disturbances::operate(Disturbance disturbance) {
  auto& shards = fleet_.journal().truth().shards;
  std::vector<std::string> live;
  for (const auto& [id, shard] : shards) {
    if (shard.row && shard.row->owner && !shard.row->ended()) live.push_back(id);
  }
  if (live.empty()) return kNothingDone;
  const std::string key = live[world_.random.below(live.size())];
  const ShardTruth& shard = shards[key];
  if (disturbance == Disturbance::operator_delete) {
    // Who deletes the last row begins a new application, unless somebody who saw the old one lives.
    const auto has_row = [&](const auto& one) { return one.second.stream == shard.stream && one.second.row; };
    if (std::ranges::count_if(shards, has_row) < 2) return kNothingDone;
    world_.trace("an operator deletes ", key);
    fleet_.store().remove(kOperator, key, {});
    return 0s;
  }
  ItemUpdate update;
  update.key = key;
  if (disturbance == Disturbance::operator_note) {
    update.actions.push_back(Action::set("note", "watched since " + to_iso8601(world_.server_time())));
    fleet_.store().update(kOperator, update);
    return 0s;
  }
  append_release(update);
  if (disturbance == Disturbance::operator_rewind) {
    if (!shard.row->checkpoint.is_sequence()) return kNothingDone;
    const std::size_t end = fleet_.journal().truth().index_after(shard, shard.row->checkpoint);
    const std::size_t first = fleet_.journal().truth().first_wanted(shard);
    if (end <= first) return kNothingDone;
    const RecordTruth& to = shard.records[first + world_.random.below(end - first)];
    if (fleet_.journal().truth().is_gone(to)) return kNothingDone;
    world_.trace("an operator winds ", key, " back to ", to.position.text());
    append_rewind(to, update);
  } else {
    world_.trace("an operator releases ", key);
  }
  fleet_.store().update(kOperator, update);
  return 0s;
}

void Disturbances::calm() {
  ++era_;
  fleet_.faults().store.slow_answers = 0s;
  fleet_.faults().store.throttled_call.reset();
  fleet_.faults().kinesis.throttled_call.reset();
  std::map<std::string, std::string> ids;
  std::vector<std::string> twins;
  for (const auto& [name, worker] : fleet_.workers()) {
    worker->store.set_reachable(true);
    worker->kinesis.set_reachable(true);
    if (!ids.emplace(worker->spec.id, name).second) twins.push_back(name);
  }
  for (const std::string& name : twins) fleet_.crash(name);
  const std::size_t cap = scenario_.lease_cap == 0 ? SIZE_MAX : scenario_.lease_cap;
  while (fleet_.workers().empty() || fleet_.workers().size() < (fleet_.open_shards().size() + cap - 1) / cap)
    start_worker();
}

}  // namespace kcl::simulation
