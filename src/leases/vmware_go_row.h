// The `vmware-go` row format: leases as vmware-go-kcl writes them (checkpoint/dynamodb-checkpointer.go), so that its
// workers and ours can share a table.
//
// Its workers replace whole rows, so shard rows hold nothing but its own attributes. What kclpp needs beyond them:
//  - The digits of LeaseTimeout below the millisecond name the attempt that wrote it, and its last two what kind of
//  write
//    that was (Mark). So the whole text is what a token is in the `kcl` format; nanoseconds are the counter and, as a
//    take wrote them, the epoch.
//  - The start instant and the stream's creation are in one row whose key is no shard's.
//
// AssignedTo and LeaseTimeout are only ever written together: a Go worker never acquires a row that has one of the two
// alone in the first place.
#pragma once

#include <cstdint>
#include <string_view>

#include <kcl/item_store.h>
#include <kcl/result.h>

#include "leases/lease.h"

namespace kcl::leases::vmware_go_row {

inline constexpr std::string_view kKey = "ShardID";
inline constexpr std::string_view kOwner = "AssignedTo";
inline constexpr std::string_view kTimeout = "LeaseTimeout";
inline constexpr std::string_view kCheckpoint = "Checkpoint";
inline constexpr std::string_view kParent = "ParentShardId";
inline constexpr std::string_view kClaim = "ClaimRequest";

/// A number in `Checkpoint` stands for all of its record, however many user records that is: greater than the
/// sub-sequence number of any.
inline constexpr std::uint64_t kWholeRecord = INT64_MAX;

/// Key of the row for the whole application. Go workers look only at shards that the stream lists.
inline constexpr std::string_view kApplicationKey = "kclpp";
/// N milliseconds; 0 for TRIM_HORIZON.
inline constexpr std::string_view kFrom = "kclppFrom";
/// N seconds.
inline constexpr std::string_view kStream = "kclppStream";

/// What kind of write LeaseTimeout is of, in its last two digits. A row without an owner is free at once only if they
/// say so: else somebody took the owner away from a holder that may still be within its deadline. A Go worker's digits
/// are arbitrary, so what it gives up is taken by age like what it leaves.
enum class Mark : std::uint8_t {
  taken = 11,
  held = 37,      ///< renewal or checkpoint; also a row created as a repair, which must age like a held one
  given_up = 59,  ///< release, grant, a shard's end
};

/// LeaseTimeout ends as kclpp's do. Of a Go worker's, three in a hundred do so by chance: only several of one owner are
/// a proof.
bool may_be_of_kclpp(const Lease& lease);

Result<Lease, std::string> parse(const Item& row);
Item render(const Lease& lease);

}  // namespace kcl::leases::vmware_go_row
