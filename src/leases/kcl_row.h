// The `kcl` row format: a lease as Java KCL 2.x and 3.x write it (DynamoDBLeaseSerializer), plus kclpp's own
// attributes, which Java ignores and keeps. The format is final: rows of every version of kclpp read alike.
#pragma once

#include <string>
#include <string_view>

#include <kcl/item_store.h>
#include <kcl/result.h>

#include "leases/lease.h"

namespace kcl::leases::kcl_row {

inline constexpr std::string_view kKey = "leaseKey";
inline constexpr std::string_view kOwner = "leaseOwner";
inline constexpr std::string_view kCounter = "leaseCounter";
inline constexpr std::string_view kCheckpoint = "checkpoint";
inline constexpr std::string_view kCheckpointSub = "checkpointSubSequenceNumber";
inline constexpr std::string_view kOwnerSwitches = "ownerSwitchesSinceCheckpoint";
inline constexpr std::string_view kParents = "parentShardId";
inline constexpr std::string_view kChildren = "childShardIds";
inline constexpr std::string_view kStartingHashKey = "startingHashKey";
inline constexpr std::string_view kEndingHashKey = "endingHashKey";
inline constexpr std::string_view kCheckpointOwner = "checkpointOwner";
inline constexpr std::string_view kEntityType = "entityType";
/// What the key is made of, where it names a stream: S `<account>:<stream>:<creation>` and S the shard id.
inline constexpr std::string_view kStreamName = "streamName";
inline constexpr std::string_view kShardId = "shardId";
/// Key of the row that java_version() reads.
inline constexpr std::string_view kJavaMigration = "Migration3.0";
/// N kilobytes a second with six decimals, as Java KCL 3.x measures and balances by.
inline constexpr std::string_view kThroughput = "throughputKBps";
/// S `<incarnation uuid>:<leaseCounter written>:<attempt>`.
inline constexpr std::string_view kToken = "kclppToken";
/// S `<incarnation uuid>:<worker id>`.
inline constexpr std::string_view kClaim = "kclppClaim";
/// N milliseconds; 0 for TRIM_HORIZON.
inline constexpr std::string_view kFrom = "kclppFrom";
/// N milliseconds.
inline constexpr std::string_view kAt = "kclppAt";
/// N seconds.
inline constexpr std::string_view kStream = "kclppStream";
/// N milliseconds.
inline constexpr std::string_view kFailover = "kclppFailover";
/// S JSON.
inline constexpr std::string_view kStatus = "kclppStatus";

/// False for the coordinator's rows that Java KCL 3.5 keeps in the same table: they are none of our business.
bool is_lease(const Item& row);

/// `cv` of the row in which Java KCL 3.x keeps what version its fleet runs as, in the lease table or in its
/// `<application>-CoordinatorState`; nothing of any other row.
std::optional<std::string> java_version(const Item& row);

/// The lease, or what is wrong with the row, for people.
Result<Lease, std::string> parse(const Item& row);

/// A whole new row. Attributes that are absent in the lease are absent in the row.
Item render(const Lease& lease);

/// As stored: six decimals.
Number throughput_number(double kilobytes_per_second);

/// What a checkpoint sets and removes: position, sub-sequence, owner switches, the row's own start.
void append_checkpoint(const Position& checkpoint, std::vector<Action>& actions);

/// What an operator's rewind sets and removes: the same attributes.
void append_start(const Start& start, std::vector<Action>& actions);

}  // namespace kcl::leases::kcl_row
