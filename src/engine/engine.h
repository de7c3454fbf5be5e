// A worker's whole life over ports: table, shard sync, coordinator, consumers. No threads, no I/O, no clock of its own:
// production and the simulation run this very class. Lives on the strand.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <kcl/shard_status.h>

#include "base/byte_budget.h"
#include "base/event_log.h"
#include "base/offload.h"
#include "base/random.h"
#include "base/task.h"
#include "base/task_scope.h"
#include "consumer/shard_consumer.h"
#include "consumer/stall_watch.h"
#include "coordinator/coordinator.h"
#include "coordinator/shard_sync.h"
#include "leases/lease_table.h"
#include "metrics/registry.h"
#include "ports/item_store.h"
#include "ports/kinesis.h"
#include "ports/processor.h"

namespace kcl::engine {

/// One stream of several.
struct StreamChoice {
  std::string stream;
  shards::InitialPosition initial = shards::InitialPosition::trim_horizon;
  /// Of `at_timestamp`.
  Timestamp initial_timestamp{};
  /// As consumer::FanOutOptions has it.
  std::string consumer_arn;
};

struct EngineOptions {
  std::string worker_id;
  base::Duration failover = std::chrono::seconds(10);
  CreateTable create_table = CreateTable::if_missing;
  LeaseFormat lease_format = LeaseFormat::kcl;
  /// How long start-up may fail before the engine gives up.
  base::Duration start_patience = std::chrono::minutes(1);
  /// Ends by itself once nothing is left to do: see coordinator/finish.h.
  bool stop_when_done = false;
  /// What it gives its consumers then to let go.
  base::Duration wind_up = std::chrono::seconds(25);
  /// A shard is stalled when nothing of it moves for so long although there is something to do.
  base::Duration stall_after = std::chrono::minutes(5);
  /// The first stall is a failure of the worker.
  bool stop_on_stall = false;
  /// What it says of a stream is that of the only one, unless there are `streams`.
  coordinator::ShardSyncOptions sync;
  /// Read side by side, on one lease table whose leases name their stream.
  std::vector<StreamChoice> streams;
  coordinator::CoordinatorOptions coordinator;
  consumer::ConsumerOptions consumer;
};

/// What an engine works with. All of it outlives the engine.
struct EnginePorts {
  base::Loop& loop;
  base::Random& random;
  ports::Kinesis& kinesis;
  ports::ItemStore& store;
  ports::ProcessorFactory& processors;
  std::shared_ptr<base::ByteBudget> budget;
  base::Offload& decoding;
  metrics::Registry& metrics;
  base::EventLog log;
  /// Java KCL 3.0 to 3.4's own table, read while Java workers live on the lease table; may be null.
  ports::ItemStore* java_state = nullptr;
  /// Called once, when the engine begins to end, for whatever reason: callbacks in progress should come to theirs.
  std::function<void()> on_stopping = {};
};

enum class EngineState : std::uint8_t { starting, running, stopping, stopped };

struct EngineStatus {
  EngineState state = EngineState::starting;
  /// What start-up waits for, or why the worker failed.
  std::string message;
  std::vector<ShardStatus> shards;
  /// Workers that seem alive, and open leases of the application, as of the last scan.
  std::size_t workers = 0;
  std::size_t leases = 0;
};

struct EngineResult {
  /// Why it ended by itself; empty after an orderly shutdown.
  std::string failure;
  /// Shards whose callbacks had not returned, or whose leases could not be released, by the deadline: they are left to
  /// expire.
  std::vector<std::string> unfinished;
};

class Engine {
 public:
  Engine(EnginePorts ports, EngineOptions options);
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;
  ~Engine();

  /// Runs until a shutdown has ended, or until something fails that trying again cannot help. Once.
  base::Task<EngineResult> run();

  /// Asks run() to end by `deadline`, in an orderly way. A later call can only bring the deadline forward.
  void request_shutdown(base::BootTime deadline);

  EngineStatus status() const;

 private:
  struct Stream;
  /// Why a start cannot go on, for now or for good.
  struct Trouble {
    std::string message;
    bool fatal = false;
  };
  /// Of a lease; null when it is of none of them.
  Stream* stream_of(const std::string& key) const;
  base::Task<void> start_up();
  base::Task<std::optional<Trouble>> get_ready();
  base::Task<void> coordinate(base::Task<void> task);
  base::Task<void> consume(std::string key);
  base::Task<void> finish_when_done();
  base::Task<void> watch_for_stalls();
  consumer::ShardLook look_at(const consumer::ShardConsumer& consumer) const;
  void tell(const consumer::StallWatch::Alarm& alarm);
  void tell_what_is_left_over();
  base::Task<bool> nothing_is_left(base::BootTime since);
  coordinator::OwnShards own_shards() const;
  void acquired(std::unique_ptr<leases::LeaseHold> hold);
  void fail(std::string why);
  base::Task<std::vector<std::string>> wind_up();

  EnginePorts ports_;
  EngineOptions options_;
  const base::TaskScope::OnFailure on_failure_;
  leases::LeaseTable table_;
  std::vector<std::unique_ptr<Stream>> streams_;
  /// Those that have been in step with the table once, by how their leases are named (leases::stream_part()).
  std::map<std::string, Stream*, std::less<>> in_step_;
  coordinator::Coordinator coordinator_;

  EngineState state_ = EngineState::starting;
  std::string message_;
  std::string failure_;
  std::optional<base::BootTime> shutdown_by_;
  base::Event changed_;
  bool table_ready_ = false;
  bool started_ = false;
  /// Of finish_when_done(): since when this worker is through with its shards, and they are the same ones.
  std::optional<base::BootTime> through_since_;
  consumer::StallWatch stalls_;
  /// Of the last warning about it.
  std::size_t left_over_ = 0;
  int coordinating_ = 0;
  std::map<std::string, std::unique_ptr<consumer::ShardConsumer>> consumers_;
  base::TaskScope consumer_tasks_;
  base::TaskScope coordination_;
};

}  // namespace kcl::engine
