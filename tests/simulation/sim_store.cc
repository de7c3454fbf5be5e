#include "simulation/sim_store.h"

#include <algorithm>

#include "simulation/item_bytes.h"

namespace kcl::simulation {

using base::BootTime;
using base::Duration;
using base::Task;

namespace {

/// FNV-1a with a finaliser: keys that differ in their last digit lie far apart.
std::uint64_t hash_of(const std::string& key) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : key) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return (hash ^ (hash >> 33)) * 0xff51afd7ed558ccdU;
}

double units(std::size_t bytes, std::size_t unit) {
  return static_cast<double>(std::max<std::size_t>((bytes + unit - 1) / unit, 1));
}

}  // namespace

bool StoreServer::Before::operator()(const std::string& a, const std::string& b) const {
  if (order == ScanOrder::by_key) return a < b;
  const auto hash_a = hash_of(a);
  const auto hash_b = hash_of(b);
  return hash_a != hash_b ? hash_a < hash_b : a < b;
}

StoreServer::StoreServer(World& world, std::string key_attribute, ScanOrder order, OnWrite on_write)
    : world_(world),
      on_write_(std::move(on_write)),
      table_(std::move(key_attribute)),
      history_(Before{.order = order}) {}

template <class Write>
WriteOutcome StoreServer::write(const Writer& by, const std::string& key, Write apply) {
  const auto before = table_.get(key);
  WriteOutcome outcome = apply();
  const auto* now = table_.rows().contains(key) ? &table_.rows().at(key) : nullptr;
  const std::size_t larger = std::max(before ? item_bytes(*before) : 0, now == nullptr ? 0 : item_bytes(*now));
  ++use_.writes;
  use_.write_units += units(larger, 1'024);
  use_.largest_row = std::max(use_.largest_row, larger);
  if (outcome.kind != WriteOutcome::Kind::applied) return outcome;
  auto after = table_.get(key);
  on_write_(by, key, before ? &*before : nullptr, after ? &*after : nullptr);
  auto& versions = history_[key];
  versions.push_back({.since = world_.now(), .row = std::move(after)});
  while (versions.size() > 2 && versions[1].since < world_.now() - std::chrono::seconds(5)) versions.pop_front();
  return outcome;
}

void StoreServer::count_read(std::size_t bytes, bool consistent) {
  ++use_.reads;
  use_.read_units += units(bytes, 4'096) * (consistent ? 1 : 0.5);
}

WriteOutcome StoreServer::create(const Writer& by, const Item& row) {
  const auto* key = row.at(table_.key_attribute()).get_if<std::string>();
  return write(by, *key, [&] { return table_.create(row); });
}

WriteOutcome StoreServer::put(const Writer& by, const Item& row, const std::vector<Condition>& conditions) {
  const std::string key = *row.at(table_.key_attribute()).get_if<std::string>();
  return write(by, key, [&] {
    const bool needs_row =
        std::ranges::any_of(conditions, [](const Condition& c) { return c.kind != Condition::Kind::absent; });
    if (table_.get(key) || needs_row) {
      WriteOutcome checked = table_.remove(key, conditions);
      if (checked.kind != WriteOutcome::Kind::applied) return checked;
    }
    return table_.create(row);
  });
}

WriteOutcome StoreServer::update(const Writer& by, const ItemUpdate& update) {
  return write(by, update.key, [&] { return table_.update(update); });
}

WriteOutcome StoreServer::remove(const Writer& by, const std::string& key, const std::vector<Condition>& conditions) {
  return write(by, key, [&] { return table_.remove(key, conditions); });
}

const Item* StoreServer::shown(const Versions& versions, Duration staleness) {
  if (staleness <= Duration::zero()) return versions.back().row ? &*versions.back().row : nullptr;
  const BootTime at = world_.now() - world_.random.between(Duration::zero(), staleness);
  const Item* row = nullptr;
  for (const Version& version : versions) {
    if (version.since > at) break;
    row = version.row ? &*version.row : nullptr;
  }
  return row;
}

std::optional<Item> StoreServer::stale_row(const std::string& key, Duration staleness) {
  const auto versions = history_.find(key);
  if (versions == history_.end()) return std::nullopt;
  const Item* row = shown(versions->second, staleness);
  return row == nullptr ? std::nullopt : std::optional(*row);
}

ScanPage StoreServer::stale_page(const std::string& after, std::size_t limit, Duration staleness) {
  ScanPage page;
  page.server_time = world_.server_time();
  for (auto it = after.empty() ? history_.begin() : history_.upper_bound(after); it != history_.end(); ++it) {
    if (page.rows.size() == limit) {
      page.next_page_token = std::prev(it)->first;
      break;
    }
    if (const Item* row = shown(it->second, staleness)) page.rows.push_back(*row);
  }
  return page;
}

bool SimStore::throttled(StoreCall call) {
  return world_.chance(faults_.throttle) || (faults_.throttled_call == call && world_.chance(0.9));
}

template <class T>
Task<std::optional<T>> SimStore::call(std::function<T()> serve, BootTime deadline) {
  auto reply = std::make_shared<simulation::Reply<T>>();
  const bool arrives = reachable_ && !world_.chance(faults_.lose_request);
  const bool answered = !world_.chance(faults_.lose_answer);
  const bool late = world_.chance(faults_.land_late);
  const Duration there =
      latency() + (late ? world_.random.between(Duration::zero(), faults_.latest_landing) : Duration::zero());
  if (!arrives) return await_reply(loop_, std::move(reply), deadline);
  // Timers copy what they run: what is large is shared.
  const auto request = std::make_shared<const std::function<T()>>(std::move(serve));
  world_.after(there, [&world = world_, back = latency() + faults_.slow_answers, answered, request, reply] {
    auto answer = std::make_shared<T>((*request)());
    if (!answered) return;
    world.after(back, [reply, answer] { reply->send(std::move(*answer)); });
  });
  return await_reply(loop_, std::move(reply), deadline);
}

template <class T>
ports::ItemStore::Reply<T> SimStore::read(StoreCall kind, std::function<StoreResult<T>()> serve, BootTime deadline) {
  ports::Answer<StoreResult<T>> answer{Failure{StoreError{StoreError::Kind::unavailable, "the store did not answer"}},
                                       {}};
  answer.timing.sent = loop_.now();
  if (throttled(kind)) {
    serve = [] { return StoreResult<T>(Failure{StoreError{StoreError::Kind::unavailable, "throttled"}}); };
  }
  auto pending = call<StoreResult<T>>(std::move(serve), deadline);
  auto read = co_await std::move(pending);
  answer.timing.received = loop_.now();
  if (read) {
    if (*read) answer.timing.server_time = (*read)->server_time;
    answer.value = *std::move(read);
  }
  co_return answer;
}

ports::ItemStore::WriteReply SimStore::write(StoreCall kind, std::function<WriteOutcome()> serve, BootTime deadline) {
  ports::Answer<WriteOutcome> answer;
  answer.timing.sent = loop_.now();
  if (throttled(kind)) {
    serve = [] {
      return WriteOutcome{
          .kind = WriteOutcome::Kind::not_applied, .row = {}, .message = "throttled", .server_time = {}};
    };
  }
  auto pending = call<WriteOutcome>(std::move(serve), deadline);
  auto outcome = co_await std::move(pending);
  answer.timing.received = loop_.now();
  if (outcome) {
    answer.value = *std::move(outcome);
    answer.timing.server_time = world_.server_time();
  } else {
    answer.value.kind = WriteOutcome::Kind::unknown;
    answer.value.message = "the store did not answer";
  }
  co_return answer;
}

ports::ItemStore::Reply<void> SimStore::ensure(CreateTable, BootTime deadline) {
  ports::Answer<StoreResult<void>> answer;
  auto pending = call<bool>([] { return true; }, deadline);
  const auto reached = co_await std::move(pending);
  if (!reached) answer.value = Failure{StoreError{StoreError::Kind::unavailable, "the store did not answer"}};
  co_return answer;
}

ports::ItemStore::Reply<ReadItem> SimStore::get(std::string key, bool consistent, BootTime deadline) {
  const Duration staleness = consistent ? Duration::zero() : faults_.staleness;
  return read<ReadItem>(
      StoreCall::get,
      [this_server = &server_, this_world = &world_, key = std::move(key), staleness,
       consistent]() -> StoreResult<ReadItem> {
        ReadItem read{.row = this_server->stale_row(key, staleness), .server_time = this_world->server_time()};
        this_server->count_read(read.row ? item_bytes(*read.row) : 0, consistent);
        return read;
      },
      deadline);
}

ports::ItemStore::Reply<ScanPage> SimStore::scan(ScanRequest request, BootTime deadline) {
  const Duration staleness = request.consistent ? Duration::zero() : faults_.staleness;
  return read<ScanPage>(
      StoreCall::scan,
      [this_server = &server_, after = std::move(request.page_token), limit = page_, staleness,
       consistent = request.consistent]() -> StoreResult<ScanPage> {
        ScanPage page = this_server->stale_page(after, limit, staleness);
        std::size_t bytes = 0;
        for (const Item& row : page.rows) bytes += item_bytes(row);
        this_server->count_read(bytes, consistent);
        return page;
      },
      deadline);
}

ports::ItemStore::WriteReply SimStore::create(Item row, BootTime deadline) {
  return write(
      StoreCall::create,
      [this_server = &server_, by = me_, row = std::move(row)] { return this_server->create(by, row); }, deadline);
}

ports::ItemStore::WriteReply SimStore::update(ItemUpdate update, BootTime deadline) {
  return write(
      StoreCall::update,
      [this_server = &server_, by = me_, update = std::move(update)] { return this_server->update(by, update); },
      deadline);
}

ports::ItemStore::WriteReply SimStore::put(Item row, std::vector<Condition> conditions, BootTime deadline) {
  return write(
      StoreCall::update,
      [this_server = &server_, by = me_, row = std::move(row), conditions = std::move(conditions)] {
        return this_server->put(by, row, conditions);
      },
      deadline);
}

ports::ItemStore::WriteReply SimStore::remove(std::string key, std::vector<Condition> conditions, BootTime deadline) {
  return write(
      StoreCall::remove,
      [this_server = &server_, by = me_, key = std::move(key), conditions = std::move(conditions)] {
        return this_server->remove(by, key, conditions);
      },
      deadline);
}

}  // namespace kcl::simulation
