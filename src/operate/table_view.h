// What was seen of a lease table, of its stream if that was asked, and of both over a short time: the facts that
// diagnose() judges. Values only.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <kcl/lease_format.h>
#include <kcl/timestamp.h>

#include "base/loop.h"
#include "leases/lease.h"
#include "leases/lease_table.h"
#include "shards/listing.h"

namespace kcl::operate {

/// How far the checkpoint of a shard is behind the shard's tip, as the stream itself said.
struct ProbedLag {
  std::optional<std::chrono::milliseconds> behind;
  /// Why there is none.
  std::string error;
};

struct TableView {
  LeaseFormat format = LeaseFormat::kcl;
  /// The table's clock at the last look.
  Timestamp now{};
  /// From the first look to the last one: how long nothing was written to the rows that are not in `moved`.
  base::Duration watched{};
  /// Holder's failover time where a row does not tell.
  std::chrono::milliseconds assumed_failover{10'000};
  std::vector<leases::Lease> leases;
  /// Keys of the leases to which somebody wrote meanwhile.
  std::set<std::string> moved;
  /// Writes that holders made meanwhile, as their counters tell: each adds one. A change of holder counts as one.
  std::int64_t writes = 0;
  std::vector<leases::LeaseScan::Unreadable> unreadable;
  std::optional<std::string> java_version;
  /// Only in formats that have a row of their own for it.
  std::optional<leases::ApplicationMarks> application;
  /// Absent: the stream was not asked.
  std::optional<shards::Listing> listing;
  /// By shard; empty unless asked for.
  std::map<std::string, ProbedLag> lags;
};

/// The holder's failover time, as far as the row tells.
inline std::chrono::milliseconds failover_of(const leases::Lease& lease, const TableView& view) {
  return lease.failover.value_or(view.assumed_failover);
}

}  // namespace kcl::operate
