#include "simulation/java_worker.h"

#include <algorithm>

#include "consumer/user_records.h"
#include "leases/kcl_row.h"

namespace kcl::simulation {

using base::BootTime;
using base::Duration;
using base::Task;
using leases::Lease;
using namespace leases::kcl_row;
using namespace std::chrono_literals;

std::string java_leader(const std::set<std::string>& owners) {
  std::vector<std::string> order(owners.begin(), owners.end());
  if (order.empty()) return {};
  // java.util.Random: a linear congruential generator of 48 bits.
  constexpr std::uint64_t kMask = (std::uint64_t{1} << 48) - 1;
  std::uint64_t state = (1947U ^ 0x5DEECE66DU) & kMask;
  const auto next31 = [&] {
    state = (state * 0x5DEECE66DU + 0xBU) & kMask;
    return static_cast<std::int32_t>(state >> 17);
  };
  const auto below = [&](std::int32_t bound) {
    if ((bound & -bound) == bound) return static_cast<std::int32_t>((std::int64_t{bound} * next31()) >> 31);
    for (;;) {
      const std::int64_t bits = next31();
      const std::int64_t value = bits % bound;
      if (bits - value + (bound - 1) <= INT32_MAX) return static_cast<std::int32_t>(value);
    }
  };
  for (std::size_t i = order.size(); i > 1; --i)
    std::swap(order[i - 1], order[static_cast<std::size_t>(below(static_cast<std::int32_t>(i)))]);
  return order.front();
}

JavaWorker::JavaWorker(std::string name, WorkerLoop::Clock clock, const Environment& environment)
    : name_(std::move(name)),
      world_(environment.world),
      journal_(environment.journal),
      failover_(environment.failover),
      loop_(world_, clock),
      kinesis_(world_, loop_, environment.services, environment.births, environment.faults.kinesis),
      store_(world_, loop_, environment.server, environment.faults.store,
             {.kind = Writer::Kind::java, .process = name_}, environment.rows_on_page),
      scope_(loop_, [this](const std::string& task, const std::exception_ptr&) {
        world_.violation(name_ + ": task " + task + " threw");
      }) {
  scope_.spawn("renewer", renew_all());
  scope_.spawn("taker", take_leases());
  scope_.spawn("leader", lead());
}

Task<void> JavaWorker::pause_for(Duration duration) { co_await base::sleep_for(loop_, duration, scope_.stop()); }

Task<JavaWorker::Got> JavaWorker::get(std::string key) {
  auto answer = co_await store_.get(std::move(key), false, deadline());
  if (!answer.value) co_return Got{};
  if (!answer.value->row) co_return Got{.answered = true};
  auto lease = parse(*answer.value->row);
  if (!lease) co_return Got{};
  co_return Got{.answered = true, .row = *std::move(lease)};
}

Task<std::optional<std::vector<Lease>>> JavaWorker::scan() {
  std::vector<Lease> rows;
  ScanRequest request;
  do {
    auto answer = co_await store_.scan(request, deadline());
    if (!answer.value) co_return std::nullopt;
    for (const Item& item : answer.value->rows) {
      auto lease = parse(item);
      if (lease) rows.push_back(*std::move(lease));
    }
    request.page_token = answer.value->next_page_token;
  } while (!request.page_token.empty());
  co_return rows;
}

Task<void> JavaWorker::renew_all() {
  for (;;) {
    const BootTime began = loop_.now();
    const auto held = held_;
    for (const auto& [key, lease] : held) co_await renew(lease);
    std::erase_if(held_, [](const auto& named) { return named.second->lost; });
    const Duration rate = failover_ / 3 - 25ms;
    co_await pause_for(std::max(Duration(1ms), began + rate - loop_.now()));
  }
}

Task<void> JavaWorker::renew(HeldPtr held) {
  const auto guard = co_await held->writing.lock();
  if (held->lost) co_return;
  ItemUpdate update;
  update.key = held->row.key;
  update.conditions.push_back(Condition::equals(std::string(kCounter), Number::of(held->row.counter)));
  update.actions.push_back(Action::set(std::string(kCounter), Number::of(held->row.counter + 1)));
  auto answer = co_await store_.update(std::move(update), deadline());
  bool renewed = answer.value.kind == WriteOutcome::Kind::applied;
  if (answer.value.kind == WriteOutcome::Kind::refused) {
    // Its own write, whose answer was lost, if the row still names it and the counter is the next.
    const Got got = co_await get(held->row.key);
    renewed = got.row && got.row->owner == name_ && got.row->counter == held->row.counter + 1;
    held->lost = !renewed;
  }
  if (renewed) {
    ++held->row.counter;
    held->last_renewal = loop_.now();
  }
  held->lost |= loop_.now() - held->last_renewal > failover_;
}

Task<void> JavaWorker::take_leases() {
  for (;;) {
    co_await take_round();
    co_await pause_for(2 * (failover_ + 25ms));
  }
}

Task<void> JavaWorker::take_round() {
  auto rows = co_await scan();
  if (!rows) co_return;
  for (const Lease& row : *rows) {
    const auto [it, first] = seen_.try_emplace(row.key, Seen{row.counter, loop_.now()});
    // New and unowned: never renewed.
    if (first && !row.owner) it->second.since = BootTime{} - 24h;
    if (!first && it->second.counter != row.counter) it->second = {row.counter, loop_.now()};
  }
  for (const std::string& key : choose(*rows)) {
    const auto row = std::ranges::find(*rows, key, &Lease::key);
    co_await take(*row);
  }
}

std::vector<std::string> JavaWorker::choose(const std::vector<Lease>& rows) {
  std::map<std::string, std::vector<std::string>> by_owner;
  by_owner[name_];
  std::vector<std::string> available;
  bool very_old = false;
  for (const Lease& row : rows) {
    const Duration age = loop_.now() - seen_.at(row.key).since;
    if (held_.contains(row.key)) {
      by_owner[name_].push_back(row.key);
    } else if (!row.owner || age > failover_) {
      available.push_back(row.key);
      very_old |= age > 3 * failover_;
    } else {
      by_owner[*row.owner].push_back(row.key);
    }
  }
  const std::size_t mine = by_owner[name_].size();
  const std::size_t workers = by_owner.size();
  const std::size_t target = workers >= rows.size() ? 1 : (rows.size() + workers - 1) / workers;
  const auto shuffle = [this](std::vector<std::string>& keys) {
    for (std::size_t i = keys.size(); i > 1; --i) std::swap(keys[i - 1], keys[world_.random.below(i)]);
  };
  shuffle(available);
  // Whatever stood still for three times the failover time is taken, all of it.
  if (very_old) return available;
  if (mine >= target) return {};
  const std::size_t need = target - mine;
  if (!available.empty()) {
    available.resize(std::min(available.size(), need));
    return available;
  }
  const auto most = std::ranges::max_element(
      by_owner, {}, [this](const auto& named) { return named.first == name_ ? 0 : named.second.size(); });
  const std::size_t has = most->first == name_ ? 0 : most->second.size();
  const bool steals = has > target || (need > 1 && has >= target && has > 0);
  if (!steals) return {};
  return {most->second[world_.random.below(has)]};
}

Task<void> JavaWorker::take(Lease observed) {
  ItemUpdate update;
  update.key = observed.key;
  update.conditions.push_back(Condition::equals(std::string(kCounter), Number::of(observed.counter)));
  update.actions.push_back(Action::set(std::string(kCounter), Number::of(observed.counter + 1)));
  update.actions.push_back(Action::set(std::string(kOwner), name_));
  if (observed.owner && *observed.owner != name_)
    update.actions.push_back(Action::add(std::string(kOwnerSwitches), Number::of(1)));
  auto answer = co_await store_.update(std::move(update), deadline());
  if (answer.value.kind != WriteOutcome::Kind::applied || !answer.value.row) co_return;
  auto row = parse(*answer.value.row);
  if (!row) co_return;
  world_.trace(name_, " (Java) took ", row->key, " from ", observed.owner.value_or("nobody"));
  auto held = std::make_shared<Held>(loop_, *std::move(row), loop_.now());
  if (const auto old = held_.find(held->row.key); old != held_.end()) old->second->lost = true;
  held_[held->row.key] = held;
  scope_.spawn("consumer", consume(held));
}

Task<void> JavaWorker::lead() {
  for (;;) {
    co_await pause_for(world_.random.between(1s, 30s));
    auto rows = co_await scan();
    if (rows) {
      std::set<std::string> owners;
      for (const Lease& row : *rows) {
        if (row.owner) owners.insert(*row.owner);
      }
      if (owners.empty() || java_leader(owners) == name_) co_await sync_shards(*rows);
    }
    co_await pause_for(2min);
  }
}

/// An empty table is filled. Later only shards are added of whose line nothing is in the table.
Task<void> JavaWorker::sync_shards(const std::vector<Lease>& rows) {
  std::set<std::string> known;
  for (const Lease& row : rows) known.insert(row.key);
  std::map<std::string, Shard> shards;
  ListShards request;
  request.stream = "simulated";
  do {
    auto answer = co_await kinesis_.list_shards(request, deadline());
    if (!answer.value) co_return;
    for (Shard& shard : answer.value->shards) shards.insert_or_assign(shard.id, std::move(shard));
    request.next_token = answer.value->next_token;
  } while (!request.next_token.empty());
  std::set<std::string> in_line;
  for (const auto& [id, shard] : shards) {
    const auto parents = shard.parents();
    const bool descends = std::ranges::any_of(parents, [&](const auto& parent) { return in_line.contains(parent); });
    if (known.contains(id) || descends) in_line.insert(id);
  }
  for (const auto& [id, shard] : shards) {
    if (in_line.contains(id)) continue;
    if (!rows.empty() && !shard.is_open()) continue;
    co_await create(id, shard.parents(), shard.hash_keys);
  }
}

Task<void> JavaWorker::create(std::string key, std::vector<std::string> parents, HashKeyRange hash_keys) {
  Lease lease;
  lease.key = std::move(key);
  lease.parents = {parents.begin(), parents.end()};
  lease.hash_keys = hash_keys;
  auto answer = co_await store_.create(render(lease), deadline());
  if (answer.value.kind == WriteOutcome::Kind::applied) world_.trace(name_, " (Java) created ", lease.key);
}

Task<bool> JavaWorker::blocked(HeldPtr held) {
  for (const std::string& parent : held->row.parents) {
    const Got got = co_await get(parent);
    // One without a row counts as done; one that could not be looked up does not.
    if (!got.answered || (got.row && !got.row->ended())) co_return true;
  }
  co_return false;
}

Task<std::optional<std::string>> JavaWorker::open_iterator(HeldPtr held) {
  GetShardIterator request;
  request.stream = "simulated";
  request.shard_id = held->row.key;
  request.type = GetShardIterator::Type::trim_horizon;
  if (held->row.checkpoint.is_sequence()) {
    request.type = GetShardIterator::Type::at_sequence_number;
    request.sequence_number = held->row.checkpoint.sequence_number().text();
  }
  auto answer = co_await kinesis_.get_shard_iterator(std::move(request), deadline());
  if (!answer.value) co_return std::nullopt;
  co_return std::move(answer.value->iterator);
}

Task<void> JavaWorker::consume(HeldPtr held) {
  if (held->row.ended()) co_return;
  while (!held->lost && co_await blocked(held)) co_await pause_for(10s);
  std::optional<std::string> iterator;
  while (!held->lost) {
    if (!iterator) {
      iterator = co_await open_iterator(held);
      if (!iterator) co_await pause_for(1500ms);
      continue;
    }
    GetRecords request;
    request.stream = "simulated";
    request.iterator = *iterator;
    request.limit = 100;
    auto answer = co_await kinesis_.get_records(std::move(request), deadline());
    if (held->lost) co_return;
    if (!answer.value) {
      iterator.reset();
      co_await pause_for(1500ms);
      continue;
    }
    auto& page = answer.value->records;
    consumer::Unpacking unpacking;
    if (held->row.checkpoint.is_sequence()) {
      unpacking.done = consumer::UserRecordId{.sequence_number = held->row.checkpoint.sequence_number().text(),
                                              .sub_sequence = held->row.checkpoint.sub_sequence()};
    }
    std::vector<Record> records;
    if (!page.empty()) records = consumer::unpack(std::move(page), unpacking).records;
    if (!records.empty()) {
      co_await pause_for(world_.random.between(1ms, 200ms));
      // A program whose sink asks for the epoch: it is told that the lease is gone.
      if (held->lost) co_return;
      journal_.done(held->row.key, held->epoch, records);
      const Position last = records.back().position();
      const bool stored = co_await checkpoint(held, last);
      if (!stored) co_return;
    }
    if (answer.value->next_iterator) {
      iterator = answer.value->next_iterator;
      co_await pause_for(1s);
      continue;
    }
    const bool ended = co_await end_shard(held, answer.value->child_shards);
    if (ended) co_return;
    co_await pause_for(1500ms);
  }
}

Task<bool> JavaWorker::checkpoint(HeldPtr held, Position position) {
  const auto guard = co_await held->writing.lock();
  if (held->lost) co_return false;
  ItemUpdate update;
  update.key = held->row.key;
  update.conditions.push_back(Condition::equals(std::string(kCounter), Number::of(held->row.counter)));
  update.actions.push_back(Action::set(std::string(kCounter), Number::of(held->row.counter + 1)));
  update.actions.push_back(Action::set(std::string(kCheckpoint), position.text()));
  update.actions.push_back(Action::set(std::string(kCheckpointSub), Number::of(0)));
  update.actions.push_back(Action::set(std::string(kOwnerSwitches), Number::of(0)));
  auto answer = co_await store_.update(std::move(update), deadline());
  if (answer.value.kind == WriteOutcome::Kind::applied) {
    ++held->row.counter;
    held->row.checkpoint = std::move(position);
    held->last_renewal = loop_.now();
    co_return true;
  }
  // Java discovers the loss of the lease during the update, whatever became of it.
  held->lost = true;
  co_return false;
}

Task<bool> JavaWorker::end_shard(HeldPtr held, std::vector<ChildShard> children) {
  const bool complete =
      !children.empty() && std::ranges::none_of(children, [](const auto& child) { return child.parents.empty(); });
  if (!complete) co_return false;
  std::set<std::string> ids;
  for (const ChildShard& child : children) {
    ids.insert(child.id);
    std::size_t parents_there = 0;
    for (const std::string& parent : child.parents) {
      const Got got = co_await get(parent);
      if (!got.answered) co_return false;
      parents_there += got.row.has_value();
    }
    if (parents_there == 1 && child.parents.size() == 2) co_return false;
    co_await create(child.id, child.parents, child.hash_keys);
    const Got got = co_await get(child.id);
    if (!got.row) co_return false;
  }
  ItemUpdate meta;
  meta.key = held->row.key;
  meta.actions.push_back(Action::set(std::string(kChildren), AttributeValue::Variant(ids)));
  auto answer = co_await store_.update(std::move(meta), deadline());
  if (answer.value.kind != WriteOutcome::Kind::applied) co_return false;
  co_return co_await checkpoint(held, Position::shard_end());
}

}  // namespace kcl::simulation
