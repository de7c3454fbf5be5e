// A model of a vmware-go-kcl worker on the same table, as far as its neighbours feel it: it replaces whole rows, goes
// by its wall clock, writes checkpoints without any condition, renews from memory, takes one lease in a sync interval,
// claims one from whoever seems to have most, and deletes rows unconditionally. Its defects are modelled with it: what
// is checked is what they do to us. Sources: clientlibrary/checkpoint/dynamodb-checkpointer.go, worker/worker.go,
// polling-shard-consumer.go, common-shard-consumer.go of v1.0.0.
//
// What it is done with goes into the Journal as its own.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/task_scope.h"
#include "simulation/journal.h"
#include "simulation/sim_kinesis.h"
#include "simulation/sim_store.h"
#include "simulation/worker_loop.h"
#include "simulation/world.h"

namespace kcl::simulation {

class GoWorker {
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
    /// Of ShardSyncIntervalMillis, and of its scans; a minute there unless said otherwise.
    base::Duration sync_interval = std::chrono::seconds(20);
    bool steals = true;
  };
  GoWorker(std::string name, WorkerLoop::Clock clock, const Environment& environment);
  GoWorker(const GoWorker&) = delete;
  GoWorker& operator=(const GoWorker&) = delete;

  void pause(base::Duration duration) { loop_.pause(duration); }
  void set_store_reachable(bool reachable) { store_.set_reachable(reachable); }

 private:
  /// par.ShardStatus: what a worker remembers of a shard, whether or not it runs it. Empty texts are Go's zero values.
  struct Shard {
    std::string id;
    std::string parent;
    std::string checkpoint;
    std::string owner;
    /// LeaseTimeout in nanoseconds; 0: never set.
    std::int64_t timeout = 0;
    /// One for each consumer that was started: a lease may have two.
    std::uint64_t epoch = 0;
  };
  using ShardPtr = std::shared_ptr<Shard>;
  struct Consumer {
    explicit Consumer(ShardPtr its_shard) : shard(std::move(its_shard)), epoch(shard->epoch) {}
    ShardPtr shard;
    std::uint64_t epoch;
    bool lease_lost = false;
    bool done = false;
  };
  using ConsumerPtr = std::shared_ptr<Consumer>;

  base::BootTime deadline() const { return loop_.now() + std::chrono::seconds(10); }
  base::Task<void> pause_for(base::Duration duration);
  std::int64_t now_ns();
  /// Of a row that is there; an empty one of a row that is not; nothing if the store did not answer.
  base::Task<std::optional<Item>> get(std::string key);
  base::Task<bool> put(Item row, std::vector<Condition> conditions);

  base::Task<void> event_loop();
  base::Task<bool> sync_shards();
  base::Task<void> take_one();
  base::Task<bool> fetch_checkpoint(ShardPtr shard);
  base::Task<bool> get_lease(ShardPtr shard);
  base::Task<void> rebalance();
  base::Task<bool> sync_leases();
  base::Task<void> claim(ShardPtr shard);

  base::Task<void> consume(ConsumerPtr consumer);
  base::Task<void> read(ConsumerPtr consumer);
  base::Task<void> renew(ConsumerPtr consumer);
  base::Task<void> wait_on_parent(ConsumerPtr consumer);
  base::Task<void> checkpoint(ShardPtr shard, std::string position);

  std::string name_;
  World& world_;
  Journal& journal_;
  base::Duration failover_;
  base::Duration sync_interval_;
  bool steals_;
  WorkerLoop loop_;
  SimKinesis kinesis_;
  SimStore store_;
  std::map<std::string, ShardPtr> shards_;
  base::TaskScope scope_;
};

}  // namespace kcl::simulation
