// Runs one lease from its acquisition to its end: waits for parents, reads, delivers, checkpoints, renews, and lets go.
//
// Guarantees
//  - Batches are delivered one at a time, in order; one whose call threw comes again, whole or in parts, until it is
//    done with: processed or, under OnError::bisect, taken by the dead-letter sink (C1, C2, C5).
//  - No callback starts unless the lease is certainly held at that moment (C8).
//  - The lease is released, or handed over, only after the last callback has returned (C10).
//  - Of a program that asks to start over, nothing is stored any more: what it did not checkpoint comes again (C1).
//
// Lives on the strand. run() ends when the lease is over for this worker; nothing of it is left then.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <kcl/shard_status.h>

#include "base/backoff.h"
#include "base/byte_budget.h"
#include "base/event_log.h"
#include "base/offload.h"
#include "base/random.h"
#include "base/task.h"
#include "base/task_scope.h"
#include "base/wait.h"
#include "consumer/checkpoint_rules.h"
#include "consumer/delivery_plan.h"
#include "consumer/last_errors.h"
#include "consumer/options.h"
#include "consumer/outstanding.h"
#include "consumer/shard_meters.h"
#include "consumer/shard_reader.h"
#include "consumer/stall_watch.h"
#include "consumer/throughput.h"
#include "consumer/unpacker.h"
#include "consumer/whole_records.h"
#include "coordinator/finish.h"
#include "coordinator/shard_sync.h"
#include "leases/lease_hold.h"
#include "ports/kinesis.h"
#include "ports/processor.h"

namespace kcl::consumer {

/// What all consumers of a stream share. Outlives them.
struct ConsumerContext {
  base::Loop& loop;
  base::Random& random;
  ports::Kinesis& kinesis;
  coordinator::ShardSync& sync;
  ports::ProcessorFactory& processors;
  std::shared_ptr<base::ByteBudget> budget;
  base::Offload& decoding;
  metrics::Registry& metrics;
  base::EventLog log;
  ConsumerOptions options;
  /// Where the worker has several streams: this one, as its instruments and its status name it.
  std::string stream_label;
  base::Duration failover;
  base::TaskScope::OnFailure on_failure;
};

class ShardConsumer final : private ports::Checkpoints {
 public:
  ShardConsumer(ConsumerContext& context, std::unique_ptr<leases::LeaseHold> hold);
  ~ShardConsumer() override;

  base::Task<void> run();

  /// Asks it to finish the call in progress, let the processor checkpoint, and release the lease.
  void request_shutdown();

  ShardStatus status() const;
  /// For the watch over stalls.
  ShardLook look() const;
  coordinator::OwnShard progress() const;

 private:
  // ports::Checkpoints
  base::Task<ports::CheckpointResult> checkpoint(std::optional<Position> position) override;
  base::Task<ports::CheckpointResult> checkpoint_done() override;
  base::BootTime valid_until() const override { return hold_->valid_until(); }
  bool may_begin() const override;
  bool lost() const override { return hold_->ended() && !hold_->given_up(); }
  void start_over(std::string why) override;

  base::Task<void> live();
  base::Task<void> renew();
  base::Task<bool> wait_for_parents();
  base::Task<bool> initialize();
  /// From `read_from_` on.
  void start_reading();
  base::Task<void> deliver();
  base::Task<bool> deliver_next();
  base::Task<bool> deliver_side_by_side();
  bool hand_out_next();
  base::Task<void> hand_out(Outstanding::Entry& entry);
  base::Task<void> wait_for_settlement();
  base::Task<bool> deliver_again();
  void take_what_is_done();
  base::Task<bool> deliver_fetched(Fetched fetched);
  base::Task<bool> deliver_batch(RecordBatch batch);
  base::Task<ports::CallbackResult> process(RecordBatch part);
  void note_time_since(base::BootTime began);
  void note_processed(const RecordBatch& batch);
  base::Task<ports::CallbackResult> bury(RecordBatch part, std::string error, std::size_t attempts);
  base::Task<void> stand_still();
  base::Task<void> end_shard();
  base::Task<std::optional<base::Duration>> end_shard_once();
  base::Task<void> leave();
  base::Task<void> give_up(ShardState how);
  base::Task<void> checkpoint_if_due();
  base::Task<ports::CheckpointResult> checkpoint_by(ShardPositions positions, std::optional<Position> position);
  void note_checkpoint(const leases::HolderResult& result);
  base::Task<leases::HolderResult> store(Position position);
  void note_in_row();
  base::Task<void> back_off(base::Duration wait, ShardState state, std::string waiting_for);

  bool leaving() const;
  bool ended_shard() const { return hold_->given_up() && hold_->row().ended(); }
  std::optional<Position> unsaved() const;
  void note_whole_records(const Fetched& fetched);
  std::optional<Position> storable(const Position& position) const;
  void enter(ShardState state, std::string waiting_for = {}, std::optional<base::BootTime> until = std::nullopt);
  void enter_call(ShardState state, std::string_view callback);
  /// For which the program is to be left alone.
  base::Duration pause_after(const ports::CallbackResult& failure, base::Backoff& backoff);
  void failed(std::string_view what, const ports::CallbackResult& result);

  ConsumerContext& context_;
  std::unique_ptr<leases::LeaseHold> hold_;
  const std::string shard_id_;
  base::EventLog log_;
  ShardMeters meters_;
  Throughput throughput_;
  std::unique_ptr<ports::Processor> processor_;
  Unpacker unpacker_;
  std::unique_ptr<ShardReader> reader_;
  shards::ReadFrom read_from_;
  bool fan_out_refused_ = false;

  Outstanding outstanding_;
  /// Kept only where rows have no place for sub-sequence numbers.
  WholeRecords whole_records_;
  /// The end of the last batch that was done with.
  std::optional<Position> done_;
  /// The end of the batch in the program's hands; of several, the first one.
  std::optional<Position> in_hand_;
  /// Where the batch in hand begins, once a call with it has failed: what it asks for may be stored already.
  std::optional<Position> repeats_from_;
  /// Set while shard_ended runs: what a checkpoint stores then.
  std::optional<std::set<std::string>> ending_with_;
  /// Rises whenever something goes forward.
  std::uint64_t moves_ = 0;
  /// When the callback that runs began.
  std::optional<base::BootTime> in_call_since_;
  /// A batch is with the program, or will be again.
  bool delivering_ = false;
  /// Several batches are being handed out: none goes out behind one that has failed.
  bool side_by_side_ = false;
  std::vector<std::string> waits_for_;
  bool initialized_ = false;
  bool shutdown_requested_ = false;
  /// The program lost what it was given: see ports::Checkpoints.
  bool starts_over_ = false;
  base::BootTime last_checkpoint_{};

  LastErrors errors_;
  ShardStatus status_;
  std::optional<base::BootTime> status_until_;
  base::Event wake_;
  base::TaskScope helpers_;
};

}  // namespace kcl::consumer
