#include "coordinator/lease_ages.h"

#include <algorithm>
#include <set>
#include <string_view>

namespace kcl::coordinator {

using base::BootTime;
using base::Duration;
using leases::Lease;

namespace {

// However fast its writer's clock was, nobody waits for a Go row's time longer than this or three failover times. No
// holder's failover time is longer (worker/config_check.cc).
constexpr Duration kLongestPatience = std::chrono::minutes(1);
// vmware-go's LeaseStealingClaimTimeoutMillis.
constexpr Duration kClaimTime = std::chrono::minutes(2);

std::string_view incarnation_of(const std::optional<leases::Token>& token) {
  return token ? std::string_view(token->incarnation) : std::string_view();
}

}  // namespace

void LeaseAges::note_read(const ports::Timing& timing) {
  if (timing.server_time) server_clock_.emplace(*timing.server_time, timing.received);
  if (last_read_ && timing.sent - *last_read_ > failover_ / 3) {
    nothing_expires_before_ = timing.received + failover_ / 3;
    watched_since_ = timing.received;
  }
  last_read_ = timing.received;
}

bool LeaseAges::unchanged(const Seen& seen, const Lease& lease) {
  return seen.counter == lease.counter && seen.token == lease.token && seen.owner == lease.owner &&
         (!lease.go || seen.checkpoint == lease.checkpoint);
}

void LeaseAges::update(const Lease& lease, BootTime received) {
  const auto [it, first] = seen_.try_emplace(lease.key);
  Seen& seen = it->second;
  if (first || seen.token != lease.token) seen.token_since = received;
  if (first) {
    seen.since = received;
  } else if (!unchanged(seen, lease)) {
    // How long this very holder is silent between two writes; our own blindness says nothing about it.
    const bool same_holder = lease.owner && seen.owner == lease.owner;
    if (!same_holder) seen.longest_gap = {};
    if (same_holder) seen.longest_gap = std::max(seen.longest_gap, received - std::max(seen.since, watched_since_));
    seen.since = received;
    seen.changed = received;
    const bool by_kclpp = seen.token && seen.token->counter == seen.counter;
    const bool same_life = same_holder && by_kclpp == lease.last_written_by_kclpp() &&
                           incarnation_of(seen.token) == incarnation_of(lease.token);
    seen.renewals = same_life ? seen.renewals + 1 : 0;
  }
  seen.counter = lease.counter;
  seen.token = lease.token;
  seen.owner = lease.owner;
  if (lease.go) seen.checkpoint = lease.checkpoint;
}

void LeaseAges::observe(const leases::LeaseScan& scan) {
  note_read(scan.timing);
  std::set<std::string> shown;
  for (const Lease& lease : scan.leases) {
    shown.insert(lease.key);
    update(lease, scan.timing.received);
  }
  std::erase_if(seen_, [&](const auto& entry) { return !shown.contains(entry.first); });
}

void LeaseAges::observe(const Lease& lease, const ports::Timing& timing) {
  note_read(timing);
  update(lease, timing.received);
}

std::optional<BootTime> LeaseAges::unchanged_since(const Lease& lease) const {
  const auto it = seen_.find(lease.key);
  if (it == seen_.end() || !unchanged(it->second, lease)) return std::nullopt;
  return it->second.since;
}

std::optional<BootTime> LeaseAges::last_change(const Lease& lease) const {
  return unchanged_since(lease) ? seen_.at(lease.key).changed : std::nullopt;
}

/// How long a kclpp holder of this row may be silent.
Duration LeaseAges::holders_time(const Lease& lease) const {
  return std::max<Duration>(failover_, lease.failover.value_or(std::chrono::milliseconds(0)));
}

BootTime LeaseAges::stealable_at(const Lease& lease) const {
  const auto it = seen_.find(lease.key);
  if (it == seen_.end() || it->second.token != lease.token || it->second.owner != lease.owner) return base::kForever;
  return std::max(it->second.token_since + holders_time(lease), nothing_expires_before_);
}

int LeaseAges::renewals(const Lease& lease) const {
  const auto it = seen_.find(lease.key);
  return it == seen_.end() ? 0 : it->second.renewals;
}

BootTime LeaseAges::go_row_expires_at(const Lease& lease, BootTime since) const {
  const Duration reserved = lease.claim && lease.claim->worker_id != me_ ? kClaimTime : Duration::zero();
  const BootTime at_the_latest = since + std::max(3 * failover_, kLongestPatience) + reserved;
  if (!lease.timeout || !server_clock_) return at_the_latest;
  const auto& [server, heard] = *server_clock_;
  // Far times are only compared, never added to: somebody may have written any.
  const auto wait = std::clamp<Duration>(*lease.timeout - server, -kClaimTime, at_the_latest - BootTime{});
  return std::min(at_the_latest, std::max(since + failover_, heard + wait + reserved));
}

BootTime LeaseAges::expires_at(const Lease& lease) const {
  const auto since = unchanged_since(lease);
  if (!since) return base::kForever;
  const Seen& seen = seen_.at(lease.key);
  if (lease.go) return std::max(go_row_expires_at(lease, *since), nothing_expires_before_);
  const Duration holders = holders_time(lease);
  BootTime expiry = *since + holders;
  if (!lease.last_written_by_kclpp()) {
    // Java renews in passes that may hang: be patient with it. And an unchanged token is the proof that no kclpp holder
    // from before Java is still within its deadline (R3).
    expiry = std::max(*since + std::max(2 * failover_, 3 * seen.longest_gap), seen.token_since + holders);
  }
  return std::max(expiry, nothing_expires_before_);
}

}  // namespace kcl::coordinator
