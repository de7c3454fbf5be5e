#include "coordinator/coordinator.h"

#include <algorithm>

#include "base/each.h"
#include "leases/kcl_row.h"
#include "leases/lease_key.h"

namespace kcl::coordinator {

using base::BootTime;
using base::Duration;
using base::Task;
using leases::Lease;

namespace {

// Enough doublings for any table.
constexpr unsigned kLastRound = 20;

// A claim is withdrawn after so many failover times, and a lease that is not given is left alone for this long at most.
constexpr int kClaimPatience = 3;
constexpr Duration kLongestPause = std::chrono::hours(1);

// Once a write of a process that is gone may land late, or an operator may lend a hand.
constexpr int kSignsOfLife = 2;

// A Go worker's checkpoint erases a claim as if by accident; one that gives nothing erases every one.
constexpr int kErasuresBorne = 6;

}  // namespace

Coordinator::Coordinator(base::Loop& loop, base::Random& random, leases::LeaseTable& table, SyncOf sync_of,
                         base::EventLog log, CoordinatorOptions options, Running running, Acquired acquired)
    : loop_(loop),
      random_(random),
      table_(table),
      sync_of_(std::move(sync_of)),
      log_(std::move(log)),
      options_(options),
      running_(std::move(running)),
      acquired_(std::move(acquired)),
      ages_(table.options().failover, table.options().me.worker_id) {}

Task<void> Coordinator::run(base::Stop& stop) {
  while (!stop.requested()) co_await turn(stop);
  co_await settle_claims();
}

/// Before this worker goes: takes its claims back. What was granted meanwhile is taken, for `acquired` to release: left
/// alone it would name a worker that is gone until its age tells.
Task<void> Coordinator::settle_claims() {
  const auto claims = std::exchange(claims_, {});
  for (const auto& [key, claim] : claims) {
    const auto withdrawn = co_await table_.withdraw_claim(claim.observed);
    if (withdrawn.kind == leases::ChangeResult::Kind::done) continue;
    auto read = co_await table_.get(key);
    if (!read || !read->lease) continue;
    if (granted_to_me(*read->lease)) {
      co_await take(*std::move(read->lease), false);
    } else if (table_.format().claims_reserve() && read->lease->claim == my_claim()) {
      // A Go worker has let go for it: left there, the claim would keep everyone away from the shard.
      co_await table_.withdraw_claim(*std::move(read->lease));
    }
  }
}

Task<void> Coordinator::turn(base::Stop& stop) {
  const Duration failover = table_.options().failover;
  // Stale rows show each worker something else, and what they deal to each other lies about.
  auto scan = co_await table_.scan(in_motion_);
  if (!scan) {
    log_.warning("lease_scan_failed", {{"error", scan.error().message}});
    co_await base::sleep_for(loop_, random_.between(failover / 20, failover / 10), stop);
    co_return;
  }
  if (stop.requested()) co_return;
  std::erase_if(scan->leases, [this](const Lease& lease) { return sync_of_(lease.key) == nullptr; });
  ages_.observe(*scan);
  if (!std::exchange(reclaimed_, true) && options_.static_identity) co_await reclaim(*scan);
  look_for_twins(*scan, running_());
  look_for_setbacks(*scan);
  co_await take_granted(*scan, running_());

  const auto leases = shards::by_shard(scan->leases);
  const auto running = running_();
  std::erase_if(refuted_, [&](const auto& entry) { return loop_.now() >= entry.second.until; });
  PlanInput input;
  input.me = table_.options().me.worker_id;
  input.max_leases = options_.max_leases;
  input.round_limit = std::size_t{1} << round_;
  input.balance = options_.balance;
  Owners owners;
  for (const Lease& lease : scan->leases) {
    if (lease.owner && lease.last_written_by_kclpp()) owners.emplace(lease.token->incarnation, *lease.owner);
  }
  for (const auto& [key, lease] : leases) input.leases.push_back(classify(lease, leases, running, owners));
  co_await look_at_neighbours(scan->java_version, input.leases, leases);
  input.neighbours = neighbours_;
  input.may_steal = loop_.now() >= next_steal_;
  plan_ = plan_leases(input);
  outlook_ = look_out(*scan, input.leases, leases);

  moved_ = false;
  std::map<std::string, PlanLease::State> states;
  for (const PlanLease& lease : input.leases) states.emplace(lease.key, lease.state);
  const auto take_one = [&](std::size_t i) {
    const std::string& key = plan_.take[i];
    return take_planned(leases.at(key), states.at(key) == PlanLease::State::expired, stop);
  };
  co_await base::for_each_at_once(loop_, plan_.take.size(), leases::kWritesAtOnce, take_one);
  if (stop.requested()) co_return;
  for (const std::string& key : plan_.claim) {
    if (stop.requested()) co_return;
    co_await claim(leases.at(key));
    moved_ = true;
  }
  for (const std::string& key : plan_.steal) {
    if (stop.requested()) co_return;
    co_await steal(leases.at(key));
  }
  co_await withdraw_old_claims(leases);
  round_ = moved_ ? std::min(round_ + 1, kLastRound) : (plan_.unowned_left ? round_ : 0);
  co_await poked_.wait_until(loop_, next_turn(leases), stop);
}

/// The next scan is due in a tenth of the failover time, sooner while leases are moving, and when someone's age comes
/// to its end.
BootTime Coordinator::next_turn(const shards::LeasesByShard& leases) {
  const Duration failover = table_.options().failover;
  // What it was to take and did not get, another has taken, or it is still there, as is what another is about to take.
  in_motion_ = moved_ || !plan_.take.empty() || plan_.unsettled;
  const Duration pause = in_motion_ ? failover / 40 : failover / 10;
  const BootTime now = loop_.now();
  const BootTime earliest = now + failover / 80;
  BootTime next = now + random_.between(pause * 7 / 10, pause);
  const auto running = running_();
  for (const auto& [key, lease] : leases) {
    if (lease.ended() || running.contains(key)) continue;
    const BootTime expiry = ages_.expires_at(lease);
    if (expiry > now) next = std::min(next, std::max(expiry, earliest));
  }
  return next;
}

/// The lease was handed to this worker in answer to its claim: by the row's content alone (R5).
bool Coordinator::granted_to_me(const Lease& lease) const {
  return table_.format().granted(lease, table_.options().me);
}

leases::Claim Coordinator::my_claim() const { return table_.format().claim_of(table_.options().me); }

bool Coordinator::reserved_for_other(const Lease& lease) const {
  return table_.format().claims_reserve() && lease.claim && lease.claim != my_claim();
}

bool Coordinator::outdated(const Lease& lease) const {
  const auto refuted = refuted_.find(lease.key);
  return refuted != refuted_.end() && lease.counter <= refuted->second.counter && loop_.now() < refuted->second.until;
}

base::EventLog Coordinator::log_of(const std::string& key) const {
  const std::string shard(leases::shard_part(key));
  if (leases::stream_part(key).empty()) return log_.with({{"shard", shard}});
  return log_.with({{"stream", sync_of_(key)->stream()}, {"shard", shard}});
}

std::vector<std::string> Coordinator::blocking_parents(const Lease& lease, const shards::LeasesByShard& leases) const {
  return shards::blocking_parents(lease, sync_of_(lease.key)->last_view().listing, leases);
}

PlanLease Coordinator::classify(const Lease& lease, const shards::LeasesByShard& leases,
                                const std::set<std::string>& running, const Owners& owners) const {
  using State = PlanLease::State;
  const BootTime now = loop_.now();
  const Duration failover = table_.options().failover;
  PlanLease seen;
  seen.key = lease.key;
  seen.ended = lease.ended();
  seen.owner = lease.owner.value_or("");
  if (lease.claim && lease.claim->worker_id != seen.owner) seen.claimer = lease.claim->worker_id;
  // Go workers erase claims without an answer: one is given its time before it is made again.
  if (lease.go && lease.owner && seen.claimer.empty() && claims_.contains(lease.key))
    seen.claimer = table_.options().me.worker_id;
  seen.blocked = !blocking_parents(lease, leases).empty();
  seen.throughput_kbps = lease.throughput_kbps;

  const BootTime expiry = ages_.expires_at(lease);
  const bool reserved = reserved_for_other(lease);
  // Not whatever has no owner: after an operator's release the old holder may still be within its deadline (R4).
  const bool free = lease.let_go() && !reserved;
  BootTime lies_since = now;
  if (running.contains(lease.key)) {
    seen.state = State::ours;
  } else if (outdated(lease)) {
    seen.state = State::waiting;
  } else if (free) {
    seen.state = State::free;
    lies_since = ages_.unchanged_since(lease).value_or(now);
    // One that was only created was never taken: its token says nothing of who leaves.
    const auto holder = lease.token && lease.failover ? owners.find(lease.token->incarnation) : owners.end();
    if (holder != owners.end()) seen.let_go_by = holder->second;
  } else if (expiry <= now) {
    seen.state = State::expired;
    lies_since = expiry;
  } else {
    const bool nobodys = !lease.owner || *lease.owner == table_.options().me.worker_id;
    seen.state = nobodys ? State::waiting : State::theirs;
    // Given to its claimer, who has not come yet.
    if (!lease.owner && reserved) {
      seen.state = State::theirs;
      seen.owner = lease.claim->worker_id;
      seen.claimer = seen.owner;
    }
    seen.foreign = seen.state == State::theirs && !lease.go && !lease.last_written_by_kclpp();
    seen.stealable = seen.foreign && !lease.checkpoint_owner && ages_.stealable_at(lease) <= now;
  }
  seen.left_lying = now - lies_since >= failover / 20;
  seen.overdue = now - lies_since >= failover / 2;
  if (const auto spared = spared_.find(lease.key); spared != spared_.end() && spared->second.until > now) {
    // Counts as load of its owner, and is not asked for again so soon.
    if (seen.state == State::theirs && seen.claimer.empty()) seen.claimer = seen.owner;
  }
  return seen;
}

Outlook Coordinator::look_out(const leases::LeaseScan& scan, const std::vector<PlanLease>& seen,
                              const shards::LeasesByShard& leases) const {
  Outlook outlook;
  outlook.seen = scan.timing.sent;
  outlook.work_to_come = !plan_.claim.empty() || !plan_.steal.empty() || !claims_.empty();
  for (const PlanLease& lease : seen) {
    if (lease.ended) continue;
    const Lease& row = leases.at(lease.key);
    if (lease.blocked) {
      for (std::string& parent : blocking_parents(row, leases)) outlook.waited_for.insert(std::move(parent));
    }
    const bool owned = lease.state == PlanLease::State::ours || lease.state == PlanLease::State::theirs;
    const bool free = !owned && !lease.blocked;
    outlook.free += free ? 1 : 0;
    outlook.work_to_come |= free;
    if (lease.state != PlanLease::State::theirs) continue;
    // Seen for the first time is no sign of life.
    const auto since = ages_.last_change(row).value_or(BootTime{});
    outlook.others_unchanged_since = std::min(outlook.others_unchanged_since, since);
  }
  return outlook;
}

Task<void> Coordinator::take_granted(const leases::LeaseScan& scan, const std::set<std::string>& running) {
  for (const Lease& lease : scan.leases) {
    if (running.contains(lease.key) || !granted_to_me(lease)) continue;
    co_await take(lease, false);
  }
}

/// False when no more are to be taken.
Task<bool> Coordinator::take_planned(Lease lease, bool by_age, base::Stop& stop) {
  const auto taken = co_await take(std::move(lease), by_age);
  moved_ |= taken.has_value();
  co_return !stop.requested();
}

Task<std::optional<std::uint64_t>> Coordinator::take(Lease lease, bool by_age) {
  if (by_age) {
    // The deciding read: sent when the age has been reached, strongly consistent, and showing the row as it was aged.
    const BootTime sent = loop_.now();
    auto read = co_await table_.get(lease.key);
    if (!read || !read->lease) co_return std::nullopt;
    const bool aged = ages_.expires_at(*read->lease) <= sent;
    ages_.observe(*read->lease, read->timing);
    if (!aged || ages_.expires_at(*read->lease) > loop_.now()) co_return std::nullopt;
    lease = *std::move(read->lease);
  }
  const std::string previous = lease.owner.value_or("nobody");
  const std::string key = lease.key;
  const std::int64_t counter = lease.counter;
  const leases::TakeMarks marks = sync_of_(key)->marks_for(key);
  auto result = co_await table_.take(std::move(lease), marks);
  if (!result.hold) {
    if (result.refused) refuted_[key] = {.counter = counter, .until = loop_.now() + table_.options().failover};
    log_of(key).debug("lease_not_taken", {{"reason", result.message}});
    co_return std::nullopt;
  }
  claims_.erase(key);
  erased_.erase(key);
  const std::uint64_t epoch = result.hold->epoch();
  log_of(key).with({{"epoch", epoch}}).info("lease_taken", {{"from", previous}});
  acquired_(std::move(result.hold));
  co_return epoch;
}

/// At the start of a worker of static identity, once: what its predecessor held. Each row is read before it is taken,
/// and the take begins a new epoch; whoever raced is left alone, and waits for its age like anyone else.
Task<void> Coordinator::reclaim(const leases::LeaseScan& scan) {
  const auto& me = table_.options().me;
  const auto of_my_predecessor = [&](const Lease& lease) {
    return lease.owner == me.worker_id && lease.last_written_by_kclpp() && lease.token->incarnation != me.incarnation &&
           !lease.checkpoint_owner && !lease.ended();
  };
  for (const Lease& lease : scan.leases) {
    if (!of_my_predecessor(lease)) continue;
    auto read = co_await table_.get(lease.key);
    if (!read || !read->lease || !of_my_predecessor(*read->lease)) continue;
    const auto epoch = co_await take(*std::move(read->lease), false);
    if (epoch) log_of(lease.key).info("lease_reclaimed", {{"epoch", *epoch}});
  }
}

/// Two live processes with one worker id: each takes the other for itself (lease-traces 5). They fence each other by
/// their tokens; people must be told.
void Coordinator::look_for_twins(const leases::LeaseScan& scan, const std::set<std::string>& running) {
  const auto& me = table_.options().me;
  const bool alive = std::ranges::any_of(scan.leases, [&](const Lease& lease) {
    const bool of_another_life =
        lease.owner == me.worker_id && lease.last_written_by_kclpp() && lease.token->incarnation != me.incarnation;
    return of_another_life && !running.contains(lease.key) && ages_.renewals(lease) >= kSignsOfLife;
  });
  if (!alive || loop_.now() < next_twin_report_) return;
  next_twin_report_ = loop_.now() + std::chrono::minutes(10);
  log_.error("worker_id_in_use", {{"error", "another live process has the worker id " + me.worker_id +
                                                ": give each its own; nothing is taken from it"}});
}

/// No kclpp worker moves a checkpoint backwards.
void Coordinator::look_for_setbacks(const leases::LeaseScan& scan) {
  if (!table_.format().checkpoints_may_go_back()) return;
  for (const auto& setback : checkpoints_.look(scan.leases)) {
    log_of(setback.key)
        .error("checkpoint_moved_back",
               {{"from", setback.from.text()},
                {"to", setback.to.text()},
                {"owner", setback.owner},
                {"what_to_do",
                 "a Go worker that had lost this lease wrote all the same, or somebody wound it back: the records "
                 "between the two come again"}});
  }
}

Task<void> Coordinator::look_at_neighbours(const std::optional<std::string>& java_version,
                                           const std::vector<PlanLease>& seen, const shards::LeasesByShard& leases) {
  bool java_lives = false;
  for (const PlanLease& lease : seen) {
    java_lives |= lease.foreign && ages_.renewals(leases.at(lease.key)) >= kSignsOfLife;
  }
  std::optional<std::string> version = java_version;
  if (!version && java_lives && options_.java_state != nullptr) {
    if (loop_.now() >= java_version_due_) {
      java_version_due_ = loop_.now() + std::chrono::minutes(1);
      const std::string key(leases::kcl_row::kJavaMigration);
      const BootTime deadline = loop_.now() + table_.options().call_timeout;
      auto answer = co_await options_.java_state->get(key, true, deadline);
      // A table that is not there, or not ours to read, tells nothing: then Java keeps to the rules of 2.x.
      const bool told = answer.value && answer.value->row;
      java_version_ = told ? leases::kcl_row::java_version(*answer.value->row) : std::nullopt;
    }
    version = java_version_;
  }
  const Neighbours now = neighbours_of(java_lives, version);
  if (now == neighbours_) co_return;
  neighbours_ = now;
  log_.info("neighbours", {{"on_the_lease_table", name_of(now)}, {"java_version", version.value_or("")}});
}

/// From a Java worker that lives, by its counter, as Java workers do it to each other; one in two failover times, like
/// them.
Task<void> Coordinator::steal(Lease lease) {
  next_steal_ = loop_.now() + 2 * table_.options().failover;
  const auto owner = lease.owner;
  const auto token = lease.token;
  auto read = co_await table_.get(lease.key);
  if (!read || !read->lease) co_return;
  ages_.observe(*read->lease, read->timing);
  const Lease& row = *read->lease;
  const bool as_seen = row.owner == owner && row.token == token && !row.last_written_by_kclpp() &&
                       !row.checkpoint_owner && !row.ended() && ages_.stealable_at(row) <= read->timing.sent;
  if (as_seen) co_await take(*std::move(read->lease), false);
}

Task<void> Coordinator::claim(Lease lease) {
  OwnClaim claim;
  claim.observed = lease;
  claim.since = loop_.now();
  const auto result = co_await table_.claim(lease);
  if (result.kind == leases::ChangeResult::Kind::refused) co_return;
  log_of(lease.key).info("lease_claimed", {{"owner", lease.owner.value_or("")}});
  const std::string key = lease.key;
  claims_.insert_or_assign(key, std::move(claim));
}

/// A holder that does not hand over in time (a long callback, or it is dead and its age will tell) is left alone for a
/// while, longer each time.
Task<void> Coordinator::withdraw_old_claims(const shards::LeasesByShard& leases) {
  const Duration patience = kClaimPatience * table_.options().failover;
  const BootTime now = loop_.now();
  std::erase_if(spared_, [&](const auto& entry) {
    const auto row = leases.find(entry.first);
    return row == leases.end() || row->second.owner != entry.second.owner;
  });
  std::vector<Lease> overdue;
  for (auto it = claims_.begin(); it != claims_.end();) {
    const auto row = leases.find(it->first);
    const bool settled =
        row == leases.end() || (row->second.claim != my_claim() && now - it->second.since > table_.options().failover);
    if (settled) {
      const auto& owner = it->second.observed.owner;
      if (row != leases.end() && owner && row->second.owner == owner) note_erased(it->first, *owner);
      it = claims_.erase(it);
      continue;
    }
    if (now - it->second.since > patience) overdue.push_back(it->second.observed);
    ++it;
  }
  for (Lease& lease : overdue) {
    const std::string key = lease.key;
    const std::string owner = lease.owner.value_or("");
    const auto result = co_await table_.withdraw_claim(std::move(lease));
    if (result.kind == leases::ChangeResult::Kind::unsettled) continue;
    log_of(key).info("lease_claim_withdrawn", {{"owner", owner}});
    claims_.erase(key);
    spare(key, owner);
  }
}

/// A claim that vanished without an answer is made again, and again, and then left for a while.
void Coordinator::note_erased(const std::string& key, const std::string& owner) {
  if (++erased_[key] < kErasuresBorne) return;
  erased_.erase(key);
  log_of(key).info("lease_claim_erased", {{"owner", owner}});
  spare(key, owner);
}

void Coordinator::spare(const std::string& key, const std::string& owner) {
  const Duration patience = kClaimPatience * table_.options().failover;
  Spared& spared = spared_[key];
  spared.owner = owner;
  spared.pause = std::min(std::max(patience, 2 * spared.pause), std::max(patience, kLongestPause));
  spared.until = loop_.now() + spared.pause;
}

}  // namespace kcl::coordinator
