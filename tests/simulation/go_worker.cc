#include "simulation/go_worker.h"

#include <algorithm>

#include "leases/go_time.h"
#include "leases/vmware_go_row.h"

namespace kcl::simulation {

using base::Duration;
using base::Task;
using leases::format_go_time;
using leases::parse_go_time;
using namespace leases::vmware_go_row;
using namespace std::chrono_literals;

namespace {

const std::string kShardEnd = "SHARD_END";

std::string text(const Item& row, std::string_view name) {
  const auto it = row.find(std::string(name));
  const auto* value = it == row.end() ? nullptr : it->second.get_if<std::string>();
  return value == nullptr ? std::string() : *value;
}
bool has(const Item& row, std::string_view name) { return row.contains(std::string(name)); }
Condition equals(std::string_view name, std::string value) {
  return Condition::equals(std::string(name), std::move(value));
}
Condition absent(std::string_view name) { return Condition::absent(std::string(name)); }

}  // namespace

GoWorker::GoWorker(std::string name, WorkerLoop::Clock clock, const Environment& environment)
    : name_(std::move(name)),
      world_(environment.world),
      journal_(environment.journal),
      failover_(environment.failover),
      sync_interval_(environment.sync_interval),
      steals_(environment.steals),
      loop_(world_, clock),
      kinesis_(world_, loop_, environment.services, environment.births, environment.faults.kinesis),
      store_(world_, loop_, environment.server, environment.faults.store, {.kind = Writer::Kind::go, .process = name_},
             environment.rows_on_page),
      scope_(loop_, [this](const std::string& task, const std::exception_ptr&) {
        world_.violation(name_ + ": task " + task + " threw");
      }) {
  scope_.spawn("event loop", event_loop());
}

Task<void> GoWorker::pause_for(Duration duration) { co_await base::sleep_for(loop_, duration, scope_.stop()); }

/// A wall clock, with digits below the millisecond as a Go program's has.
std::int64_t GoWorker::now_ns() {
  const auto now = loop_.wall().time_since_epoch().count();
  return now * 1'000'000 + static_cast<std::int64_t>(world_.random.below(1'000'000));
}

Task<std::optional<Item>> GoWorker::get(std::string key) {
  auto answer = co_await store_.get(std::move(key), true, deadline());
  if (!answer.value) co_return std::nullopt;
  co_return answer.value->row.value_or(Item{});
}

Task<bool> GoWorker::put(Item row, std::vector<Condition> conditions) {
  auto answer = co_await store_.put(std::move(row), std::move(conditions), deadline());
  co_return answer.value.kind == WriteOutcome::Kind::applied;
}

Task<void> GoWorker::event_loop() {
  for (;;) {
    co_await pause_for(world_.random.between(sync_interval_ / 2, sync_interval_ * 3 / 2));
    const bool synced = co_await sync_shards();
    if (!synced) continue;
    co_await take_one();
    if (steals_) co_await rebalance();
  }
}

/// What is not listed any more loses its row, whatever that says and whoever holds it.
Task<bool> GoWorker::sync_shards() {
  std::set<std::string> listed;
  ListShards request;
  request.stream = "simulated";
  do {
    auto answer = co_await kinesis_.list_shards(request, deadline());
    if (!answer.value) co_return false;
    for (const kcl::Shard& shard : answer.value->shards) {
      listed.insert(shard.id);
      if (shards_.contains(shard.id)) continue;
      auto known = std::make_shared<Shard>();
      known->id = shard.id;
      const auto parents = shard.parents();
      if (!parents.empty()) known->parent = parents.front();
      shards_.emplace(shard.id, std::move(known));
    }
    request.next_token = answer.value->next_token;
  } while (!request.next_token.empty());
  std::vector<std::string> gone;
  for (const auto& [id, shard] : shards_) {
    if (!listed.contains(id)) gone.push_back(id);
  }
  for (const std::string& id : gone) {
    shards_.erase(id);
    std::vector<Condition> none;
    co_await store_.remove(id, std::move(none), deadline());
  }
  co_return true;
}

Task<void> GoWorker::take_one() {
  // A Go map is walked in an order of its own each time.
  std::vector<ShardPtr> order;
  for (const auto& [id, shard] : shards_) order.push_back(shard);
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[world_.random.below(i)]);
  for (const ShardPtr& shard : order) {
    // Defect 8: its own name is proof enough of a consumer of its own.
    if (shard->owner == name_) continue;
    const bool fetched = co_await fetch_checkpoint(shard);
    if (!fetched || shard->checkpoint == kShardEnd) continue;
    const bool acquired = co_await get_lease(shard);
    if (!acquired) continue;
    world_.trace(name_, " (Go) took ", shard->id, " at ", shard->checkpoint);
    ++shard->epoch;
    auto consumer = std::make_shared<Consumer>(shard);
    scope_.spawn("consumer", consume(std::move(consumer)));
    co_return;
  }
}

