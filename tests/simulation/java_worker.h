// A model of a Java KCL 2.x worker on the same table, as far as its neighbours feel it: it renews at a fixed rate by
// counter alone, takes what is unowned or stood still for the failover time of its own clock, steals one lease at a
// time to balance, checkpoints by counter, makes the children's rows at a shard's end, and does the duty of the shard
// sync's leader when the owners' shuffled list begins with it. Sources: DynamoDBLeaseTaker, -Renewer, -Refresher,
// DeterministicShuffleShardSyncLeaderDecider, ShutdownTask, BlockOnParentShardTask of the 2.x client.
//
// What it is done with goes into the Journal as Java's own: checked is that it loses nothing by us (C14).
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/async_mutex.h"
#include "base/task_scope.h"
#include "leases/lease.h"
#include "simulation/journal.h"
#include "simulation/sim_kinesis.h"
#include "simulation/sim_store.h"
#include "simulation/worker_loop.h"
#include "simulation/world.h"

namespace kcl::simulation {

/// The worker that Java's deterministic leader decider names: the first of the sorted, distinct owners after
/// Collections.shuffle with java.util.Random(1947). Empty without owners.
std::string java_leader(const std::set<std::string>& owners);

class JavaWorker {
 public:
  struct Environment {
    World& world;
    StreamServices& services;
    const ShardBirths& births;
    StoreServer& server;
    Journal& journal;
    const Faults& faults;
    base::Duration failover;
    std::size_t rows_on_page = 1'000;
  };
  JavaWorker(std::string name, WorkerLoop::Clock clock, const Environment& environment);
  JavaWorker(const JavaWorker&) = delete;
  JavaWorker& operator=(const JavaWorker&) = delete;

  void pause(base::Duration duration) { loop_.pause(duration); }
  void set_store_reachable(bool reachable) { store_.set_reachable(reachable); }

 private:
  struct Held {
    Held(base::Loop& loop, leases::Lease lease, base::BootTime renewed)
        : row(std::move(lease)), epoch(static_cast<std::uint64_t>(row.counter)), last_renewal(renewed), writing(loop) {}
    leases::Lease row;
    std::uint64_t epoch;
    base::BootTime last_renewal;
    bool lost = false;
    base::AsyncMutex writing;
  };
  using HeldPtr = std::shared_ptr<Held>;
  struct Seen {
    std::int64_t counter = 0;
    base::BootTime since{};
  };

  base::BootTime deadline() const { return loop_.now() + std::chrono::seconds(10); }
  base::Task<void> renew_all();
  base::Task<void> renew(HeldPtr held);
  base::Task<void> take_leases();
  base::Task<void> take_round();
  std::vector<std::string> choose(const std::vector<leases::Lease>& rows);
  base::Task<void> take(leases::Lease observed);
  base::Task<void> lead();
  base::Task<void> sync_shards(const std::vector<leases::Lease>& rows);
  base::Task<std::optional<std::vector<leases::Lease>>> scan();
  struct Got {
    /// Otherwise the call failed, which Java throws.
    bool answered = false;
    std::optional<leases::Lease> row = {};
  };
  base::Task<Got> get(std::string key);
  base::Task<void> create(std::string key, std::vector<std::string> parents, HashKeyRange hash_keys);

  base::Task<void> consume(HeldPtr held);
  base::Task<bool> blocked(HeldPtr held);
  base::Task<std::optional<std::string>> open_iterator(HeldPtr held);
  /// By counter alone; whatever goes wrong costs the lease, as in Java.
  base::Task<bool> checkpoint(HeldPtr held, Position position);
  base::Task<bool> end_shard(HeldPtr held, std::vector<ChildShard> children);
  base::Task<void> pause_for(base::Duration duration);

  std::string name_;
  World& world_;
  Journal& journal_;
  base::Duration failover_;
  WorkerLoop loop_;
  SimKinesis kinesis_;
  SimStore store_;
  std::map<std::string, HeldPtr> held_;
  std::map<std::string, Seen> seen_;
  base::TaskScope scope_;
};

}  // namespace kcl::simulation
