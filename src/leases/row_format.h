// A way to write leases down: what a row says, and what each write of the protocol looks like in it. When a write is
// made and what became of it is decided by LeaseTable, LeaseHold and the coordinator, once for all formats. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <kcl/item_store.h>
#include <kcl/lease_format.h>
#include <kcl/result.h>

#include "base/loop.h"
#include "leases/lease.h"

namespace kcl::leases {

/// Why a row is created.
enum class Origin : std::uint8_t {
  fresh,   ///< nobody can have run this lease yet: it may be taken at once
  repair,  ///< it may have had a row, whose holder may still be within its deadline: it is taken by age, like an owned
           ///< one
};

/// Who writes, and when: what names one attempt of a write and no other.
struct Author {
  Identity me;
  /// Unique within the incarnation.
  std::uint64_t attempt = 0;
  /// The store's clock.
  Timestamp server_now{};
  base::Duration failover{};
};

/// What a take adds to a row that has it not: one that Java created.
struct TakeMarks {
  /// Absent: whoever takes it does not know, and leaves it to the next one.
  std::optional<Timestamp> start_instant;
  std::optional<std::chrono::sys_seconds> stream_created;
};

enum class HolderWriteKind : std::uint8_t { renew, checkpoint, end_shard, release, rewind, grant };
constexpr bool gives_up(HolderWriteKind kind) {
  return kind != HolderWriteKind::renew && kind != HolderWriteKind::checkpoint;
}

/// A write of the holder.
struct HolderWrite {
  HolderWriteKind kind = HolderWriteKind::renew;
  Token token;
  /// Whom the row names after it.
  std::optional<std::string> owner_after;
  /// Only if it is ahead of the stored one.
  std::optional<Position> position;
  /// Of a rewind: where reading is to go on, backwards too.
  std::optional<Start> start;
  std::set<std::string> children;
  /// Java's leader has named another owner, and this worker as the one that may still write until it has let go.
  bool handed_off = false;
  /// For people.
  std::string status;
  std::optional<double> throughput_kbps;
};

/// What holds for the whole application, in formats whose lease rows cannot carry it.
struct ApplicationMarks {
  Timestamp start_instant{};
  std::optional<std::chrono::sys_seconds> stream_created;
};

class RowFormat {
 public:
  RowFormat() = default;
  RowFormat(const RowFormat&) = delete;
  RowFormat& operator=(const RowFormat&) = delete;
  virtual ~RowFormat() = default;

  virtual LeaseFormat format() const = 0;
  std::string_view key_attribute() const { return key_attribute_of(format()); }

  // Reading

  /// False for rows that are none of a shard.
  virtual bool is_lease(const Item& row) const = 0;
  /// The lease, or what is wrong with the row, for people.
  virtual Result<Lease, std::string> parse(const Item& row) const = 0;
  /// What the row says of the application; nothing of any other row.
  virtual std::optional<ApplicationMarks> application(const Item& row) const = 0;
  /// Handed to this worker in answer to its claim: by the row's content alone (lease-traces R5).
  virtual bool granted(const Lease& lease, const Identity& me) const = 0;

  // What differs in the protocol itself

  /// The application's marks are in a row of their own, without which no lease is created; else in every lease row.
  virtual bool has_application_row() const = 0;
  /// A claim keeps all but its author from the lease for a time, also when nobody holds it any more.
  virtual bool claims_reserve() const = 0;
  /// Others need the rows of ended shards for as long as these are listed.
  virtual bool keeps_ended_rows() const = 0;
  /// Others may write without a condition, also behind what is stored.
  virtual bool checkpoints_may_go_back() const = 0;
  /// A row can say that reading goes on inside a KPL aggregate; else a number stands for all of its record.
  virtual bool has_sub_sequences() const = 0;
  /// A row can say that reading is to go on there.
  virtual bool can_say(const Start& start) const = 0;

  // Writing

  virtual Item application_row(const ApplicationMarks& marks) const = 0;
  virtual Claim claim_of(const Identity& me) const = 0;
  /// As it is to be stored: unowned, with counter and token where the format has them in a new row.
  virtual Lease created(Lease lease, Origin origin, const Author& author) const = 0;
  virtual Item render(const Lease& lease) const = 0;

  virtual Token take_token(const Lease& observed, const Author& author) const = 0;
  virtual ItemUpdate take(const Lease& observed, const Token& token, const TakeMarks& marks,
                          const Author& author) const = 0;

  virtual Token holder_token(const Lease& row, HolderWriteKind kind, const Author& author) const = 0;
  /// Whom a grant to this claimer makes the row name.
  virtual std::optional<std::string> owner_after_grant(const Claim& claim) const = 0;
  virtual ItemUpdate holder_write(const Lease& row, const HolderWrite& write) const = 0;

  virtual ItemUpdate claim(const Lease& observed, const Identity& me) const = 0;
  virtual ItemUpdate withdraw_claim(const Lease& observed, const Identity& me) const = 0;
  /// Takes the lease away from whoever has it, and leaves a row that is taken by age. Precondition: can_say(*start).
  virtual ItemUpdate evict(const Lease& observed, const std::optional<Start>& start) const = 0;
  /// The row is as evict() leaves one that was as observed.
  virtual bool evicted(const Lease& row, const Lease& observed, const std::optional<Start>& start) const = 0;
  /// That the row still is as observed, for its removal.
  virtual std::vector<Condition> as_observed(const Lease& observed) const = 0;
};

/// Without state, for ever.
const RowFormat& row_format(LeaseFormat format);
const RowFormat& kcl_format();
const RowFormat& vmware_go_format();

}  // namespace kcl::leases
