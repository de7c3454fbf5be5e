// The Kinesis seam: what a program plugs in to read streams its own way (the AWS SDK, a recorded stream, a fake).
// Plain blocking C++. kclpp calls it from threads made for blocking calls, several at once: implementations must be
// thread-safe. No method may throw, and each must return within about `Call::timeout`.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include <kcl/hash_key.h>
#include <kcl/position.h>
#include <kcl/record.h>
#include <kcl/result.h>
#include <kcl/timestamp.h>

namespace kcl {

/// Limits of one call.
struct Call {
  std::chrono::milliseconds timeout{30'000};
  /// Requested when nobody waits for the answer any more; returning early is a courtesy, not a duty.
  std::stop_token stop;
};

struct KinesisError {
  enum class Kind : std::uint8_t {
    throttled,         ///< ProvisionedThroughputExceeded, LimitExceeded, KMSThrottling: the same call may succeed later
    expired_iterator,  ///< ExpiredIterator: get a new one after the last record seen
    invalid_argument,  ///< InvalidArgument, Validation: the request itself is refused
    not_found,         ///< ResourceNotFound: the stream or the shard. Never taken as "the shard ended" (C6)
    in_use,            ///< ResourceInUse: another subscription of the same consumer has the shard, or had it just now
    denied,            ///< AccessDenied, expired or wrong credentials
    untrusted,         ///< the server's certificate is not one that is trusted
    unavailable,       ///< connection failed, timed out, 5xx: nothing is known of the stream
    unsupported,       ///< this client or this service has no such call
  };
  Kind kind = Kind::unavailable;
  std::string message;
  /// The service's clock, when the error was an answer of the service.
  std::optional<Timestamp> server_time;
};

template <class T>
using KinesisResult = Result<T, KinesisError>;

struct StreamDescription {
  std::string name;
  std::string arn;
  /// A stream that was deleted and created again under the same name differs here.
  Timestamp created{};
  std::chrono::hours retention{24};
  std::size_t open_shards = 0;
  Timestamp server_time{};
};

struct Shard {
  std::string id;
  /// Empty when the shard was there from the stream's creation. The parent may no longer be listed.
  std::string parent_id;
  /// Second parent of a merge; empty otherwise.
  std::string adjacent_parent_id;
  HashKeyRange hash_keys;
  std::string starting_sequence_number;
  /// Present iff the shard is closed.
  std::optional<std::string> ending_sequence_number;

  bool is_open() const noexcept { return !ending_sequence_number.has_value(); }
  std::vector<std::string> parents() const;
};

struct ListShards {
  /// AWS ListShards ShardFilter. `from_timestamp`: every shard that was open at that time or later.
  enum class Filter : std::uint8_t { none, from_timestamp };
  std::string stream;
  Filter filter = Filter::none;
  Timestamp timestamp{};
  /// Of the page before; empty for the first. The filter must be repeated.
  std::string next_token;
};

struct ShardPage {
  std::vector<Shard> shards;
  /// Empty on the last page.
  std::string next_token;
  Timestamp server_time{};
};

struct GetShardIterator {
  enum class Type : std::uint8_t { trim_horizon, latest, at_timestamp, at_sequence_number, after_sequence_number };
  std::string stream;
  std::string shard_id;
  Type type = Type::trim_horizon;
  std::string sequence_number;
  Timestamp timestamp{};
};

struct ShardIterator {
  std::string iterator;
  Timestamp server_time{};
};

struct GetRecords {
  std::string stream;
  std::string iterator;
  /// 1 to 10,000.
  std::size_t limit = 10'000;
};

struct ChildShard {
  std::string id;
  std::vector<std::string> parents;
  HashKeyRange hash_keys;
};

struct RecordsPage {
  /// Views into `buffer`, in sequence order.
  std::vector<Record> records;
  std::shared_ptr<const void> buffer;
  /// What `buffer` keeps in memory; when 0, the records' own bytes are counted.
  std::size_t buffer_bytes = 0;
  /// Absent when the shard is closed and has been read to its end.
  std::optional<std::string> next_iterator;
  std::chrono::milliseconds behind_latest{0};
  /// Given with the answer that ends the shard.
  std::vector<ChildShard> child_shards;
  Timestamp server_time{};
};

/// One reader of a stream for enhanced fan-out: a name at the service, with throughput of its own.
struct StreamConsumer {
  enum class Status : std::uint8_t { creating, active, deleting };
  std::string name;
  std::string arn;
  Status status = Status::creating;
  Timestamp created{};
};

struct SubscribeToShard {
  std::string stream;
  std::string consumer_arn;
  std::string shard_id;
  /// Where it starts, as for GetShardIterator.
  GetShardIterator::Type type = GetShardIterator::Type::trim_horizon;
  std::string sequence_number;
  Timestamp timestamp{};
};

/// AWS SubscribeToShardEvent. One without records says that there were none for a while.
struct ShardEvent {
  /// Views into `buffer`, in sequence order.
  std::vector<Record> records;
  std::shared_ptr<const void> buffer;
  /// All up to it, and it itself, was delivered by this event and those before it. May be absent at the shard's end.
  std::optional<std::string> continuation_sequence_number;
  std::chrono::milliseconds behind_latest{0};
  /// Given with the last event of a shard that is closed and was read to its end; empty before.
  std::vector<ChildShard> child_shards;
  Timestamp server_time{};
};

/// A stream of events that SubscribeToShard has begun. One thread at a time; destroyed, on any thread, to cancel it.
class ShardSubscription {
 public:
  ShardSubscription() = default;
  ShardSubscription(const ShardSubscription&) = delete;
  ShardSubscription& operator=(const ShardSubscription&) = delete;
  virtual ~ShardSubscription() = default;

  /// Waits for the next event. Empty: the service ended the stream in order, as it does after five minutes. Nothing
  /// comes after that or after an error; no event by the timeout is an error, too.
  virtual KinesisResult<std::optional<ShardEvent>> next(const Call& call) = 0;
};

class Kinesis {
 public:
  Kinesis() = default;
  Kinesis(const Kinesis&) = delete;
  Kinesis& operator=(const Kinesis&) = delete;
  virtual ~Kinesis() = default;

  virtual KinesisResult<StreamDescription> describe_stream(const std::string& stream, const Call& call) = 0;
  virtual KinesisResult<ShardPage> list_shards(const ListShards& request, const Call& call) = 0;
  virtual KinesisResult<ShardIterator> get_shard_iterator(const GetShardIterator& request, const Call& call) = 0;
  virtual KinesisResult<RecordsPage> get_records(const GetRecords& request, const Call& call) = 0;

  /// For enhanced fan-out only. While a shard is read, a thread waits in its subscription's next().
  virtual KinesisResult<std::unique_ptr<ShardSubscription>> subscribe_to_shard(const SubscribeToShard& request,
                                                                               const Call& call);
};

}  // namespace kcl
