#include "leases/lease_table.h"

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

std::string key_of(const Item& row, const RowFormat& format) {
  const auto key = row.find(std::string(format.key_attribute()));
  const auto* text = key == row.end() ? nullptr : key->second.get_if<std::string>();
  return text ? *text : "(no key)";
}

}  // namespace

LeaseTable::LeaseTable(base::Loop& loop, ports::ItemStore& store, LeaseTableOptions options)
    : loop_(loop), store_(store), options_(std::move(options)), format_(row_format(options_.format)) {}

Author LeaseTable::author() {
  return {.me = options_.me, .attempt = ++attempts_, .server_now = server_now(), .failover = options_.failover};
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

void LeaseTable::add_row(const Item& row, LeaseScan& scan) const {
  if (!format_.is_lease(row)) {
    if (auto version = kcl_row::java_version(row)) scan.java_version = std::move(version);
    if (auto marks = format_.application(row)) scan.application = marks;
    return;
  }
  auto lease = format_.parse(row);
  if (lease) {
    scan.leases.push_back(*std::move(lease));
  } else {
    scan.unreadable.push_back({.key = key_of(row, format_), .problem = lease.error()});
  }
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
    for (const Item& row : answer.value->rows) add_row(row, scan);
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
    auto lease = format_.parse(*answer.value->row);
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
    auto lease = format_.parse(*outcome.row);
    if (!lease) co_return Failure{StoreError{StoreError::Kind::misuse, "lease " + key + ": " + lease.error()}};
    after.lease = *std::move(lease);
    co_return after;
  }
  auto read = co_await get(std::move(key));
  if (!read) co_return Failure{read.error()};
  after.lease = std::move(read->lease);
  co_return after;
}

Task<CreateResult> LeaseTable::create_application_row(ApplicationMarks marks) {
  Item row = format_.application_row(marks);
  std::string key = key_of(row, format_);
  return create_row(std::move(key), std::move(row), std::nullopt);
}

Task<CreateResult> LeaseTable::create(Lease lease, Origin origin) {
  const Lease created = format_.created(std::move(lease), origin, author());
  return create_row(created.key, format_.render(created), created.token);
}

/// `token`: by which a creation whose answer was lost is known, where the row carries one.
Task<CreateResult> LeaseTable::create_row(std::string key, Item row, std::optional<Token> token) {
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
  const bool mine = token && after->lease->token == token;
  co_return CreateResult{mine ? CreateResult::Kind::created : CreateResult::Kind::exists, {}};
}

Task<TakeResult> LeaseTable::take(Lease observed, TakeMarks marks) {
  const Author by = author();
  const Token token = format_.take_token(observed, by);
  ItemUpdate update = format_.take(observed, token, marks, by);
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
  ItemUpdate update = format_.claim(observed, options_.me);
  const auto outcome = co_await send(std::move(update));
  co_return change_result(outcome);
}

Task<ChangeResult> LeaseTable::withdraw_claim(Lease observed) {
  ItemUpdate update = format_.withdraw_claim(observed, options_.me);
  const auto outcome = co_await send(std::move(update));
  co_return change_result(outcome);
}

Task<ChangeResult> LeaseTable::remove(Lease observed) {
  std::vector<Condition> conditions = format_.as_observed(observed);
  auto answer = co_await store_.remove(observed.key, std::move(conditions), call_deadline());
  learn_server_time(answer.timing);
  co_return change_result(answer.value);
}

Task<ChangeResult> LeaseTable::evict(Lease observed, std::optional<Start> start) {
  auto outcome = co_await send(format_.evict(observed, start));
  if (outcome.kind != WriteOutcome::Kind::refused && outcome.kind != WriteOutcome::Kind::unknown) {
    co_return change_result(outcome);
  }
  // An own copy of a request that was sent twice refuses the second one, and an answer may be lost: the row decides.
  const ChangeResult told = change_result(outcome);
  auto after = co_await row_after(observed.key, std::move(outcome));
  if (!after) co_return ChangeResult{ChangeResult::Kind::unsettled, after.error().message};
  const auto& row = after->lease;
  if (row && format_.evicted(*row, observed, start)) co_return ChangeResult{ChangeResult::Kind::done, {}};
  co_return told;
}

Task<CreateResult> LeaseTable::restore(Item row) {
  auto exported = format_.parse(row);
  if (!exported) co_return CreateResult{CreateResult::Kind::misuse, exported.error()};
  const Item as_exported = format_.render(*exported);
  Lease lease = *std::move(exported);
  lease.claim.reset();
  lease.checkpoint_owner.reset();
  const Lease created = format_.created(std::move(lease), Origin::repair, author());
  for (const auto& [name, value] : as_exported) row.erase(name);
  for (auto& [name, value] : format_.render(created)) row.insert_or_assign(name, value);
  co_return co_await create_row(created.key, std::move(row), created.token);
}

}  // namespace kcl::leases