/// Into memory. Without a checkpoint in the row, what was remembered stays.
Task<bool> GoWorker::fetch_checkpoint(ShardPtr shard) {
  auto row = co_await get(shard->id);
  if (!row) co_return false;
  if (!has(*row, kCheckpoint)) co_return true;
  shard->checkpoint = text(*row, kCheckpoint);
  if (has(*row, kOwner)) shard->owner = text(*row, kOwner);
  if (const auto timeout = parse_go_time(text(*row, kTimeout))) shard->timeout = *timeout;
  co_return true;
}

/// Acquires and renews alike: the row is replaced by what is remembered.
Task<bool> GoWorker::get_lease(ShardPtr shard) {
  const auto failover_ns = std::chrono::nanoseconds(failover_).count();
  const std::int64_t timeout = now_ns() + failover_ns;
  auto row = co_await get(shard->id);
  if (!row) co_return false;
  const bool claim_expired = shard->timeout != 0 && shard->timeout + std::chrono::nanoseconds(2min).count() < now_ns();
  const std::string claimed = steals_ ? text(*row, kClaim) : std::string();
  if (!claimed.empty() && claimed != name_ && !claim_expired) co_return false;
  std::vector<Condition> conditions;
  if (!has(*row, kOwner) || !has(*row, kTimeout)) {
    conditions.push_back(absent(kOwner));
  } else {
    const auto until = parse_go_time(text(*row, kTimeout));
    const bool overdue = !until || now_ns() >= *until || (steals_ && claim_expired);
    if (!overdue && text(*row, kOwner) != name_) co_return false;
    conditions.push_back(equals(kOwner, text(*row, kOwner)));
    conditions.push_back(equals(kTimeout, text(*row, kTimeout)));
  }
  if (!claimed.empty() && claimed == name_ && !claim_expired) conditions.push_back(equals(kClaim, claimed));
  Item mine{
      {std::string(kKey), shard->id}, {std::string(kOwner), name_}, {std::string(kTimeout), format_go_time(timeout)}};
  if (!shard->parent.empty()) mine.emplace(kParent, shard->parent);
  if (!shard->checkpoint.empty()) mine.emplace(kCheckpoint, shard->checkpoint);
  const bool applied = co_await put(std::move(mine), std::move(conditions));
  if (!applied) co_return false;
  shard->owner = name_;
  shard->timeout = timeout;
  co_return true;
}

Task<bool> GoWorker::sync_leases() {
  ScanRequest request;
  auto answer = co_await store_.scan(request, deadline());
  if (!answer.value) co_return false;
  // Its first page only.
  for (const Item& row : answer.value->rows) {
    const auto known = shards_.find(text(row, kKey));
    if (known == shards_.end() || !has(row, kOwner) || !has(row, kCheckpoint)) continue;
    known->second->owner = text(row, kOwner);
    known->second->checkpoint = text(row, kCheckpoint);
  }
  co_return true;
}

Task<void> GoWorker::rebalance() {
  const bool synced = co_await sync_leases();
  if (!synced) co_return;
  std::map<std::string, std::vector<ShardPtr>> workers;
  std::size_t count = 0;
  for (const auto& [id, shard] : shards_) {
    if (shard->checkpoint == kShardEnd) continue;
    if (shard->owner.empty()) co_return;
    workers[shard->owner].push_back(shard);
    ++count;
  }
  if (workers.size() >= count) co_return;
  const std::size_t mine = workers.contains(name_) ? workers[name_].size() : 0;
  const std::size_t members = workers.size() + (workers.contains(name_) ? 0 : 1);
  std::size_t optimal = count / members;
  if (mine >= optimal) co_return;
  const std::vector<ShardPtr>* from = nullptr;
  for (const auto& [worker, shards] : workers) {
    if (worker == name_ || shards.size() <= optimal) continue;
    from = &shards;
    optimal = shards.size();
  }
  if (from == nullptr) co_return;
  ShardPtr chosen = (*from)[world_.random.below(from->size())];
  co_await claim(std::move(chosen));
}

