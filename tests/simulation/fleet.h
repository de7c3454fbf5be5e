// A stream, a lease store, and the workers between them: the same engine as in production, in virtual time.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "embedded/stream.h"
#include "engine/engine.h"
#include "simulation/faults.h"
#include "simulation/go_worker.h"
#include "simulation/java_worker.h"
#include "simulation/journal.h"
#include "simulation/sim_decoding.h"
#include "simulation/sim_kinesis.h"
#include "simulation/sim_processor.h"
#include "simulation/sim_store.h"
#include "simulation/worker_loop.h"
#include "simulation/world.h"

namespace kcl::simulation {

/// What a program is given at most in one call.
inline constexpr std::size_t kRecordsAtOnce = 20;

struct FleetOptions {
  /// More than one: each has its share of the shards.
  std::size_t streams = 1;
  std::size_t shards = 8;
  base::Duration failover = std::chrono::seconds(10);
  LeaseFormat format = LeaseFormat::kcl;
  shards::InitialPosition initial = shards::InitialPosition::trim_horizon;
  std::size_t max_leases = SIZE_MAX;
  bool stop_when_done = false;
  OnError on_error = OnError::retry;
  std::chrono::milliseconds retention = std::chrono::hours(24);
  /// Of a listing, and of a scan.
  std::size_t shards_on_page = 1'000;
  /// The answer that ends a shard may bring its last records.
  bool records_at_end = false;
  std::size_t rows_on_page = 1'000;
  bool rows_by_hash = false;
  /// How long ended rows stay.
  base::Duration keep_ended = std::chrono::hours(1);
  std::chrono::milliseconds stream_lifetime = std::chrono::minutes(5);
  base::Duration sync_interval = std::chrono::seconds(20);
  base::Duration checkpoint_interval = std::chrono::seconds(3);
  /// Shares of puts that are KPL aggregates, and of those that are damaged.
  double aggregates = 0;
  double damaged_aggregates = 0;
};

struct WorkerSpec {
  /// Of the process: never used twice in a run.
  std::string name;
  /// Its name in the lease table; the process's if empty. Several processes may use one, one after the other or at
  /// once.
  std::string id = {};
  WorkerLoop::Clock clock = {};
  CheckpointStyle style = CheckpointStyle::by_library;
  bool fan_out = false;
  /// Batches at once. With more than one the style is by_library.
  std::size_t outstanding = 1;
  std::optional<base::Duration> failover = {};
  std::optional<shards::InitialPosition> initial = {};
};

/// One process.
struct SimWorker {
  SimWorker(World& world, WorkerSpec spec, const FleetOptions& options, StreamServices& services,
            const ShardBirths& births, StoreServer& server, Journal& journal, const Faults& faults);

  WorkerSpec spec;
  WorkerLoop loop;
  base::Random random;
  SimKinesis kinesis;
  SimStore store;
  SimProcessors processors;
  SimDecoding decoding;
  metrics::Registry metrics;
  engine::Engine engine;
  std::optional<engine::EngineResult> result;
  base::TaskScope scope;
};

class Fleet {
 public:
  Fleet(World& world, FleetOptions options);

  World& world() { return world_; }
  Journal& journal() { return journal_; }
  Faults& faults() { return faults_; }
  /// The first one.
  StreamService& service() { return *services_.begin()->second; }
  embedded::Stream& stream() { return service().stream; }
  /// What a worker says of its shards, by the keys that the truth knows them by.
  std::vector<ShardStatus> shards_of(const SimWorker& worker) const;
  StoreServer& store() { return server_; }
  const FleetOptions& options() const { return options_; }

  SimWorker& start(WorkerSpec spec);
  SimWorker& start_worker(std::string name, WorkerLoop::Clock clock = {},
                          CheckpointStyle style = CheckpointStyle::by_library);
  /// As kill -9: nothing more runs.
  void crash(const std::string& name);
  /// Ends in an orderly way; waits for it in virtual time.
  engine::EngineResult shut_down(const std::string& name, base::Duration deadline = std::chrono::seconds(30));
  /// Processes, by their names.
  std::map<std::string, std::unique_ptr<SimWorker>>& workers() { return workers_; }

  /// Java KCL 2.x workers among them, by their names.
  std::map<std::string, std::unique_ptr<JavaWorker>>& java_workers() { return java_workers_; }
  void start_java_worker(const std::string& name, WorkerLoop::Clock clock = {});

  /// vmware-go-kcl workers among them, by their names. The fleet's format is theirs.
  std::map<std::string, std::unique_ptr<GoWorker>>& go_workers() { return go_workers_; }
  void start_go_worker(const std::string& name, WorkerLoop::Clock clock = {}, bool steals = true);

  /// A record or an aggregate, so many times.
  void put(std::size_t times);
  /// Keeps putting up to `most` records at a time, until stop_producing().
  void produce(base::Duration every, std::size_t most = 8);
  void stop_producing() { producing_ = false; }
  const std::vector<std::string>& open_shards() const { return open_; }
  bool split_one();
  bool merge_one();

  void run_for(base::Duration duration) { world_.run_for(duration); }
  /// Runs until `done`, at most for `patience` of virtual time.
  template <class Done>
  bool run_until(Done done, base::Duration patience) {
    const auto deadline = world_.now() + patience;
    while (!done()) {
      if (world_.now() >= deadline) return false;
      run_for(std::chrono::milliseconds(100));
    }
    return true;
  }
  /// Row of a shard now, as stored.
  std::optional<leases::Lease> lease(const std::string& shard) const;
  /// Live workers' counts of open shards' leases, as stored, by worker id.
  std::map<std::string, std::size_t> loads();
  /// Every open shard has an owner that is alive, and no worker has two more than another.
  bool balanced();
  /// Every open shard has an owner that is alive, Java's and Go's workers included.
  bool all_owned();
  bool drained() { return journal_.all_done(); }

 private:
  StreamService& any_service();
  StreamService& service_of(const std::string& key);
  void put_record();
  void put_aggregate();
  std::string next_key() { return "key-" + std::to_string(world_.random.below(200)); }
  std::string next_data() { return "record-" + std::to_string(++keys_); }
  void resharded(const std::vector<std::string>& parents, const std::vector<std::string>& children);
  void produce_again(base::Duration every, std::size_t most);

  World& world_;
  FleetOptions options_;
  Faults faults_;
  Journal journal_;
  StreamServices services_;
  ShardBirths births_;
  StoreServer server_;
  std::vector<std::string> open_;
  bool producing_ = false;
  /// Records put, which names each.
  std::uint64_t keys_ = 0;
  std::map<std::string, std::unique_ptr<SimWorker>> workers_;
  std::map<std::string, std::unique_ptr<JavaWorker>> java_workers_;
  std::map<std::string, std::unique_ptr<GoWorker>> go_workers_;
};

}  // namespace kcl::simulation
