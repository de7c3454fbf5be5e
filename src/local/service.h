// Kinesis Data Streams as one account in one region has it: streams by name, and the operations on them. Requests and
// answers are values; HTTP, signatures and faults are in front of it (front.h). SubscribeToShard, whose answer goes on,
// is subscribe() here; subscription_answer.h writes it.
//
// A plain state machine: one thread at a time, no clock, no chance; every call is given the time.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <kcl/timestamp.h>

#include "embedded/limits.h"
#include "local/hosted_stream.h"
#include "local/operation.h"
#include "local/parameters.h"
#include "local/service_error.h"
#include "wire/document_writer.h"
#include "wire/protocol.h"

namespace kcl::local {

struct ServiceOptions {
  std::string region = "us-east-1";
  std::string account = "000000000000";
  /// AWS's limits: per shard, per request, per operation and account. Without them nothing is throttled.
  bool limits = true;
  std::chrono::milliseconds iterator_ttl = std::chrono::minutes{5};
  /// The service ends every answer of SubscribeToShard after this.
  std::chrono::milliseconds subscription_lifetime = std::chrono::minutes{5};
  /// Of new streams.
  std::chrono::milliseconds retention = std::chrono::hours{24};
  /// How long a stream is CREATING, UPDATING or DELETING; a consumer, too.
  std::chrono::milliseconds transition{100};
  /// Open shards of all PROVISIONED streams together, with `limits`.
  std::size_t max_shards = 20'000;
  /// Beyond, puts are throttled, until records leave by their retention.
  std::size_t memory_bytes = std::size_t{2} << 30;
};

/// A subscription that is under way.
struct Subscribed {
  std::string stream;
  /// A stream that was deleted and created again is another one.
  Timestamp created{};
  embedded::Subscriptions::Id id = 0;
};

/// Whether ListShards shows all it should: a fault is that some of a page's shards are missing.
enum class Listing : std::uint8_t { whole, with_holes };

class Service {
 public:
  explicit Service(ServiceOptions options);

  /// The body of the answer. Every operation but SubscribeToShard.
  Served<std::string> call(Operation operation, const Parameters& parameters, wire::Protocol protocol, Timestamp now,
                           Listing listing = Listing::whole);

  // SubscribeToShard: an answer that goes on. Its words are asked for one by one, as embedded::Subscriptions says.

  Served<Subscribed> subscribe(const Parameters& parameters, Timestamp now);
  std::optional<embedded::Subscriptions::Word> next(const Subscribed& subscribed, Timestamp now);
  Timestamp due(const Subscribed& subscribed, Timestamp now);
  void close(const Subscribed& subscribed);

  /// As CreateStream, but ACTIVE at once.
  std::optional<ServiceError> add_stream(const std::string& name, std::size_t shards, Timestamp now);

 private:
  struct Call {
    const Parameters& in;
    wire::DocumentWriter& out;
    Timestamp now;
    Listing listing;
  };

  void dispatch(Operation operation, const Call& call);
  /// Refuses a call that is one too many in its second.
  void charge(Operation operation, embedded::Allowance& calls, Timestamp now) const;
  /// The same of an operation whose rate is the stream's own.
  HostedStream& charged(HostedStream& stream, Operation operation, Timestamp now) const;
  void forget_deleted(Timestamp now);

  // What a call is about. Each refuses what it does not find.
  HostedStream& stream_of(const Call& call);
  HostedStream& stream_named(std::string_view name);
  HostedStream& readable(HostedStream& stream, Timestamp now);
  HostedStream& active(HostedStream& stream, Timestamp now);
  /// StreamCreationTimestamp, if it is given, is this stream's.
  void check_created(const Call& call, const HostedStream& stream) const;
  std::string name_of_arn(std::string_view arn) const;
  /// Refuses when so many more open shards are too many for the account.
  void check_shard_limit(std::size_t more) const;
  void check_on_demand_limit() const;

  // service_streams.cc
  void create_stream(const Call& call);
  void delete_stream(const Call& call);
  void describe_stream(const Call& call);
  void describe_stream_summary(const Call& call);
  void list_streams(const Call& call);
  void change_retention(const Call& call, bool increase);
  void update_max_record_size(const Call& call);
  void write_description(const Call& call, const HostedStream& stream);

  // service_shards.cc
  void list_shards(const Call& call);
  /// Refuses a stream that AWS scales by itself.
  HostedStream& reshardable(const Call& call, Operation operation);
  void split_shard(const Call& call);
  void merge_shards(const Call& call);
  void update_shard_count(const Call& call);

  // service_records.cc
  void put_record(const Call& call);
  void put_records(const Call& call);
  void get_shard_iterator(const Call& call);
  void get_records(const Call& call);
  void check_memory(std::size_t more);

  // service_consumers.cc
  void register_consumer(const Call& call);
  void describe_consumer(const Call& call);
  void list_consumers(const Call& call);
  void deregister_consumer(const Call& call);
  embedded::Consumers::Options consumer_options() const;
  std::pair<HostedStream*, StreamConsumer> consumer_of(const Call& call, Operation operation);
  HostedStream* subscribed_stream(const Subscribed& subscribed, Timestamp now);

  const ServiceOptions options_;
  std::map<std::string, std::unique_ptr<HostedStream>, std::less<>> streams_;
  /// By operation, of those whose rate is the account's.
  std::vector<embedded::Allowance> calls_;
  /// Held by all streams when it was last counted, and put since.
  std::size_t held_bytes_ = 0;
  std::size_t put_bytes_ = 0;
};

}  // namespace kcl::local
