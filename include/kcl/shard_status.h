// Why a shard is, or is not, moving: what anyone may ask at any time (C9).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <kcl/position.h>
#include <kcl/timestamp.h>

namespace kcl {

enum class ShardState : std::uint8_t {
  starting,             ///< the lease is held; finding out where to begin
  waiting_for_parents,  ///< C3: a parent has not been read to its end
  initializing,         ///< in, or about to repeat, RecordProcessor::initialize
  idle,                 ///< nothing to deliver at the moment
  processing,           ///< in a callback
  retrying,             ///< process_records threw; the same batch, or a part of it, comes again (C5)
  dead_lettering,       ///< OnError::bisect: the dead-letter sink is to take a record
  stopped,              ///< OnError::stop: a batch failed for good; the lease is held, and nothing is delivered
  suspended,            ///< the lease cannot be renewed at the moment: delivery pauses (C8, C13)
  ending,               ///< read to its end; children are being prepared, or shard_ended is to checkpoint
  handing_over,         ///< another worker asked for the lease
  stopping,             ///< the worker shuts down
  lost,                 ///< another worker has the lease
  ended,                ///< SHARD_END is stored
  released,             ///< given up
};

std::string_view name_of(ShardState state);

struct ShardStatus {
  /// Of a worker that reads several streams, as its configuration names this one; else empty.
  std::string stream;
  std::string shard_id;
  /// What its lease is called in the table: the shard id, or `<account>:<stream>:<creation>:<shard id>` where the
  /// worker reads several streams.
  std::string lease_key;
  ShardState state = ShardState::starting;
  /// When this state began.
  Timestamp since{};
  /// What must happen before it goes on: "parent shardId-000000000003", "process_records to return"; empty when nothing
  /// is waited for.
  std::string waiting_for;
  /// When kclpp itself goes on, if it is kclpp's own wait.
  std::optional<Timestamp> until;
  /// The last thing that went wrong, and when. Kept until the next success of the same kind.
  std::string last_error;
  /// How long nothing has moved although there is something to do, once that is longer than WorkerConfig::stall_after;
  /// and why, for people.
  std::optional<std::chrono::milliseconds> stalled;
  std::string stall_cause;
  std::uint64_t epoch = 0;
  /// As stored.
  Position checkpoint = Position::trim_horizon();
  /// Lag that never lies: the larger of the service's MillisBehindLatest and the time since the last successful read.
  std::optional<std::chrono::milliseconds> behind;
};

}  // namespace kcl
