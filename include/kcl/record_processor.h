// What a program implements to process a shard: level 2 (RecordProcessor) and level 3 (AckProcessor) of the API. Level
// 1 is kcl/consume.h.
//
// Threads: the callbacks of one processor are never concurrent with each other, but may come from different threads;
// those of different shards are concurrent. A callback may block as long as it needs: the lease is renewed meanwhile.
//
// What an exception from a callback does:
//
// clang-format off
// | callback                | RetryLater(d)                | any other exception                                    |
// |-------------------------|------------------------------|--------------------------------------------------------|
// | factory                 | as any other                 | called again with back-off, for ever                   |
// | initialize              | called again after d         | called again with back-off, for ever                   |
// | process_records, retry  | the same batch again after d | the same batch again with back-off, for ever           |
// | process_records, stop   | the same batch again after d | as retry, but after max_attempts failures the lease is |
// |                         |                              | held and nothing more is delivered of the shard        |
// | process_records, bisect | the same part again after d  | as retry, but after max_attempts failures in halves,   |
// |                         |                              | down to single records; one that fails max_attempts    |
// |                         |                              | times by itself goes to the dead-letter sink           |
// | DeadLetterSink::take    | called again after d         | called again with back-off, for ever                   |
// | shard_ended             | called again after d         | called again with back-off; the children wait          |
// | shutdown_requested      | as any other                 | logged; the lease is released without a checkpoint     |
// | lease_lost              | as any other                 | logged                                                 |
// clang-format on
//
// retry, stop and bisect: WorkerConfig::on_error (kcl/on_error.h); the other rows are the same for all three.
// RetryLater is no error and no attempt; any other exception is logged, counted, and shown in the shard's status.
// Back-off is interrupted by a shutdown and by the loss of the lease.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include <kcl/errors.h>
#include <kcl/hash_key.h>
#include <kcl/position.h>
#include <kcl/record.h>

namespace kcl {

/// One acquisition of one shard by this worker. Cheap to copy; safe from any thread, also after the processor is gone.
class ShardContext {
 public:
  struct Content;
  explicit ShardContext(std::shared_ptr<const Content> content) : content_(std::move(content)) {}

  const std::string& application() const noexcept;
  const std::string& stream() const noexcept;
  const std::string& shard_id() const noexcept;
  const std::string& worker_id() const noexcept;
  /// A number that grows with each acquisition of this shard, whoever's: store it with your output and refuse smaller
  /// ones, and a worker that was paused past its lease (a zombie) cannot overwrite its successor.
  std::uint64_t epoch() const noexcept;
  /// Where reading starts: after this position.
  const Position& checkpoint() const noexcept;
  const std::vector<std::string>& parents() const noexcept;
  const std::optional<HashKeyRange>& hash_keys() const noexcept;

  /// True when a call in progress should give up: the lease is lost, or cannot be proved to be held at this moment
  /// (C8).
  bool cancelled() const noexcept;
  /// Requested once, when this epoch is over or the worker is told to stop.
  std::stop_token stop_token() const noexcept;
  /// Asks the whole worker to shut down in an orderly way, as a signal would. Returns at once.
  void stop_worker() const;

 private:
  std::shared_ptr<const Content> content_;
};

/// Stores how far this shard has been processed. Blocks until the lease table has answered. Callable from any thread as
/// long as the processor lives, also outside callbacks. Throws LeaseLost, CheckpointUnavailable, InvalidCheckpoint.
class Checkpointer {
 public:
  Checkpointer() = default;
  Checkpointer(const Checkpointer&) = delete;
  Checkpointer& operator=(const Checkpointer&) = delete;
  virtual ~Checkpointer() = default;

  /// Inside process_records, on the thread of that call: the end of the batch in hand. Inside shard_ended likewise: the
  /// end of the shard. Elsewhere, on other threads meanwhile too: the last batch whose process_records returned
  /// normally (C1). Nothing happens when that is stored already.
  virtual void checkpoint() = 0;
  /// Up to and including this position: at least the last checkpoint, at most what was delivered.
  virtual void checkpoint(const Position& position) = 0;
  /// Up to and including this record.
  void checkpoint(const Record& record) { checkpoint(record.position()); }
};

/// Level 2. One per shard and epoch, made by a factory.
class RecordProcessor {
 public:
  RecordProcessor() = default;
  RecordProcessor(const RecordProcessor&) = delete;
  RecordProcessor& operator=(const RecordProcessor&) = delete;
  virtual ~RecordProcessor() = default;

  /// Before anything else, once it returned normally.
  virtual void initialize(const ShardContext& /*context*/) {}
  /// Returning normally means that the batch is done with. Never called with an empty batch.
  virtual void process_records(const RecordBatch& batch, Checkpointer& checkpointer) = 0;
  /// Another worker has the shard. Nothing can be stored any more. The last callback.
  virtual void lease_lost() {}
  /// Every record of the shard has been delivered and it is closed. Must call checkpoint(), else the shard's children
  /// can never start: it is called again until it did. The default does. (With automatic checkpoints kclpp does it
  /// after the call.)
  virtual void shard_ended(Checkpointer& checkpointer) { checkpointer.checkpoint(); }
  /// The worker stops, or hands the shard to another: the last chance to checkpoint. The last callback, but for
  /// lease_lost if the lease is lost meanwhile.
  virtual void shutdown_requested(Checkpointer& checkpointer) { checkpointer.checkpoint(); }
};

using RecordProcessorFactory = std::function<std::unique_ptr<RecordProcessor>()>;

/// Acknowledges one batch: level 3. Copies share the state; any thread; the order between batches and records is free.
/// kclpp checkpoints by itself, up to the last record before which everything has been acknowledged.
///
/// When the last copy goes away before everything was acknowledged, the batch counts as failed and is delivered again.
class Ack {
 public:
  class State;
  explicit Ack(std::shared_ptr<State> state) : state_(std::move(state)) {}

  /// The whole batch is done with.
  void done() const;
  /// This record of the batch is done with.
  void done(const Record& record) const;
  /// The batch has failed, as if the call had thrown (C5). Records acknowledged before stay so for the checkpoint, but
  /// may come again.
  void failed(std::string why) const;
  /// As if the call had thrown RetryLater(delay): no failure, and the batch comes again.
  void retry_later(std::chrono::milliseconds delay) const;

 private:
  std::shared_ptr<State> state_;
};

/// Level 3. As RecordProcessor, but a batch is done with when its Ack says so, not when the call returns. Up to
/// WorkerConfig::max_outstanding_batches of a shard are handed out that are not settled; a lease is released, and a
/// shutdown waits, until all of them are.
///
/// With one, the default, the next batch comes when this one is settled. With more, a failure stops that: once all that
/// was handed out is settled, those that failed come again in their order, each when the one before it is settled; then
/// batches come side by side again. Checkpoints only pass what was acknowledged without a gap.
///
/// The processor is not destroyed, and the Worker's destructor does not return, before its last batch is settled.
class AckProcessor {
 public:
  AckProcessor() = default;
  AckProcessor(const AckProcessor&) = delete;
  AckProcessor& operator=(const AckProcessor&) = delete;
  virtual ~AckProcessor() = default;

  virtual void initialize(const ShardContext& /*context*/) {}
  virtual void process_records(RecordBatch batch, Ack ack) = 0;
  virtual void lease_lost() {}
  virtual void shard_ended() {}
  virtual void shutdown_requested() {}
};

using AckProcessorFactory = std::function<std::unique_ptr<AckProcessor>()>;

}  // namespace kcl