Task<void> GoWorker::claim(ShardPtr shard) {
  const bool fetched = co_await fetch_checkpoint(shard);
  // A time that was never seen is formatted as the year 1, which no row has.
  if (!fetched || shard->timeout == 0) co_return;
  const std::string timeout = format_go_time(shard->timeout);
  std::vector<Condition> conditions{equals(kTimeout, timeout), absent(kClaim)};
  Item row{{std::string(kKey), shard->id},
           {std::string(kTimeout), timeout},
           {std::string(kCheckpoint), shard->checkpoint},
           {std::string(kClaim), name_}};
  conditions.push_back(shard->owner.empty() ? absent(kOwner) : equals(kOwner, shard->owner));
  if (!shard->owner.empty()) row.emplace(kOwner, shard->owner);
  conditions.push_back(shard->checkpoint.empty() ? absent(kCheckpoint) : equals(kCheckpoint, shard->checkpoint));
  conditions.push_back(shard->parent.empty() ? absent(kParent) : equals(kParent, shard->parent));
  if (!shard->parent.empty()) row.emplace(kParent, shard->parent);
  const std::string id = shard->id;
  const bool applied = co_await put(std::move(row), std::move(conditions));
  if (applied) world_.trace(name_, " (Go) claims ", id);
}

Task<void> GoWorker::consume(ConsumerPtr consumer) {
  co_await wait_on_parent(consumer);
  co_await read(consumer);
  consumer->done = true;
  // Memory before table: defect 23.
  consumer->shard->owner.clear();
  ItemUpdate release;
  release.key = consumer->shard->id;
  release.conditions.push_back(equals(kOwner, name_));
  release.actions.push_back(Action::remove(std::string(kOwner)));
  co_await store_.update(std::move(release), deadline());
}

/// One parent only, and one without a checkpoint is taken for deleted: defect 4. Nobody renews meanwhile: defect 5.
Task<void> GoWorker::wait_on_parent(ConsumerPtr consumer) {
  const std::string parent = consumer->shard->parent;
  while (!parent.empty()) {
    auto row = co_await get(parent);
    if (!row || !has(*row, kCheckpoint) || text(*row, kCheckpoint) == kShardEnd) co_return;
    co_await pause_for(10s);
  }
}

Task<void> GoWorker::read(ConsumerPtr consumer) {
  const ShardPtr shard = consumer->shard;
  const bool fetched = co_await fetch_checkpoint(shard);
  if (!fetched || shard->checkpoint == kShardEnd) co_return;
  GetShardIterator start;
  start.stream = "simulated";
  start.shard_id = shard->id;
  start.type = GetShardIterator::Type::trim_horizon;
  if (!shard->checkpoint.empty()) {
    start.type = GetShardIterator::Type::after_sequence_number;
    start.sequence_number = shard->checkpoint;
  }
  auto opened = co_await kinesis_.get_shard_iterator(std::move(start), deadline());
  if (!opened.value) co_return;
  std::string iterator = std::move(opened.value->iterator);
  scope_.spawn("renewer", renew(consumer));
  while (!consumer->lease_lost) {
    GetRecords request;
    request.stream = "simulated";
    request.iterator = iterator;
    request.limit = 100;
    auto answer = co_await kinesis_.get_records(std::move(request), deadline());
    // Whatever goes wrong ends the consumer: defect 15.
    if (!answer.value) co_return;
    auto& records = answer.value->records;
    if (!records.empty()) {
      co_await pause_for(world_.random.between(1ms, 200ms));
      journal_.done(shard->id, consumer->epoch, records);
      co_await checkpoint(shard, records.back().position().text());
    }
    if (!answer.value->next_iterator) {
      co_await checkpoint(shard, kShardEnd);
      co_return;
    }
    iterator = *answer.value->next_iterator;
    if (records.empty()) co_await pause_for(1s);
  }
}

/// Without any condition: defect 1.
Task<void> GoWorker::checkpoint(ShardPtr shard, std::string position) {
  shard->checkpoint = std::move(position);
  Item row{{std::string(kKey), shard->id},
           {std::string(kCheckpoint), shard->checkpoint},
           {std::string(kOwner), shard->owner},
           {std::string(kTimeout), shard->timeout == 0 ? "0001-01-01T00:00:00Z" : format_go_time(shard->timeout)}};
  if (!shard->parent.empty()) row.emplace(kParent, shard->parent);
  std::vector<Condition> none;
  co_await put(std::move(row), std::move(none));
}

/// One failure ends it: defect 12.
Task<void> GoWorker::renew(ConsumerPtr consumer) {
  while (!consumer->done) {
    co_await pause_for(failover_ / 4);
    if (consumer->done) co_return;
    const bool renewed = co_await get_lease(consumer->shard);
    if (renewed) continue;
    consumer->lease_lost = true;
    co_return;
  }
}

}  // namespace kcl::simulation
