// Every conditional write that kclpp makes to the lease table is made here or in LeaseHold, and nowhere else. Works on
// any row format over any item store. Lives on the strand; each call takes at most about two call timeouts; none
// throws.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/loop.h"
#include "base/task.h"
#include "leases/lease.h"
#include "leases/lease_hold.h"
#include "leases/row_format.h"
#include "ports/item_store.h"

namespace kcl::leases {

/// What one worker sends at a time when it has many rows to create or to take.
inline constexpr std::size_t kWritesAtOnce = 16;

struct LeaseTableOptions {
  Identity me;
  /// F: a lease whose holder wrote nothing for so long may be taken by others.
  base::Duration failover = std::chrono::seconds(10);
  /// Of one call to the store.
  base::Duration call_timeout = std::chrono::milliseconds(2'500);
  LeaseFormat format = LeaseFormat::kcl;

  /// How long a committed write lets its holder work, from when it was sent: 2 % for clocks that run at different
  /// rates, a tenth of F as margin (C8).
  base::Duration holding_time() const { return failover * 98 / 100 - failover / 10; }
};

struct LeaseScan {
  std::vector<Lease> leases;
  struct Unreadable {
    std::string key;
    std::string problem;
  };
  std::vector<Unreadable> unreadable;
  /// What a row for the whole application says; empty without one, and in formats that have none.
  std::optional<ApplicationMarks> application;
  /// What Java KCL 3.5 keeps of its own version in the lease table: `cv` of its row `Migration3.0`.
  std::optional<std::string> java_version;
  /// From the sending of the first page to the receipt of the last.
  ports::Timing timing;
};

struct LeaseRead {
  std::optional<Lease> lease;
  ports::Timing timing;
};

struct CreateResult {
  enum class Kind : std::uint8_t { created, exists, unsettled, misuse };
  Kind kind = Kind::unsettled;
  std::string message;
};

struct TakeResult {
  /// Null when the lease was not, or is not known to have been, taken.
  std::unique_ptr<LeaseHold> hold;
  /// Why not: refused means that the row had changed.
  bool refused = false;
  std::string message;
};

struct ChangeResult {
  enum class Kind : std::uint8_t { done, refused, unsettled, misuse };
  Kind kind = Kind::unsettled;
  std::string message;
};

class LeaseTable {
 public:
  LeaseTable(base::Loop& loop, ports::ItemStore& store, LeaseTableOptions options);
  LeaseTable(const LeaseTable&) = delete;
  LeaseTable& operator=(const LeaseTable&) = delete;

  const LeaseTableOptions& options() const noexcept { return options_; }
  const RowFormat& format() const noexcept { return format_; }
  base::Loop& loop() noexcept { return loop_; }

  base::Task<StoreResult<void>> ensure(CreateTable create, base::Duration patience);
  base::Task<StoreResult<LeaseScan>> scan(bool consistent);
  /// Strongly consistent.
  base::Task<StoreResult<LeaseRead>> get(std::string key);

  /// Puts the row for the whole application, if there is none. Only in formats that have one.
  base::Task<CreateResult> create_application_row(ApplicationMarks marks);
  /// Puts a new, unowned row, if there is none with its key. Fills counter and token.
  base::Task<CreateResult> create(Lease lease, Origin origin);
  /// Takes the lease if its row still is as `observed`. The caller has made sure that it may (see
  /// coordinator/lease_ages.h).
  base::Task<TakeResult> take(Lease observed, TakeMarks marks);
  /// Asks the owner to hand the lease over.
  base::Task<ChangeResult> claim(Lease observed);
  /// Takes back this worker's claim, unless the lease was granted meanwhile.
  base::Task<ChangeResult> withdraw_claim(Lease observed);
  /// Removes the row if it still is as `observed`.
  base::Task<ChangeResult> remove(Lease observed);

  // What only operators do.

  /// Takes the lease away from whoever has it, without asking, if the row still is as `observed`; with reading to go on
  /// wherever `start` says. Its holder finds out by its next write, which is refused. Nobody takes the lease before the
  /// row has aged, since that holder may be within its deadline until then (R4).
  base::Task<ChangeResult> evict(Lease observed, std::optional<Start> start);
  /// Puts a row back that was exported, if there is none with its key: with every attribute as it was, those of others
  /// too, but owned and claimed by nobody; taken by age, as a repair. Precondition: the format takes it for a lease.
  base::Task<CreateResult> restore(Item row);

  /// The store's clock now, as far as its answers told.
  Timestamp server_now() const;

 private:
  friend class LeaseHold;
  struct RowAfter {
    std::optional<Lease> lease;
    /// The write it follows has been answered: it will not land later.
    bool certain = false;
  };

  /// Of the next attempt.
  Author author();
  base::BootTime call_deadline() const { return loop_.now() + options_.call_timeout; }
  void learn_server_time(const ports::Timing& timing);
  void add_row(const Item& row, LeaseScan& scan) const;
  base::Task<CreateResult> create_row(std::string key, Item row, std::optional<Token> token);
  base::Task<WriteOutcome> send(ItemUpdate update);
  /// The row that an applied, refused or unknown write left behind: as the store told, or read back.
  base::Task<StoreResult<RowAfter>> row_after(std::string key, WriteOutcome outcome);

  base::Loop& loop_;
  ports::ItemStore& store_;
  LeaseTableOptions options_;
  const RowFormat& format_;
  std::uint64_t attempts_ = 0;
  std::optional<std::pair<Timestamp, base::BootTime>> server_clock_;
};

}  // namespace kcl::leases
