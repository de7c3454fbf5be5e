// SubscribeToShard over a stream in memory, with the service's semantics. Like Stream: a plain state machine, one
// thread at a time, given the time with every call.
//
// Whoever serves it asks next() again and again: after every put, and at due().
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include <kcl/kinesis.h>
#include <kcl/timestamp.h>

#include "embedded/consumers.h"
#include "embedded/limits.h"
#include "embedded/stream.h"

namespace kcl::embedded {

class Subscriptions {
 public:
  struct Options {
    /// The service ends every stream after this.
    std::chrono::milliseconds lifetime = std::chrono::minutes{5};
    /// An event without records comes when there was none for so long.
    std::chrono::milliseconds heartbeat = std::chrono::seconds{5};
    /// A later subscription of the same consumer to the same shard takes over when the one before it began so long ago;
    /// until then it is refused, also when that one has ended.
    std::chrono::milliseconds takeover_after = std::chrono::seconds{5};
    std::size_t event_records = 10'000;
    /// Of an event, which has one record at least.
    std::size_t event_bytes = 1 << 20;
    /// Of one subscription. AWS: 2 MB per shard and consumer.
    std::uint64_t bytes_per_second = 2 << 20;
  };
  using Id = std::uint64_t;
  /// The service ended the stream in order.
  struct End {};
  using Word = std::variant<ShardEvent, KinesisError, End>;

  /// All of them outlive it.
  Subscriptions(Stream& stream, Consumers& consumers, Options options);

  /// not_found: no such consumer or shard. in_use: the consumer is not ACTIVE, or its subscription to this shard began
  /// less than takeover_after ago. invalid_argument: a position as get_shard_iterator() refuses it.
  KinesisResult<Id> subscribe(const SubscribeToShard& request, Timestamp now);
  /// What the service says on this stream now; empty: nothing for the moment. After an error (in_use: a later
  /// subscription took over; not_found: the consumer or the shard is gone) or End it is over, and says End for ever.
  std::optional<Word> next(Id id, Timestamp now);
  /// When next() will have something to say, be there new records or not. Precondition: it is not over.
  Timestamp due(Id id) const;
  /// Whether the consumer's last subscription to the shard is too young to be taken over, ended or not.
  bool began_lately(std::string_view consumer_arn, std::string_view shard_id, Timestamp now) const;
  /// The client hung up.
  void close(Id id) { under_way_.erase(id); }

 private:
  using Kind = KinesisError::Kind;
  using Place = std::pair<std::string, std::string>;  // consumer's ARN, shard
  struct Subscription {
    Place place;
    Stream::Cursor cursor;
    Timestamp began{};
    Timestamp last_event{};
    Allowance bytes;
    /// There are records that were not sent yet.
    bool behind = false;
    bool displaced = false;
    bool ended = false;
  };
  struct Latest {
    Id id = 0;
    Timestamp began{};
  };

  std::optional<Word> word_on(Subscription& subscription, Timestamp now);
  Failure<KinesisError> refuse(Kind kind, std::string message) const;

  Stream& stream_;
  Consumers& consumers_;
  const Options options_;
  Timestamp now_{};
  Id last_id_ = 0;
  std::map<Id, Subscription> under_way_;
  /// The last one of each place, over or not.
  std::map<Place, Latest> latest_;
};

}  // namespace kcl::embedded
