// How consumers read and deliver. Values come checked from WorkerConfig.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include <kcl/on_error.h>
#include <kcl/stray_records.h>
#include <kcl/timestamp.h>

#include "base/loop.h"

namespace kcl::consumer {

/// How to read by enhanced fan-out.
struct FanOutOptions {
  /// Empty: of the consumer that the Kinesis client is set up with.
  std::string consumer_arn;
  /// A stream that brings nothing for so long is dead: the service sends an event every few seconds.
  base::Duration silence = std::chrono::seconds(30);
  /// Reads with GetRecords where fan-out is refused.
  bool fall_back = false;
};

struct ReaderOptions {
  std::string stream;
  /// Records per GetRecords: 1 to 10,000.
  std::size_t max_records = 10'000;
  /// Between two reads of one shard: the service allows five a second, for all applications together.
  base::Duration min_interval = std::chrono::milliseconds(200);
  /// Between two reads of a shard that had nothing new.
  base::Duration idle_interval = std::chrono::seconds(1);
  /// Batches fetched ahead of the processor, per shard; the byte budget bounds all of them together.
  std::size_t prefetch = 2;
  base::Duration call_timeout = std::chrono::seconds(30);
  /// Records that arrived at this time or later are not delivered, nor is what follows them.
  std::optional<Timestamp> until;
  /// Absent: GetRecords.
  std::optional<FanOutOptions> fan_out;
};

struct ConsumerOptions {
  ReaderOptions reader;
  /// kclpp checkpoints by itself after success; otherwise the program asks for it.
  bool checkpoint_automatically = true;
  base::Duration checkpoint_interval = std::chrono::seconds(10);
  /// Pauses between deliveries of a batch whose call threw: doubling from the first to the longest.
  base::Duration first_retry = std::chrono::milliseconds(200);
  base::Duration longest_retry = std::chrono::seconds(30);
  /// What the program may have in its hands at once of one shard, not settled: batches, and their bytes. A batch that
  /// is larger comes alone.
  std::size_t max_outstanding = 1;
  std::size_t max_outstanding_bytes = SIZE_MAX;
  StrayRecords strays = StrayRecords::deliver;
  OnError on_error = OnError::retry;
  /// Of a batch under stop and bisect, and of a single record under bisect.
  std::size_t max_attempts = 5;
};

}  // namespace kcl::consumer
