// The awaitable processor seam: user code as the consumer sees it. In production src/worker runs the program's
// callbacks on threads; in the simulation a model processes in virtual time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <kcl/hash_key.h>
#include <kcl/position.h>
#include <kcl/record.h>

#include "base/task.h"
#include "base/wait.h"

namespace kcl::ports {

/// How a callback ended.
struct CallbackResult {
  enum class Kind : std::uint8_t { returned, threw, retry_later };
  Kind kind = Kind::returned;
  /// What it threw, for people.
  std::string what;
  /// Only for retry_later.
  base::Duration retry_after{};

  bool ok() const noexcept { return kind == Kind::returned; }
};

struct CheckpointResult {
  enum class Kind : std::uint8_t {
    stored,
    lease_lost,   ///< another worker holds the lease, or may: stop working on this shard
    unavailable,  ///< the store did not take it now; the lease is still ours: try again later
    invalid,      ///< not a position that may be stored now: before the last checkpoint, or past what was delivered
  };
  Kind kind = Kind::stored;
  std::string message;
};

/// What callbacks may do with the shard's position. On the strand. Outlives every callback that was given it.
class Checkpoints {
 public:
  Checkpoints() = default;
  Checkpoints(const Checkpoints&) = delete;
  Checkpoints& operator=(const Checkpoints&) = delete;
  virtual ~Checkpoints() = default;

  /// Without a position: inside process_records the end of the batch in hand; in shard_ended the shard's end; elsewhere
  /// the last batch that returned normally (C1).
  virtual base::Task<CheckpointResult> checkpoint(std::optional<Position> position) = 0;
  /// For who asks from outside of a callback: stores the end of the last batch that returned normally, whatever is in
  /// hand.
  virtual base::Task<CheckpointResult> checkpoint_done() = 0;
  /// Whether a batch that was handed out may begin at this moment; else it is to be tried again: the lease is not
  /// certainly ours, or about to be left, or a batch before it has failed. Asked right before each call.
  virtual bool may_begin() const = 0;
  /// Until then this epoch is certainly ours (C8). It moves on with every renewal.
  virtual base::BootTime valid_until() const = 0;
  virtual bool lost() const = 0;
  /// What was delivered since the last checkpoint may be lost to the program, as when a process that held it died:
  /// gives the lease back without a checkpoint and without another callback, so that whoever takes it starts there, in
  /// an epoch of its own. Any time; a callback that runs is waited for.
  virtual void start_over(std::string why) = 0;
};

/// One acquisition of one shard.
struct ShardEpoch {
  /// As the worker was told of it.
  std::string stream;
  std::string shard_id;
  /// Grows with each acquisition of this shard by whatever worker: what an idempotent sink compares.
  std::uint64_t epoch = 0;
  /// Where reading starts: after this position.
  Position checkpoint = Position::trim_horizon();
  std::vector<std::string> parents;
  std::optional<HashKeyRange> hash_keys;
};

/// A record that failed by itself for good.
struct FailedRecord {
  /// Of this one record.
  RecordBatch batch;
  /// What the last call threw.
  std::string error;
  std::size_t attempts = 0;
};

/// One per epoch. Callbacks are never concurrent with each other.
class Processor {
 public:
  Processor() = default;
  Processor(const Processor&) = delete;
  Processor& operator=(const Processor&) = delete;
  virtual ~Processor() = default;

  virtual base::Task<CallbackResult> initialize() = 0;
  virtual base::Task<CallbackResult> process_records(RecordBatch batch) = 0;
  /// Gives the record to the dead-letter sink; only OnError::bisect asks for it.
  virtual base::Task<CallbackResult> dead_letter(FailedRecord failed) = 0;
  virtual base::Task<CallbackResult> lease_lost() = 0;
  virtual base::Task<CallbackResult> shard_ended() = 0;
  virtual base::Task<CallbackResult> shutdown_requested() = 0;
};

class ProcessorFactory {
 public:
  ProcessorFactory() = default;
  ProcessorFactory(const ProcessorFactory&) = delete;
  ProcessorFactory& operator=(const ProcessorFactory&) = delete;
  virtual ~ProcessorFactory() = default;

  /// `checkpoints` lives until the processor is destroyed.
  virtual std::unique_ptr<Processor> create(const ShardEpoch& epoch, Checkpoints& checkpoints) = 0;
};

}  // namespace kcl::ports
