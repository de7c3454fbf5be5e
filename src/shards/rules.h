// The rules of C3 and C6 as pure functions: which shards must get a lease, which parents block a child, where reading
// starts.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <kcl/kinesis.h>

#include "leases/lease.h"
#include "shards/listing.h"

namespace kcl::shards {

using LeasesByShard = std::map<std::string, leases::Lease>;

LeasesByShard by_shard(const std::vector<leases::Lease>& leases);

/// The application's start instant (C6): the smallest that any row carries. Empty without such a row.
std::optional<Timestamp> start_instant(const LeasesByShard& leases);

/// TRIM_HORIZON is carried as this instant.
inline constexpr Timestamp kTrimHorizon{};

/// True if a shard that descends from this one has a real checkpoint.
bool has_started_descendant(const std::string& shard_id, const Listing& listing, const LeasesByShard& leases);

/// True if one of `others` descends from the shard.
bool has_descendant(const std::string& shard_id, const std::set<std::string>& others, const Listing& listing);

/// True if the shard has no lease but deserves one: it was open at the start instant or later, and no descendant of it
/// has started (a shard whose row was cleaned up always has such a descendant, so nothing is resurrected; lease-traces
/// 7).
bool must_create(const std::string& shard_id, const Listing& listing, const LeasesByShard& leases);

/// True if the shard is listed but was closed before the start instant: a row of it (the anchor may be one) says
/// nothing about where its children begin.
bool ended_before_start(const std::string& shard_id, const Listing& listing);

/// The parents that a child has to wait for: a parent blocks iff its lease exists and is not at SHARD_END, or it must
/// be created. A lease with a real checkpoint has started and is never blocked again.
std::vector<std::string> blocking_parents(const leases::Lease& child, const Listing& listing,
                                          const LeasesByShard& leases);

/// True if nobody can have run this lease yet: each of its parents has a row that is not at SHARD_END. False without
/// parents.
bool never_run(const leases::Lease& lease, const LeasesByShard& leases);

/// The sentinel that rows of shards without parents carry at first, for Java's eyes; the start instant says what it
/// means.
enum class InitialPosition : std::uint8_t { trim_horizon, latest, at_timestamp };

struct StartPoint {
  Timestamp instant = kTrimHorizon;
  InitialPosition sentinel = InitialPosition::trim_horizon;
};

/// Rows for every shard that must get one, in the order in which they must be written: ancestors first, so co-parents
/// before a merge child. Only `key`, `checkpoint`, `parents`, `hash_keys` and `from` are filled.
std::vector<leases::Lease> missing_leases(const Listing& listing, const LeasesByShard& leases, const StartPoint& start);

/// The same rows, those first that have no parent among them, then those whose parents are all in the parts before.
std::vector<std::vector<leases::Lease>> generations(std::vector<leases::Lease> ancestors_first);

/// The one row that is written first on an empty table, alone: the smallest shard id of the listing. Whoever's lands
/// fixes the application's start instant (lease-traces R6). At SHARD_END if that shard deserves no lease. Empty without
/// shards.
std::optional<leases::Lease> anchor_lease(const Listing& listing, const StartPoint& start);

/// Children of a shard: as told at its end, completed from the listing. A child without parents in the answer gets the
/// listed ones.
std::vector<ChildShard> complete_children(const std::string& shard_id, std::vector<ChildShard> told,
                                          const Listing& listing);

/// The row of a child that is created when its parent ends.
leases::Lease child_lease(const ChildShard& child, Timestamp start_instant);

/// Where a consumer of this lease starts reading.
struct ReadFrom {
  enum class Kind : std::uint8_t {
    after_sequence_number,
    /// As Position orders them. The record has to be read again: it may be a KPL aggregate of which only the user
    /// records up to this one are done with.
    after_user_record,
    trim_horizon,
    timestamp,
  };
  Kind kind = Kind::trim_horizon;
  std::string sequence_number;
  Timestamp timestamp{};
  std::uint64_t sub_sequence = 0;
};
ReadFrom read_from(const leases::Lease& lease, bool parent_has_row, Timestamp start_instant);

/// Rows of this very stream whose shards the service has forgotten before they were read to their end: nothing of them
/// is left to read, and nobody could ever end them (lease-traces 1). A row that does not say of which stream it is
/// counts only beside one that does.
std::vector<std::string> vanished_leases(const Listing& listing, const LeasesByShard& leases,
                                         std::chrono::sys_seconds stream_created);

/// Rows, ended or not, of shards that are not listed: for tables where others need a shard's row for as long as it is.
std::vector<std::string> unlisted_leases(const Listing& listing, const LeasesByShard& leases);

/// Rows of ended shards that nothing needs any more: every child has a real checkpoint, and no parent has a row (oldest
/// first). How long this must have been so is the caller's to watch.
std::vector<std::string> removable_leases(const Listing& listing, const LeasesByShard& leases);

}  // namespace kcl::shards
