#include "operate/lease_changer.h"

#include <algorithm>

#include "leases/vmware_go_row.h"
#include "operate/text.h"
#include "shards/rules.h"

namespace kcl::operate {

using base::BootTime;
using base::Task;
using leases::Claim;
using leases::Lease;

namespace {

// Once a write of a process that is gone may land late.
constexpr int kSignsOfLife = 2;
constexpr int kTries = 5;

ChangeOutcome done(std::string how) { return {ChangeOutcome::Kind::done, std::move(how)}; }
ChangeOutcome failed(std::string why) { return {ChangeOutcome::Kind::failed, std::move(why)}; }
ChangeOutcome refused(std::string why) { return {ChangeOutcome::Kind::refused, std::move(why)}; }
ChangeOutcome unknown(std::string why) { return {ChangeOutcome::Kind::unknown, std::move(why)}; }

const Lease* find(const std::vector<Lease>& leases, const std::string& shard) {
  const auto found = std::ranges::find_if(leases, [&](const Lease& lease) { return lease.key == shard; });
  return found == leases.end() ? nullptr : &*found;
}

std::string holder_of(const Lease& lease) { return lease.owner.value_or("nobody"); }

}  // namespace

LeaseChanger::LeaseChanger(base::Loop& loop, leases::LeaseTable& table, ChangerOptions options)
    : loop_(loop), table_(table), options_(options), ages_(table.options().failover, table.options().me.worker_id) {}

bool LeaseChanger::granted_to_me(const Lease& lease) const {
  return table_.format().granted(lease, table_.options().me);
}

bool LeaseChanger::reserved_for_another(const Lease& lease) const {
  const auto& format = table_.format();
  return format.claims_reserve() && lease.claim && lease.claim != format.claim_of(table_.options().me);
}

LeaseChanger::Owner LeaseChanger::owner_of(const Lease& lease) const {
  const bool lives = ages_.renewals(lease) >= kSignsOfLife;
  if (lease.go) {
    if (live_go_workers_.contains(*lease.owner)) return Owner::foreign;
    return lives && !go_workers_.contains(*lease.owner) ? Owner::kclpp : Owner::unclear;
  }
  if (lease.last_written_by_kclpp()) return Owner::kclpp;
  return lives ? Owner::foreign : Owner::unclear;
}

LeaseChanger::Step LeaseChanger::next_step(const Lease* row, bool expired) const {
  if (row == nullptr) return Step::gone;
  if (options_.force && !row->go) return Step::evict;
  if (!options_.force && !live_go_workers_.empty()) return Step::refuse;
  if (expired || granted_to_me(*row) || (row->let_go() && !reserved_for_another(*row))) return Step::take;
  if (!row->owner) return options_.force && !row->let_go() ? Step::evict : Step::wait;
  if (row->checkpoint_owner) return Step::wait;
  switch (owner_of(*row)) {
    case Owner::foreign:
      return Step::refuse;
    case Owner::unclear:
      return Step::wait;
    case Owner::kclpp:
      break;
  }
  if (options_.force) return Step::evict;
  return row->claim ? Step::wait : Step::claim;
}

/// One write that is not kclpp's tells whose they all are; another one, that he lives.
void LeaseChanger::note_go_workers(const std::vector<Lease>& leases) {
  for (const Lease& lease : leases) {
    if (!lease.go || !lease.owner) continue;
    if (!leases::vmware_go_row::may_be_of_kclpp(lease)) go_workers_.insert(*lease.owner);
    if (go_workers_.contains(*lease.owner) && ages_.renewals(lease) > 0) live_go_workers_.insert(*lease.owner);
  }
}

Task<ChangeOutcome> LeaseChanger::apply(Change change, base::Stop& stop) {
  if (change.restore) {
    Item row = *std::move(change.restore);
    co_return co_await restore(std::move(row));
  }
  const BootTime give_up_at = loop_.now() + options_.patience;
  std::string holder = "nobody";
  while (!stop.requested() && loop_.now() < give_up_at) {
    auto scan = co_await table_.scan(true);
    if (!scan) {
      holder = "the table cannot be read: " + scan.error().message;
      co_await base::sleep_for(loop_, options_.interval, stop);
      continue;
    }
    const Lease* row = find(scan->leases, change.shard);
    // The deciding read: sent when the age had been reached, and showing the row as it was aged.
    const bool expired = row != nullptr && ages_.expires_at(*row) <= scan->timing.sent;
    ages_.observe(*scan);
    note_go_workers(scan->leases);
    if (row != nullptr) holder = "held by " + holder_of(*row);
    switch (next_step(row, expired)) {
      case Step::gone:
        co_return failed("its row is gone");
      case Step::refuse: {
        const bool another = !options_.force && !live_go_workers_.empty();
        auto outcome = refused((another ? *live_go_workers_.begin() : holder_of(*row)) +
                               ", which is no kclpp worker and cannot be asked, lives");
        co_return co_await give_up(std::move(change), std::move(outcome));
      }
      case Step::take: {
        Lease as_seen = *row;
        auto outcome = co_await take(std::move(as_seen), change);
        if (outcome.kind == ChangeOutcome::Kind::refused) continue;
        Lease before = *row;
        co_return co_await look_again(std::move(before), std::move(change), std::move(outcome));
      }
      case Step::evict: {
        Lease as_seen = *row;
        auto outcome = co_await evict(std::move(as_seen), change);
        if (outcome.kind == ChangeOutcome::Kind::refused) continue;
        Lease before = *row;
        co_return co_await look_again(std::move(before), std::move(change), std::move(outcome));
      }
      case Step::claim: {
        Lease as_seen = *row;
        const auto claimed = co_await table_.claim(std::move(as_seen));
        if (claimed.kind == leases::ChangeResult::Kind::misuse) co_return failed(claimed.message);
        break;
      }
      case Step::wait:
        break;
    }
    co_await base::sleep_for(loop_, options_.interval, stop);
  }
  const std::string why = stop.requested() ? std::string("stopped by a signal")
                                           : "not handed over in " + duration_text(options_.patience) + "; " + holder;
  auto outcome = failed(why);
  co_return co_await give_up(std::move(change), std::move(outcome));
}

/// Takes a claim back; what was granted meanwhile is taken, and the change is made after all.
Task<ChangeOutcome> LeaseChanger::give_up(Change change, ChangeOutcome outcome) {
  const Claim mine = table_.format().claim_of(table_.options().me);
  for (int i = 0; i < kTries; ++i) {
    auto read = co_await table_.get(change.shard);
    if (!read) continue;
    if (!read->lease || read->lease->claim != mine) co_return outcome;
    Lease row = *std::move(read->lease);
    if (granted_to_me(row)) {
      auto taken = co_await take(std::move(row), change);
      if (taken.kind != ChangeOutcome::Kind::refused) co_return taken;
      continue;
    }
    const auto withdrawn = co_await table_.withdraw_claim(std::move(row));
    if (withdrawn.kind == leases::ChangeResult::Kind::done) co_return outcome;
  }
  outcome.message += "; a claim of it may be left, which does no harm";
  co_return outcome;
}

/// Whether a Go worker, which had read the row before it was changed, has put back what it read.
Task<ChangeOutcome> LeaseChanger::look_again(Lease before, Change change, ChangeOutcome outcome) {
  if (!before.go || !change.start || outcome.kind != ChangeOutcome::Kind::done) co_return outcome;
  base::Stop never;
  co_await base::sleep_for(loop_, options_.interval, never);
  const auto read = co_await table_.get(change.shard);
  const auto& was = before.go->checkpoint;
  const bool put_back = read && read->lease && read->lease->go->checkpoint == was &&
                        was != change.start->checkpoint.text() && !leases::vmware_go_row::may_be_of_kclpp(*read->lease);
  if (!put_back) co_return outcome;
  co_return failed("overwritten by " + holder_of(*read->lease) +
                   ", a Go worker that was just taking the lease: stop it, and do it again");
}

/// Refused: the row had changed, so that the lease is not ours.
Task<ChangeOutcome> LeaseChanger::take(Lease row, Change change) {
  const std::string from = holder_of(row);
  const bool granted = granted_to_me(row);
  // Whose start instant it would be is not for an operator to say.
  leases::TakeMarks marks;
  auto taken = co_await table_.take(std::move(row), marks);
  if (!taken.hold) co_return refused(taken.message);
  leases::HolderResult result;
  for (int i = 0; i < kTries; ++i) {
    if (change.start) {
      leases::Start start = *change.start;
      result = co_await taken.hold->rewind(std::move(start));
    } else {
      result = co_await taken.hold->release(std::nullopt);
    }
    if (taken.hold->given_up()) {
      co_return done(granted ? "handed over by its holder" : from == "nobody" ? "it was free" : "taken from " + from);
    }
    if (result.kind != leases::HolderResult::Kind::unsettled) break;
  }
  co_return unknown(result.message);
}

Task<ChangeOutcome> LeaseChanger::evict(Lease row, Change change) {
  const std::string from = holder_of(row);
  const auto result = co_await table_.evict(std::move(row), change.start);
  switch (result.kind) {
    case leases::ChangeResult::Kind::done:
      co_return done("taken away from " + from + "; workers take it once it has stood still for long enough");
    case leases::ChangeResult::Kind::refused:
      co_return refused(result.message);
    case leases::ChangeResult::Kind::misuse:
      co_return failed(result.message);
    case leases::ChangeResult::Kind::unsettled:
      break;
  }
  co_return unknown(result.message);
}

Task<ChangeOutcome> LeaseChanger::restore(Item row) {
  const auto result = co_await table_.restore(std::move(row));
  switch (result.kind) {
    case leases::CreateResult::Kind::created:
      co_return done("put back; workers take it once it has stood still for long enough");
    case leases::CreateResult::Kind::exists:
      co_return failed("somebody made a row meanwhile");
    case leases::CreateResult::Kind::misuse:
      co_return failed(result.message);
    case leases::CreateResult::Kind::unsettled:
      break;
  }
  co_return unknown(result.message);
}

}  // namespace kcl::operate
