// One lease that this worker holds, from the take that began its epoch to its end. Every write of a holder is made
// here, once: conditional on counter, owner and token as last known, settled by the attempt's own token when the answer
// was lost or refused.
//
// Guarantees
//  - Fenced (C4): nothing is written once the row has been someone else's.
//  - Stop before others start (C8): valid_until() counts from when the last committed write was sent. After it nothing
//  but a renewal
//    is sent, and may_deliver() is false, until a renewal commits again.
//  - Java 3.x's graceful hand-off is obeyed: the row is still this worker's to write, to drain, and to give away.
//  - In doubt (lease-traces R1): once a release, a grant or a shard's end was sent and neither refused for certain nor
//  overtaken by a
//    later own write, may_deliver() is false and no checkpoint is sent.
//
// Lives on the strand. Writes are made one at a time; a caller waits for the one before. Each call takes at most about
// two call timeouts of the table and never throws.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/async_mutex.h"
#include "base/task.h"
#include "base/wait.h"
#include "leases/lease.h"
#include "leases/row_format.h"
#include "ports/item_store.h"

namespace kcl::leases {

class LeaseTable;

struct HolderResult {
  enum class Kind : std::uint8_t {
    committed,
    lost,        ///< the row is another's, or gone: the hold has ended
    claim_gone,  ///< only of a grant: nobody claims any more; the lease is still held
    unsettled,   ///< not known to be stored, the lease not known to be lost: try again
    misuse,      ///< the store refuses such requests altogether: a person must look
  };
  Kind kind = Kind::committed;
  std::string message;

  bool committed() const noexcept { return kind == Kind::committed; }
};

class LeaseHold {
 public:
  /// Made by LeaseTable::take.
  LeaseHold(LeaseTable& table, Lease row, base::BootTime committed_write_sent);
  LeaseHold(const LeaseHold&) = delete;
  LeaseHold& operator=(const LeaseHold&) = delete;

  const std::string& key() const noexcept { return row_.key; }
  /// The leaseCounter written by the take.
  std::uint64_t epoch() const noexcept { return epoch_; }
  const RowFormat& format() const;
  /// The row as the last settled write left it.
  const Lease& row() const noexcept { return row_; }

  base::BootTime valid_until() const noexcept { return valid_until_; }
  bool ended() const noexcept { return ended_; }
  /// It ended by our own stored write: released, granted, or the shard's end. Otherwise an ended hold was lost.
  bool given_up() const noexcept { return given_up_; }
  bool in_doubt() const noexcept;
  /// Ask right before each call into user code.
  bool may_deliver() const;
  /// Who asked for this lease, as of the last settled write: by a claim, or by Java's hand-off (no incarnation then).
  std::optional<Claim> claimed_by() const;
  /// When a write was last known to be committed.
  base::BootTime last_commit() const noexcept { return last_commit_; }

  /// JSON for people, stored with the next write that is due anyway.
  void set_status(std::string status) { status_ = std::move(status); }
  /// What the shard brings, in kilobytes a second; stored likewise.
  void set_throughput(double kilobytes_per_second) { throughput_kbps_ = kilobytes_per_second; }

  base::Task<HolderResult> renew();
  /// Stores a position; also a renewal.
  base::Task<HolderResult> checkpoint(Position position);
  /// Stores SHARD_END with the children and gives up the ownership of a lease that needs no owner any more.
  base::Task<HolderResult> end_shard(std::set<std::string> children);
  /// Gives the lease up, for anyone to take at once; with a last position if there is a new one.
  base::Task<HolderResult> release(std::optional<Position> last);
  /// Gives the lease up likewise, with reading to go on wherever `start` says, backwards too: an operator's rewind.
  base::Task<HolderResult> rewind(Start start);
  /// Gives the lease to the worker that claimed_by() names.
  base::Task<HolderResult> grant(std::optional<Position> last);

 private:
  using Kind = HolderWriteKind;
  struct Change {
    Kind kind = Kind::renew;
    std::optional<Position> position;
    /// Of a rewind.
    std::optional<Start> start;
    std::set<std::string> children;
  };
  /// A write that was sent and is not known to have failed for good.
  struct Attempt {
    Token token;
    base::BootTime sent{};
    Kind kind = Kind::renew;
    /// Whom the row names if this attempt committed.
    std::optional<std::string> owner_after;
  };
  enum class Verdict : std::uint8_t { committed, earlier_committed, handed_off, not_yet, lost };

  /// Java's leader has named another owner, and this worker as the one that may still write until it has let go.
  bool handed_off() const { return handed_off(row_); }
  bool handed_off(const Lease& row) const;

  base::Task<HolderResult> write(Change change);
  std::optional<std::string> owner_after(Kind kind) const;
  std::optional<HolderResult> refuse_to_send(const Change& change) const;
  HolderWrite write_of(const Change& change, const Attempt& attempt) const;
  Verdict settle(const std::optional<Lease>& row, const Token& attempt);
  void forget_oldest();
  void forget(const Token& attempt);
  HolderResult end(HolderResult::Kind kind, std::string message);

  LeaseTable& table_;
  Lease row_;
  std::uint64_t epoch_;
  base::BootTime last_commit_;
  base::BootTime valid_until_;
  bool ended_ = false;
  bool given_up_ = false;
  std::vector<Attempt> pending_;
  std::string status_;
  std::optional<double> throughput_kbps_;
  base::AsyncMutex writing_;
};

}  // namespace kcl::leases
