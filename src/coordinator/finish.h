// When a worker that is to end once its work is done may do so (WorkerConfig::stop_when_caught_up). Pure.
//
// A worker is through with a shard when all that was read is done with and the shard was read to its tip, or as far as
// is wanted. It may go when it is through with all of its shards, none is free to be taken or due to it as its fair
// share, and every other worker was seen alive after that: a dead one's shards are this one's to finish. One that dies
// later leaves its shards to whoever is started in its place.
//
// A tip counts only of a shard that nobody waits for: one that was split has more to come, its children.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/loop.h"
#include "shards/rules.h"

namespace kcl::coordinator {

/// How far a worker is with a shard of its own, with nothing left in its hands.
enum class Reach : std::uint8_t {
  working,   ///< not there yet
  at_tip,    ///< has seen the newest record there was at some time after its start
  at_limit,  ///< has seen a record that is not wanted any more (WorkerConfig::read_until)
};

struct OwnShard {
  Reach reach = Reach::working;
  /// Parents that it waits for; it has not started then.
  std::vector<std::string> waits_for;
};
using OwnShards = std::map<std::string, OwnShard>;

/// What the last scan of the lease table showed of the fleet.
struct Outlook {
  /// When the scan was sent.
  base::BootTime seen{};
  /// A lease that is neither ended nor waiting for parents has no live owner, or is asked for as this worker's share.
  bool work_to_come = true;
  /// How many such leases have no live owner.
  std::size_t free = 0;
  /// Shards whose children cannot start before their end.
  std::set<std::string> waited_for;
  /// Since when the most silent of the other workers' leases has been as it is; kForever without any.
  base::BootTime others_unchanged_since = base::kForever;
};

/// From a look at the stream and a consistent one at the table; says nothing of how alive others are.
Outlook outlook_of(const shards::Listing& listing, const shards::LeasesByShard& leases, const OwnShards& own);

bool through_with_all(const OwnShards& own, const Outlook& outlook);

/// How many leases stay free although this worker is through with all it has: it may not have more of them. Others may
/// come and take them, and until then it does not finish. 0 when they are, or may be, still to be taken.
std::size_t left_over(const OwnShards& own, const Outlook& outlook, std::size_t max_leases);

/// `through_since`: from when on through_with_all() has been true without a break.
bool may_finish(const Outlook& outlook, base::BootTime through_since);

}  // namespace kcl::coordinator
