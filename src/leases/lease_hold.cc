#include "leases/lease_hold.h"

#include <algorithm>

#include "leases/lease_table.h"

namespace kcl::leases {

using base::Task;

LeaseHold::LeaseHold(LeaseTable& table, Lease row, base::BootTime committed_write_sent)
    : table_(table),
      row_(std::move(row)),
      epoch_(static_cast<std::uint64_t>(row_.counter)),
      last_commit_(committed_write_sent),
      valid_until_(committed_write_sent + table.options().holding_time()),
      writing_(table.loop()) {}

const RowFormat& LeaseHold::format() const { return table_.format(); }

bool LeaseHold::in_doubt() const noexcept {
  return std::any_of(pending_.begin(), pending_.end(), [](const Attempt& attempt) { return gives_up(attempt.kind); });
}

bool LeaseHold::may_deliver() const { return !ended_ && !in_doubt() && table_.loop().now() < valid_until_; }

bool LeaseHold::handed_off(const Lease& row) const {
  return row.checkpoint_owner == table_.options().me.worker_id && row.owner && *row.owner != *row.checkpoint_owner;
}

std::optional<Claim> LeaseHold::claimed_by() const {
  if (handed_off()) return Claim{.incarnation = {}, .worker_id = *row_.owner};
  return row_.claim;
}

/// Whom the row names once a write of this kind has committed.
std::optional<std::string> LeaseHold::owner_after(Kind kind) const {
  switch (kind) {
    case Kind::renew:
    case Kind::checkpoint:
      break;
    case Kind::grant:
      if (handed_off()) return claimed_by()->worker_id;
      return table_.format().owner_after_grant(*claimed_by());
    case Kind::release:
    case Kind::rewind:
      // Java's leader has already said whose it is next.
      if (handed_off()) break;
      return std::nullopt;
    case Kind::end_shard:
      return std::nullopt;
  }
  return row_.owner;
}

// The changes are built on lines of their own: g++ 12 destroys temporaries of aggregate type twice when they stand in
// an expression with co_await.
Task<HolderResult> LeaseHold::renew() {
  Change change;
  return write(std::move(change));
}

Task<HolderResult> LeaseHold::checkpoint(Position position) {
  Change change;
  change.kind = Kind::checkpoint;
  change.position = std::move(position);
  return write(std::move(change));
}

Task<HolderResult> LeaseHold::end_shard(std::set<std::string> children) {
  Change change;
  change.kind = Kind::end_shard;
  change.position = Position::shard_end();
  change.children = std::move(children);
  return write(std::move(change));
}

Task<HolderResult> LeaseHold::release(std::optional<Position> last) {
  Change change;
  change.kind = Kind::release;
  change.position = std::move(last);
  return write(std::move(change));
}

Task<HolderResult> LeaseHold::rewind(Start start) {
  Change change;
  change.kind = Kind::rewind;
  change.start = std::move(start);
  return write(std::move(change));
}

Task<HolderResult> LeaseHold::grant(std::optional<Position> last) {
  Change change;
  change.kind = Kind::grant;
  change.position = std::move(last);
  return write(std::move(change));
}

Task<HolderResult> LeaseHold::write(Change change) {
  const auto guard = co_await writing_.lock();
  for (;;) {
    if (auto refusal = refuse_to_send(change)) co_return *std::move(refusal);

    Attempt attempt;
    attempt.token = table_.format().holder_token(row_, change.kind, table_.author());
    attempt.kind = change.kind;
    attempt.owner_after = owner_after(change.kind);
    attempt.sent = table_.loop().now();
    const Token token = attempt.token;
    ItemUpdate update = table_.format().holder_write(row_, write_of(change, attempt));
    pending_.push_back(std::move(attempt));
    forget_oldest();

    auto outcome = co_await table_.send(std::move(update));
    if (outcome.kind == WriteOutcome::Kind::not_applied || outcome.kind == WriteOutcome::Kind::misuse) {
      forget(token);
      const bool misuse = outcome.kind == WriteOutcome::Kind::misuse;
      co_return HolderResult{misuse ? HolderResult::Kind::misuse : HolderResult::Kind::unsettled, outcome.message};
    }
    auto row = co_await table_.row_after(row_.key, std::move(outcome));
    if (!row) {
      co_return HolderResult{HolderResult::Kind::unsettled, row.error().message};
    }
    const bool certain = row->certain;
    switch (settle(row->lease, token)) {
      case Verdict::committed:
        co_return HolderResult{};
      case Verdict::earlier_committed:
      case Verdict::handed_off:
        continue;
      case Verdict::lost:
        co_return end(HolderResult::Kind::lost,
                      row->lease ? "held by " + row->lease->owner.value_or("nobody") : "its row is gone");
      case Verdict::not_yet:
        break;
    }
    // The row is as we left it: refused for another reason than the counter (the claim), or still under way.
    if (certain) forget(token);
    const bool claim_gone = certain && change.kind == Kind::grant;
    if (row->lease) {
      row_.claim = row->lease->claim;
      row_.go = row->lease->go;
    }
    if (claim_gone) co_return HolderResult{HolderResult::Kind::claim_gone, "the claim was withdrawn"};
    co_return HolderResult{HolderResult::Kind::unsettled, "the store did not answer, and the row is unchanged so far"};
  }
}

/// What makes a write wrong to send at this moment.
std::optional<HolderResult> LeaseHold::refuse_to_send(const Change& change) const {
  if (ended_) return HolderResult{HolderResult::Kind::lost, "the lease has ended"};
  // Two checkpoints may have been asked for at once: the one behind has nothing left to do (C4).
  const bool behind = change.position && row_.checkpoint.is_real() && *change.position <= row_.checkpoint;
  if (behind && !gives_up(change.kind)) return HolderResult{};
  if (change.kind == Kind::grant && !claimed_by())
    return HolderResult{HolderResult::Kind::claim_gone, "nobody claims it"};
  if (change.kind == Kind::renew) return std::nullopt;
  if (table_.loop().now() >= valid_until_) {
    return HolderResult{HolderResult::Kind::unsettled, "no renewal has been stored for too long; waiting for one"};
  }
  if (!gives_up(change.kind) && in_doubt()) {
    return HolderResult{HolderResult::Kind::unsettled, "a release of this lease is in doubt; waiting for a renewal"};
  }
  return std::nullopt;
}

HolderWrite LeaseHold::write_of(const Change& change, const Attempt& attempt) const {
  HolderWrite write;
  write.kind = change.kind;
  write.token = attempt.token;
  write.owner_after = attempt.owner_after;
  if (change.position && !(row_.checkpoint.is_real() && *change.position <= row_.checkpoint)) {
    write.position = change.position;
  }
  write.start = change.start;
  write.children = change.children;
  write.handed_off = handed_off();
  write.status = status_;
  write.throughput_kbps = throughput_kbps_;
  return write;
}

/// What the row, read after the attempt was answered or given up, says about it.
LeaseHold::Verdict LeaseHold::settle(const std::optional<Lease>& row, const Token& attempt) {
  if (!row) return Verdict::lost;
  if (row->counter == row_.counter && row->token == row_.token && row->owner == row_.owner) return Verdict::not_yet;

  // Mine iff the token is exactly that of an attempt of mine, nobody has written since (R2), and the owner is whom the
  // attempt named.
  const auto mine = std::find_if(pending_.begin(), pending_.end(), [&](const Attempt& sent) {
    return row->token == sent.token && row->counter == sent.token.counter && row->owner == sent.owner_after;
  });
  if (mine == pending_.end()) {
    // Java's leader changes owner and checkpointOwner alone: nobody has written since our last write.
    if (row->counter != row_.counter || row->token != row_.token || !handed_off(*row)) return Verdict::lost;
    row_ = *row;
    // Whatever is under way was conditional on the owner before.
    pending_.clear();
    return Verdict::handed_off;
  }

  last_commit_ = std::max(last_commit_, mine->sent);
  valid_until_ = last_commit_ + table_.options().holding_time();
  ended_ = given_up_ = gives_up(mine->kind);
  const bool this_one = mine->token == attempt;
  row_ = *row;
  // Whatever else was under way was conditional on the counter before: it can no longer land.
  pending_.clear();
  return this_one || ended_ ? Verdict::committed : Verdict::earlier_committed;
}

/// Through an outage of hours: a renewal that was sent so long ago does not land any more, and if it did, the lease
/// would only count as lost. What gives it up is never forgotten (R1).
void LeaseHold::forget_oldest() {
  constexpr std::size_t kMostPending = 256;
  if (pending_.size() <= kMostPending) return;
  const auto oldest = std::ranges::find_if(pending_, [](const Attempt& sent) { return !gives_up(sent.kind); });
  if (oldest != pending_.end()) pending_.erase(oldest);
}

void LeaseHold::forget(const Token& attempt) {
  std::erase_if(pending_, [&](const Attempt& sent) { return sent.token == attempt; });
}

HolderResult LeaseHold::end(HolderResult::Kind kind, std::string message) {
  ended_ = true;
  pending_.clear();
  return {kind, std::move(message)};
}

}  // namespace kcl::leases
