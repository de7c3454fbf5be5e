// Decides, look by look, which leases this worker runs: scans the table, keeps the ages, takes what is free or expired,
// asks others for its fair share, and steals it from Java workers of 2.x, who give nothing. What it takes it hands to
// `acquired`; renewing and running a lease is its consumer's. Lives on the strand.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/event_log.h"
#include "base/random.h"
#include "base/task.h"
#include "base/wait.h"
#include "coordinator/checkpoint_watch.h"
#include "coordinator/finish.h"
#include "coordinator/lease_ages.h"
#include "coordinator/lease_plan.h"
#include "coordinator/shard_sync.h"
#include "leases/lease_table.h"

namespace kcl::coordinator {

struct CoordinatorOptions {
  std::size_t max_leases = SIZE_MAX;
  LeaseBalance balance = LeaseBalance::count;
  /// The worker id is that of one place, and whoever starts there takes over at once what its predecessor held.
  bool static_identity = false;
  /// Java KCL 3.0 to 3.4's `<application>-CoordinatorState`, read while Java lives on the table; may be null.
  ports::ItemStore* java_state = nullptr;
};

class Coordinator {
 public:
  /// The keys that this worker runs now, consumers that are winding up included.
  using Running = std::function<std::set<std::string>()>;
  using Acquired = std::function<void(std::unique_ptr<leases::LeaseHold>)>;

  /// That of the lease's stream; null when this worker does not read that stream, and leaves its leases alone.
  using SyncOf = std::function<const ShardSync*(const std::string& key)>;

  /// Every shard sync has succeeded once before run().
  Coordinator(base::Loop& loop, base::Random& random, leases::LeaseTable& table, SyncOf sync_of, base::EventLog log,
              CoordinatorOptions options, Running running, Acquired acquired);
  Coordinator(const Coordinator&) = delete;
  Coordinator& operator=(const Coordinator&) = delete;

  base::Task<void> run(base::Stop& stop);
  /// Something has changed that the plan should know: a shard ended, a lease was given up.
  void look_again() { poked_.notify_all(); }

  /// What the plan made of the last scan. For status.
  const LeasePlan& last_plan() const noexcept { return plan_; }
  /// What the last scan showed; as of long ago before the first.
  const Outlook& outlook() const noexcept { return outlook_; }

 private:
  struct OwnClaim {
    leases::Lease observed;
    base::BootTime since{};
  };

  base::Task<void> turn(base::Stop& stop);
  /// Worker ids by the incarnations that own something.
  using Owners = std::map<std::string, std::string>;
  /// With the lease's shard named, and its stream where there are several.
  base::EventLog log_of(const std::string& key) const;
  std::vector<std::string> blocking_parents(const leases::Lease& lease, const shards::LeasesByShard& leases) const;
  PlanLease classify(const leases::Lease& lease, const shards::LeasesByShard& leases,
                     const std::set<std::string>& running, const Owners& owners) const;
  Outlook look_out(const leases::LeaseScan& scan, const std::vector<PlanLease>& seen,
                   const shards::LeasesByShard& leases) const;
  bool granted_to_me(const leases::Lease& lease) const;
  leases::Claim my_claim() const;
  /// A claim of another worker keeps this one from the lease until its time is over.
  bool reserved_for_other(const leases::Lease& lease) const;
  void look_for_setbacks(const leases::LeaseScan& scan);
  bool outdated(const leases::Lease& lease) const;
  base::Task<void> take_granted(const leases::LeaseScan& scan, const std::set<std::string>& running);
  base::Task<bool> take_planned(leases::Lease lease, bool by_age, base::Stop& stop);
  /// The new epoch, or nothing when it was not to be had.
  base::Task<std::optional<std::uint64_t>> take(leases::Lease lease, bool by_age);
  base::Task<void> reclaim(const leases::LeaseScan& scan);
  base::Task<void> claim(leases::Lease lease);
  base::Task<void> steal(leases::Lease lease);
  base::Task<void> look_at_neighbours(const std::optional<std::string>& java_version,
                                      const std::vector<PlanLease>& seen, const shards::LeasesByShard& leases);
  void look_for_twins(const leases::LeaseScan& scan, const std::set<std::string>& running);
  base::Task<void> withdraw_old_claims(const shards::LeasesByShard& leases);
  void note_erased(const std::string& key, const std::string& owner);
  void spare(const std::string& key, const std::string& owner);
  base::Task<void> settle_claims();
  base::BootTime next_turn(const shards::LeasesByShard& leases);

  base::Loop& loop_;
  base::Random& random_;
  leases::LeaseTable& table_;
  SyncOf sync_of_;
  base::EventLog log_;
  CoordinatorOptions options_;
  Running running_;
  Acquired acquired_;

  LeaseAges ages_;
  CheckpointWatch checkpoints_;
  LeasePlan plan_;
  Outlook outlook_;
  /// Doubles the round limit while there is something to take (lease-traces 18).
  unsigned round_ = 0;
  bool moved_ = false;
  /// Leases lie free, or have just moved: the next scan comes soon, and shows every row as it is.
  bool in_motion_ = false;
  std::map<std::string, OwnClaim> claims_;
  /// Claims that were not granted in time are not repeated before their time, each later than the one before.
  struct Spared {
    std::string owner;
    base::BootTime until{};
    base::Duration pause{};
  };
  std::map<std::string, Spared> spared_;
  /// How often in a row a claim was erased that nobody had answered: by a Go worker that gives nothing, or by its
  /// checkpoints.
  std::map<std::string, int> erased_;
  /// Rows that a refused take has shown to be newer than that counter, whatever a stale scan goes on showing. For a
  /// while: a row that was deleted may come back with a smaller one.
  struct Refuted {
    std::int64_t counter = 0;
    base::BootTime until{};
  };
  std::map<std::string, Refuted> refuted_;
  bool reclaimed_ = false;
  Neighbours neighbours_ = Neighbours::none;
  std::optional<std::string> java_version_;
  base::BootTime java_version_due_{};
  base::BootTime next_steal_{};
  base::BootTime next_twin_report_{};
  base::Event poked_;
};

}  // namespace kcl::coordinator
