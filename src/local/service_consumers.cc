#include <algorithm>

#include "local/requirement.h"
#include "local/service.h"
#include "local/start_position.h"
#include "local/stream_token.h"

namespace kcl::local {

namespace {

constexpr std::string_view kConsumerPart = "/consumer/";
constexpr std::uint64_t kSubscribesPerSecond = 5;

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
  HostedStream& stream = readable(stream_of(call), call.now);
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

/// By ConsumerARN, or by StreamARN and ConsumerName.
std::pair<HostedStream*, StreamConsumer> Service::consumer_of(const Call& call) {
  const Parameters& in = call.in;
  if (in.consumer_arn.has_value() == in.consumer_name.has_value() || (in.consumer_name && !in.stream_arn)) {
    refuse("InvalidArgumentException", "Give either ConsumerARN, or StreamARN and ConsumerName.");
  }
  if (in.consumer_name) {
    HostedStream& stream = stream_of(call);
    return {&stream, served(stream.consumers.find(*in.consumer_name, call.now))};
  }
  const std::string& arn = *in.consumer_arn;
  HostedStream& stream = stream_named(name_of_arn(arn.substr(0, arn.find(kConsumerPart))));
  StreamConsumer consumer = served(stream.consumers.find(arn, call.now));
  return {&stream, std::move(consumer)};
}

void Service::describe_consumer(const Call& call) {
  const auto [stream, consumer] = consumer_of(call);
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
  HostedStream& stream = stream_of(call);
  if (call.in.stream_creation_timestamp && *call.in.stream_creation_timestamp != stream.created) {
    refuse("ResourceNotFoundException",
           "Stream " + stream.records.name() + " was not created at the given StreamCreationTimestamp.");
  }
  const std::size_t limit = count_of(call.in.max_results, 10'000, 100, "maxResults");
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
  const auto [stream, consumer] = consumer_of(call);
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
    if (options_.limits) {
      auto& calls = stream.subscribed.try_emplace(arn, kSubscribesPerSecond).first->second;
      if (!calls.is_open(now)) refuse("LimitExceededException", "Rate exceeded for consumer " + arn + '.');
      calls.charge(1, now);
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
