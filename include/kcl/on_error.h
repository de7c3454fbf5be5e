// What becomes of a batch whose process_records keeps failing (C5), and where records go that cannot be processed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <kcl/record.h>
#include <kcl/record_processor.h>

namespace kcl {

/// No policy ever skips a record: a checkpoint passes only what was processed, or what a dead-letter sink has taken.
enum class OnError : std::uint8_t {
  /// The same batch again, with back-off, for ever.
  retry,
  /// After max_attempts failures the shard stands still: the worker holds its lease and delivers nothing more of it
  /// until it is restarted; the other shards go on. A worker that is given the shard, by a restart or a hand-off, tries
  /// anew from the last position that was done with.
  stop,
  /// After max_attempts failures the batch is delivered in halves, the halves that fail in halves of their own at once,
  /// down to the single record. When that has failed max_attempts times by itself, the dead-letter sink gets it, and
  /// once the sink has taken it, it is done with and delivery goes on. The order is kept, and a half that returned does
  /// not come again in the same epoch.
  bisect,
};

std::string_view name_of(OnError policy);

/// A record that failed for good. Valid during the call.
struct DeadLetter {
  const Record& record;
  /// Of the processor that failed: stream, shard, epoch; cancelled() when the call should give up.
  const ShardContext& shard;
  /// What the last call threw.
  std::string_view error;
  /// Calls with this record alone, all of which failed.
  std::size_t attempts;
};

/// Takes records that cannot be processed. Several shards may call it at once, each on a thread for callbacks; it may
/// block, and the shard waits for it, with its lease renewed meanwhile.
class DeadLetterSink {
 public:
  DeadLetterSink() = default;
  DeadLetterSink(const DeadLetterSink&) = delete;
  DeadLetterSink& operator=(const DeadLetterSink&) = delete;
  virtual ~DeadLetterSink() = default;

  /// Returns when the record is safe: a checkpoint may pass it from then on. Whatever it throws means that it has not
  /// taken the record, which comes again: after RetryLater's delay, else with back-off, for ever. After a crash or a
  /// lost lease a record that was taken may come a second time.
  virtual void take(const DeadLetter& letter) = 0;
};

}  // namespace kcl
