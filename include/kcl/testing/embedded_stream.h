// An in-memory Kinesis stream for tests, demos and development: the service's semantics without the service.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <kcl/hash_key.h>
#include <kcl/kinesis.h>
#include <kcl/testing/put_record.h>
#include <kcl/timestamp.h>

namespace kcl::testing {

struct EmbeddedStreamOptions {
  /// 1 to 128 letters, digits, '_', '.' and '-'.
  std::string name = "embedded";
  /// Open shards at the beginning, of equal width. 1 to 10,000.
  std::size_t shards = 1;
  /// The service's limits: per shard 5 reads and 2 MiB read per second, 1,000 records and 1 MiB written per second; 500
  /// records and 10 MiB per put_many(). Without them nothing is ever throttled.
  bool limits = true;
  /// Above zero, in milliseconds. Older records are gone, and shards that were closed longer ago are no longer listed.
  std::chrono::milliseconds retention = std::chrono::hours{24};
  /// Above zero, in milliseconds: how long a shard iterator can be used.
  std::chrono::milliseconds iterator_ttl = std::chrono::minutes{5};
  /// The stream's clock; the host's when empty. Called for each operation, one call at a time, under the stream's lock:
  /// it must not throw and not use the stream. When it runs backwards, the stream's time stands still.
  std::function<Timestamp()> clock;
};

/// One stream. Give kinesis() to a worker, and write to it with put().
///
///     kcl::testing::EmbeddedStream orders({.name = "orders", .shards = 2});
///     orders.put("customer-7", "a pear").value();
///
/// What it does as AWS: sequence numbers, shard ids, iterators and their expiry, page tokens and filters of ListShards,
/// retention, limits, splits and merges with their parents and children, and the empty answer by which a closed shard
/// ends. What it leaves out: the UPDATING state (resharding takes effect at once), limits per account, enhanced
/// fan-out.
///
/// Thread rules: every method may be called from any thread; calls are served one at a time and never wait for anything
/// else. Errors: as results, of the kinds that the service's errors map to; `unavailable` and `denied` never occur.
/// Memory: every record is held until the retention is over; records of an answer stay readable for as long as its
/// buffer is kept.
class EmbeddedStream {
 public:
  /// Throws std::invalid_argument that names every wrong option.
  explicit EmbeddedStream(EmbeddedStreamOptions options = {});
  EmbeddedStream(const EmbeddedStream&) = delete;
  EmbeddedStream& operator=(const EmbeddedStream&) = delete;
  ~EmbeddedStream();

  const std::string& name() const noexcept;

  /// AWS PutRecord. The key has 1 to 256 Unicode characters; key and data together at most 1 MiB. Both are copied.
  /// invalid_argument: beyond these bounds. throttled: the shard has no allowance left this second.
  KinesisResult<Placement> put(std::string_view partition_key, std::string_view data);

  /// AWS PutRecords: one outcome per record, in order, each as put() gives it; some may be throttled while others are
  /// stored. invalid_argument for the whole, and nothing stored: no record, more than the limits allow, or one record
  /// out of bounds.
  KinesisResult<std::vector<KinesisResult<Placement>>> put_many(std::span<const PutRecord> records);

  /// AWS SplitShard, at `new_starting_hash_key` or in the middle. Returns the ids of the two children, the lower one
  /// first. not_found: no such shard. invalid_argument: it is closed, or the key is not above its start + 1 and below
  /// its end.
  KinesisResult<std::vector<std::string>> split(std::string_view shard_id,
                                                std::optional<HashKey> new_starting_hash_key = std::nullopt);

  /// AWS MergeShards, in either order. Returns the id of the child.
  /// not_found: no such shard. invalid_argument: one is closed, or their ranges do not adjoin.
  KinesisResult<std::string> merge(std::string_view shard_id, std::string_view adjacent_shard_id);

  /// Every shard that is open or within the retention, by id.
  std::vector<Shard> list() const;
  StreamDescription describe() const;

  /// The seam to read it by. All such handles are one stream, and keep it alive without this object. They answer at
  /// once, whatever the call's timeout, and not_found to every stream but this one's name or ARN.
  std::shared_ptr<Kinesis> kinesis() const;

 private:
  class Service;
  std::shared_ptr<Service> service_;
};

}  // namespace kcl::testing
