#include "leases/lease_table.h"

#include <algorithm>

#include "leases/kcl_row.h"

namespace kcl::leases {

using base::Task;

namespace {

ChangeResult change_result(const WriteOutcome& outcome) {
  switch (outcome.kind) {
    case WriteOutcome::Kind::applied:
      return {ChangeResult::Kind::done, {}};
    case WriteOutcome::Kind::refused:
      return {ChangeResult::Kind::refused, "the row has changed"};
    case WriteOutcome::Kind::misuse:
      return {ChangeResult::Kind::misuse, outcome.message};
    case WriteOutcome::Kind::unknown:
    case WriteOutcome::Kind::not_applied:
      break;
  }
  return {ChangeResult::Kind::unsettled, outcome.message};
}

Condition same(std::string_view attribute, const std::optional<std::string>& value) {
  return value ? Condition::equals(std::string(attribute), *value) : Condition::absent(std::string(attribute));
}

}  // namespace

LeaseTable::LeaseTable(base::Loop& loop, ports::ItemStore& store, LeaseTableOptions options)
    : loop_(loop), store_(store), options_(std::move(options)) {}

Token LeaseTable::next_token(std::int64_t counter) {
  return {.incarnation = options_.me.incarnation, .counter = counter, .attempt = ++attempts_};
}

void LeaseTable::learn_server_time(const ports::Timing& timing) {
  if (timing.server_time) server_clock_.emplace(*timing.server_time, timing.received);
}

Timestamp LeaseTable::server_now() const {
  if (!server_clock_) return loop_.wall();
  const auto& [server, received] = *server_clock_;
  return server + std::chrono::duration_cast<std::chrono::milliseconds>(loop_.now() - received);
}

Task<StoreResult<void>> LeaseTable::ensure(CreateTable create, base::Duration patience) {
  auto answer = co_await store_.ensure(create, loop_.now() + patience);
  learn_server_time(answer.timing);
  co_return std::move(answer.value);
}

Task<StoreResult<LeaseScan>> LeaseTable::scan(bool consistent) {
  LeaseScan scan;
  scan.timing.sent = loop_.now();
  ScanRequest request;
  request.consistent = consistent;
  do {
    auto answer = co_await store_.scan(request, call_deadline());
    learn_server_time(answer.timing);
    if (!answer.value) co_return Failure{answer.value.error()};
    for (const Item& row : answer.value->rows) {
      if (!kcl_row::is_lease(row)) {
        if (auto version = kcl_row::java_version(row)) scan.java_version = std::move(version);
        continue;
      }
      auto lease = kcl_row::parse(row);
      if (lease) {
        scan.leases.push_back(*std::move(lease));
      } else {
        const auto key = row.find(std::string(kcl_row::kKey));
        const auto* text = key == row.end() ? nullptr : key->second.get_if<std::string>();
        scan.unreadable.push_back({.key = text ? *text : "(no key)", .problem = lease.error()});
      }
    }
    scan.timing.received = answer.timing.received;
    scan.timing.server_time = answer.timing.server_time;
    request.page_token = answer.value->next_page_token;
  } while (!request.page_token.empty());
  co_return scan;
}

Task<StoreResult<LeaseRead>> LeaseTable::get(std::string key) {
  auto answer = co_await store_.get(key, true, call_deadline());
  learn_server_time(answer.timing);
  if (!answer.value) co_return Failure{answer.value.error()};
  LeaseRead read;
  read.timing = answer.timing;
  if (answer.value->row) {
    auto lease = kcl_row::parse(*answer.value->row);
    if (!lease) co_return Failure{StoreError{StoreError::Kind::misuse, "lease " + key + ": " + lease.error()}};
    read.lease = *std::move(lease);
  }
  co_return read;
}

Task<WriteOutcome> LeaseTable::send(ItemUpdate update) {
  auto answer = co_await store_.update(std::move(update), call_deadline());
  learn_server_time(answer.timing);
  co_return std::move(answer.value);
}

Task<StoreResult<LeaseTable::RowAfter>> LeaseTable::row_after(std::string key, WriteOutcome outcome) {
  RowAfter after;
  after.certain = outcome.kind != WriteOutcome::Kind::unknown;
  if (outcome.row && after.certain) {
    auto lease = kcl_row::parse(*outcome.row);
    if (!lease) co_return Failure{StoreError{StoreError::Kind::misuse, "lease " + key + ": " + lease.error()}};
    after.lease = *std::move(lease);
    co_return after;
  }
  auto read = co_await get(std::move(key));
  if (!read) co_return Failure{read.error()};
  after.lease = std::move(read->lease);
  co_return after;
}

Task<CreateResult> LeaseTable::create(Lease lease, Origin origin) {
  // The server's milliseconds, so that epochs grow even when a row is deleted and created again (R7).
  lease.counter = server_now().time_since_epoch().count();
  lease.owner.reset();
  // A token of another counter, as after a write of Java's, keeps everyone from taking the row before it has aged.
  lease.token = next_token(origin == Origin::repair ? lease.counter - 1 : lease.counter);
  Item row = kcl_row::render(lease);
  co_return co_await put(std::move(row), std::move(lease));
}

/// `row` is the lease's, and may hold more.
Task<CreateResult> LeaseTable::put(Item row, Lease lease) {
  const std::string key = lease.key;
  const Token token = *lease.token;
  auto answer = co_await store_.create(std::move(row), call_deadline());
  learn_server_time(answer.timing);
  switch (answer.value.kind) {
    case WriteOutcome::Kind::applied:
      co_return CreateResult{CreateResult::Kind::created, {}};
    case WriteOutcome::Kind::not_applied:
      co_return CreateResult{CreateResult::Kind::unsettled, answer.value.message};
    case WriteOutcome::Kind::misuse:
      co_return CreateResult{CreateResult::Kind::misuse, answer.value.message};
    case WriteOutcome::Kind::refused:
    case WriteOutcome::Kind::unknown:
      break;
  }
  const bool refused = answer.value.kind == WriteOutcome::Kind::refused;
  auto after = co_await row_after(key, std::move(answer.value));
  // Also a row that does not parse is there.
  if (!after && refused) co_return CreateResult{CreateResult::Kind::exists, after.error().message};
  if (!after) co_return CreateResult{CreateResult::Kind::unsettled, after.error().message};
  if (!after->lease) co_return CreateResult{CreateResult::Kind::unsettled, "not there so far, and may yet land"};
  const bool mine = after->lease->token == token;
  co_return CreateResult{mine ? CreateResult::Kind::created : CreateResult::Kind::exists, {}};
}

Task<TakeResult> LeaseTable::take(Lease observed, TakeMarks marks) {
  using namespace kcl_row;
  const std::int64_t server_ms = server_now().time_since_epoch().count();
  const Token token = next_token(std::max(observed.counter + 1, server_ms));
  ItemUpdate update;
  update.key = observed.key;
  update.conditions.push_back(Condition::equals(std::string(kCounter), Number::of(observed.counter)));
  update.conditions.push_back(same(kOwner, observed.owner));
  if (observed.token) update.conditions.push_back(Condition::equals(std::string(kToken), observed.token->text()));
  update.actions.push_back(Action::set(std::string(kOwner), options_.me.worker_id));
  update.actions.push_back(Action::set(std::string(kCounter), Number::of(token.counter)));
  update.actions.push_back(Action::set(std::string(kToken), token.text()));
  const auto failover_ms = std::chrono::duration_cast<std::chrono::milliseconds>(options_.failover).count();
  update.actions.push_back(Action::set(std::string(kFailover), Number::of(failover_ms)));
  update.actions.push_back(Action::remove(std::string(kClaim)));
  update.actions.push_back(Action::remove(std::string(kCheckpointOwner)));
  if (!observed.from && marks.start_instant) {
    const auto instant = marks.start_instant->time_since_epoch().count();
    update.actions.push_back(Action::set(std::string(kFrom), Number::of(instant)));
  }
  if (!observed.stream_created && marks.stream_created) {
    const auto created = marks.stream_created->time_since_epoch().count();
    update.actions.push_back(Action::set(std::string(kStream), Number::of(created)));
  }
  if (observed.owner && *observed.owner != options_.me.worker_id) {
    update.actions.push_back(Action::add(std::string(kOwnerSwitches), Number::of(1)));
  }

  const base::BootTime sent = loop_.now();
  auto outcome = co_await send(std::move(update));
  if (outcome.kind == WriteOutcome::Kind::not_applied || outcome.kind == WriteOutcome::Kind::misuse) {
    co_return TakeResult{nullptr, false, std::move(outcome.message)};
  }
  auto after = co_await row_after(observed.key, std::move(outcome));
  if (!after) co_return TakeResult{nullptr, false, after.error().message};
  const auto& row = after->lease;
  if (!row || row->token != token || row->counter != token.counter || row->owner != options_.me.worker_id) {
    co_return TakeResult{nullptr, true, row ? "taken by " + row->owner.value_or("nobody") : "its row is gone"};
  }
  co_return TakeResult{std::make_unique<LeaseHold>(*this, *row, sent), false, {}};
}

Task<ChangeResult> LeaseTable::claim(Lease observed) {
  ItemUpdate update;
  update.key = observed.key;
  update.conditions.push_back(same(kcl_row::kOwner, observed.owner));
  update.conditions.push_back(Condition::absent(std::string(kcl_row::kClaim)));
  update.actions.push_back(Action::set(std::string(kcl_row::kClaim), Claim::of(options_.me).text()));
  const auto outcome = co_await send(std::move(update));
  co_return change_result(outcome);
}

Task<ChangeResult> LeaseTable::withdraw_claim(Lease observed) {
  ItemUpdate update;
  update.key = observed.key;
  // Only from whom it was claimed: a grant that lands first leaves the claim, by which the claimer knows it (R8).
  update.conditions.push_back(same(kcl_row::kOwner, observed.owner));
  update.conditions.push_back(Condition::equals(std::string(kcl_row::kClaim), Claim::of(options_.me).text()));
  update.actions.push_back(Action::remove(std::string(kcl_row::kClaim)));
  const auto outcome = co_await send(std::move(update));
  co_return change_result(outcome);
}

Task<ChangeResult> LeaseTable::remove(Lease observed) {
  std::vector<Condition> conditions;
  conditions.push_back(Condition::equals(std::string(kcl_row::kCounter), Number::of(observed.counter)));
  conditions.push_back(Condition::equals(std::string(kcl_row::kCheckpoint), observed.checkpoint.text()));
  auto answer = co_await store_.remove(observed.key, std::move(conditions), call_deadline());
  learn_server_time(answer.timing);
  co_return change_result(answer.value);
}

Task<ChangeResult> LeaseTable::evict(Lease observed, std::optional<Start> start) {
  using namespace kcl_row;
  const std::int64_t counter = observed.counter + 1;
  ItemUpdate update;
  update.key = observed.key;
  update.conditions.push_back(Condition::equals(std::string(kCounter), Number::of(observed.counter)));
  update.conditions.push_back(same(kOwner, observed.owner));
  if (observed.token) update.conditions.push_back(Condition::equals(std::string(kToken), observed.token->text()));
  // The counter alone: the token stays behind, and so tells that this is no holder's release (R4).
  update.actions.push_back(Action::set(std::string(kCounter), Number::of(counter)));
  update.actions.push_back(Action::remove(std::string(kOwner)));
  update.actions.push_back(Action::remove(std::string(kCheckpointOwner)));
  if (start) append_start(*start, update.actions);
  auto outcome = co_await send(std::move(update));
  if (outcome.kind != WriteOutcome::Kind::refused && outcome.kind != WriteOutcome::Kind::unknown) {
    co_return change_result(outcome);
  }
  // An own copy of a request that was sent twice refuses the second one, and an answer may be lost: the row decides.
  const ChangeResult told = change_result(outcome);
  auto after = co_await row_after(observed.key, std::move(outcome));
  if (!after) co_return ChangeResult{ChangeResult::Kind::unsettled, after.error().message};
  const auto& row = after->lease;
  const bool as_wanted = row && row->counter == counter && !row->owner && row->token == observed.token &&
                         (!start || Start{row->checkpoint, row->at} == *start);
  if (as_wanted) co_return ChangeResult{ChangeResult::Kind::done, {}};
  co_return told;
}

Task<CreateResult> LeaseTable::restore(Item row) {
  auto exported = kcl_row::parse(row);
  if (!exported) co_return CreateResult{CreateResult::Kind::misuse, exported.error()};
  Lease lease = *std::move(exported);
  lease.counter = server_now().time_since_epoch().count();
  lease.owner.reset();
  lease.claim.reset();
  lease.checkpoint_owner.reset();
  lease.token = next_token(lease.counter - 1);
  for (const std::string_view gone : {kcl_row::kOwner, kcl_row::kClaim, kcl_row::kCheckpointOwner}) {
    row.erase(std::string(gone));
  }
  for (auto& [name, value] : kcl_row::render(lease)) row.insert_or_assign(name, value);
  co_return co_await put(std::move(row), std::move(lease));
}

}  // namespace kcl::leases
