#include <algorithm>

#include "local/requirement.h"
#include "local/service.h"
#include "local/start_position.h"
#include "local/stream_token.h"

namespace kcl::local {

namespace {

constexpr std::string_view kConsumerPart = "/consumer/";
/// Of a consumer to a shard.
constexpr std::uint64_t kSubscribesPerSecond = 1;
constexpr std::size_t kPage = 100;

std::string_view name_of(StreamConsumer::Status status) {
  switch (status) {
    case StreamConsumer::Status::creating:
      return "CREATING";
    case StreamConsumer::Status::active:
      return "ACTIVE";
    case StreamConsumer::Status::deleting:
      break;
  }
  return "DELETING";
}

void write_consumer(wire::DocumentWriter& out, const StreamConsumer& consumer) {
  out.name("ConsumerName");
  out.text(consumer.name);
  out.name("ConsumerARN");
  out.text(consumer.arn);
  out.name("ConsumerStatus");
  out.text(name_of(consumer.status));
  out.name("ConsumerCreationTimestamp");
  out.time(consumer.created);
}

}  // namespace

embedded::Consumers::Options Service::consumer_options() const {
  embedded::Consumers::Options options{.creation_time = options_.transition, .deletion_time = options_.transition};
  if (!options_.limits) options.most = options.most_creating = SIZE_MAX;
  return options;
}

void Service::register_consumer(const Call& call) {
  required(call.in.stream_arn, "streamARN");
  HostedStream& stream = charged(readable(stream_of(call), call.now), Operation::register_consumer, call.now);
  const std::string& name = required(call.in.consumer_name, "consumerName");
  check_name(name, "consumerName");
  const auto consumer = stream.consumers.add(name, call.now);
  if (!consumer && consumer.error().kind == KinesisError::Kind::throttled) {
    refuse("LimitExceededException", consumer.error().message);
  }
  call.out.begin_map();
  call.out.name("Consumer");
  call.out.begin_map();
  write_consumer(call.out, served(consumer));
  call.out.end_map();
  call.out.end_map();
}

/// By ConsumerARN, by StreamARN and ConsumerName, or by all three when they agree.
std::pair<HostedStream*, StreamConsumer> Service::consumer_of(const Call& call, Operation operation) {
  const Parameters& in = call.in;
  const auto& arn = in.consumer_arn;
  if (!arn && !(in.stream_arn && in.consumer_name)) {
    refuse("InvalidArgumentException", "Give ConsumerARN, or StreamARN and ConsumerName.");
  }
  const std::string of = name_of_arn(arn ? arn->substr(0, arn->find(kConsumerPart)) : *in.stream_arn);
  HostedStream& stream = charged(stream_named(of), operation, call.now);
  StreamConsumer consumer = served(stream.consumers.find(arn ? *arn : *in.consumer_name, call.now));
  if (in.consumer_name.value_or(consumer.name) != consumer.name ||
      in.stream_arn.value_or(stream.records.arn()) != stream.records.arn()) {
    refuse("InvalidArgumentException", "ConsumerARN " + consumer.arn + " is not of that StreamARN and ConsumerName.");
  }
  return {&stream, std::move(consumer)};
}

void Service::describe_consumer(const Call& call) {
  const auto [stream, consumer] = consumer_of(call, Operation::describe_consumer);
  call.out.begin_map();
  call.out.name("ConsumerDescription");
  call.out.begin_map();
  write_consumer(call.out, consumer);
  call.out.name("StreamARN");
  call.out.text(stream->records.arn());
  call.out.end_map();
  call.out.end_map();
}

void Service::list_consumers(const Call& call) {
  required(call.in.stream_arn, "streamARN");
  HostedStream& stream = charged(stream_of(call), Operation::list_consumers, call.now);
  if (call.in.next_token && call.in.stream_creation_timestamp) {
    refuse("InvalidArgumentException", "NextToken and StreamCreationTimestamp cannot be provided together.");
  }
  check_created(call, stream);
  const std::size_t limit = page_size(call.in.max_results, kPage, "maxResults");
  const std::vector<StreamConsumer> consumers = stream.consumers.list(call.now);
  std::size_t index = 0;
  if (call.in.next_token) {
    // A page begins behind the consumer that the one before ended with; consumers are in the order of registration.
    const auto token = unpack(*call.in.next_token);
    if (!token || token->stream != stream.records.name()) refuse("InvalidArgumentException", "NextToken is invalid.");
    const auto last = std::find_if(consumers.begin(), consumers.end(),
                                   [&](const StreamConsumer& one) { return one.arn == token->token; });
    if (last == consumers.end()) refuse("ExpiredNextTokenException", "NextToken has expired.");
    index = static_cast<std::size_t>(last - consumers.begin()) + 1;
  }
  const std::size_t end = std::min(consumers.size(), index + limit);
  call.out.begin_map();
  call.out.name("Consumers");
  call.out.begin_array();
  for (; index < end; ++index) {
    call.out.begin_map();
    write_consumer(call.out, consumers[index]);
    call.out.end_map();
  }
  call.out.end_array();
  if (end < consumers.size()) {
    call.out.name("NextToken");
    call.out.text(pack({.stream = stream.records.name(), .token = consumers[end - 1].arn}));
  }
  call.out.end_map();
}

void Service::deregister_consumer(const Call& call) {
  const auto [stream, consumer] = consumer_of(call, Operation::deregister_consumer);
  served(stream->consumers.remove(consumer.arn, call.now));
}

Served<Subscribed> Service::subscribe(const Parameters& in, Timestamp now) {
  try {
    forget_deleted(now);
    const std::string& arn = required(in.consumer_arn, "consumerARN");
    const std::string& shard = required(in.shard_id, "shardId");
    check_name(shard, "shardId");
    const PositionParameter& position = required(in.starting_position, "startingPosition");
    required(position.type, "startingPosition.type");
    HostedStream& stream = readable(stream_named(name_of_arn(arn.substr(0, arn.find(kConsumerPart)))), now);
    const GetShardIterator start = start_at(shard, position, stream.records.name(), "startingPosition.type");
    served(stream.consumers.find(arn, now));
    // Soon after a call that succeeded, another is told that, and not to come more rarely.
    if (!stream.subscriptions.began_lately(arn, shard, now)) {
      charge(Operation::subscribe_to_shard,
             stream.subscribed.try_emplace({arn, shard}, kSubscribesPerSecond).first->second, now);
    }
    const auto id = served(stream.subscriptions.subscribe({.consumer_arn = arn,
                                                           .shard_id = shard,
                                                           .type = start.type,
                                                           .sequence_number = start.sequence_number,
                                                           .timestamp = start.timestamp},
                                                          now));
    return Subscribed{.stream = stream.records.name(), .created = stream.created, .id = id};
  } catch (const Refused& refused) {
    return Failure{refused.error()};
  }
}

/// Null when it is gone.
HostedStream* Service::subscribed_stream(const Subscribed& subscribed, Timestamp now) {
  forget_deleted(now);
  const auto found = streams_.find(subscribed.stream);
  return found != streams_.end() && found->second->created == subscribed.created ? found->second.get() : nullptr;
}

std::optional<embedded::Subscriptions::Word> Service::next(const Subscribed& subscribed, Timestamp now) {
  HostedStream* const stream = subscribed_stream(subscribed, now);
  if (stream != nullptr) return stream->subscriptions.next(subscribed.id, now);
  return KinesisError{.kind = KinesisError::Kind::not_found,
                      .message = "Stream " + subscribed.stream + " was deleted.",
                      .server_time = now};
}

Timestamp Service::due(const Subscribed& subscribed, Timestamp now) {
  HostedStream* const stream = subscribed_stream(subscribed, now);
  if (stream == nullptr) return now;
  const Timestamp due = stream->subscriptions.due(subscribed.id);
  return stream->gone_from ? std::min(due, *stream->gone_from) : due;
}

void Service::close(const Subscribed& subscribed) {
  const auto found = streams_.find(subscribed.stream);
  if (found != streams_.end() && found->second->created == subscribed.created) {
    found->second->subscriptions.close(subscribed.id);
  }
}

}  // namespace kcl::local
