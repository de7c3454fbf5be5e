// How long leases have stood still, as this worker saw it itself, by its own monotonic clock (C7). Pure bookkeeping
// over answers.
//
// A row's age counts from the receipt of the first answer that showed it as it is; any change of counter, token or
// owner, in either direction, is a sign of life. Age counts only across this worker's own successful reads: after a gap
// in them that is longer than a third of the failover time, nothing expires for one more renewal interval (C13,
// lease-traces 10).
//
// A `vmware-go` row carries the time of a wall clock, by which Go workers go. Here it only adds patience: such a lease
// is free when that time has passed and the row stood still for the failover time, or when it stood still for three of
// them and a minute at least: its writer's clock may have been fast (lease-traces 16). While somebody claims it, the
// two minutes that Go workers give a claim come on top. There a checkpoint, too, is a sign of life.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "leases/lease.h"
#include "leases/lease_table.h"

namespace kcl::coordinator {

class LeaseAges {
 public:
  /// `me`: claims of this worker keep it from nothing.
  explicit LeaseAges(base::Duration failover, std::string me = {}) : failover_(failover), me_(std::move(me)) {}

  /// A whole scan: rows that it does not show are forgotten.
  void observe(const leases::LeaseScan& scan);
  /// One row, read by itself.
  void observe(const leases::Lease& lease, const ports::Timing& timing);

  /// From when on the lease may be taken by age: the deciding read, strongly consistent, must be sent no earlier, and
  /// show the row as it was last observed. kForever for a row not observed yet.
  base::BootTime expires_at(const leases::Lease& lease) const;
  /// Since when the row has been as it is.
  std::optional<base::BootTime> unchanged_since(const leases::Lease& lease) const;
  /// When the row was last seen to change: nothing of one that is as it was when it was first seen.
  std::optional<base::BootTime> last_change(const leases::Lease& lease) const;
  /// From when on a lease that Java holds may be stolen from it: its kclpp token (or that it has none) has stood still
  /// until then, whatever the counter did, so no kclpp holder from before is still within its deadline (lease-traces
  /// R3). kForever for a row not observed yet.
  base::BootTime stealable_at(const leases::Lease& lease) const;
  /// How often in a row its holder was seen to renew it: one owner in one life, or one that leaves the token alone.
  int renewals(const leases::Lease& lease) const;

 private:
  struct Seen {
    std::int64_t counter = 0;
    std::optional<leases::Token> token;
    std::optional<std::string> owner;
    /// Only of a `vmware-go` row: a Go worker's checkpoint changes nothing else.
    std::optional<Position> checkpoint;
    base::BootTime since{};
    std::optional<base::BootTime> changed;
    base::BootTime token_since{};
    base::Duration longest_gap{};
    int renewals = 0;
  };
  /// The row is as it was seen.
  static bool unchanged(const Seen& seen, const leases::Lease& lease);
  base::Duration holders_time(const leases::Lease& lease) const;
  base::BootTime go_row_expires_at(const leases::Lease& lease, base::BootTime since) const;
  void note_read(const ports::Timing& timing);
  void update(const leases::Lease& lease, base::BootTime received);

  base::Duration failover_;
  std::string me_;
  std::map<std::string, Seen> seen_;
  std::optional<base::BootTime> last_read_;
  /// What the store's clock showed, and when that was heard.
  std::optional<std::pair<Timestamp, base::BootTime>> server_clock_;
  base::BootTime nothing_expires_before_{};
  /// Since when reads have come without a long gap.
  base::BootTime watched_since_{};
};

}  // namespace kcl::coordinator
