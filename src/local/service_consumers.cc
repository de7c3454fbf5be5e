#include <algorithm>

#include "local/requirement.h"
#include "local/service.h"
#include "local/stream_token.h"

namespace kcl::local {

namespace {

constexpr std::size_t kMostConsumers = 20;
constexpr std::string_view kConsumerPart = "/consumer/";

void write_consumer(wire::DocumentWriter& out, const Consumer& consumer, Timestamp now) {
  out.name("ConsumerName");
  out.text(consumer.name);
  out.name("ConsumerARN");
  out.text(consumer.arn);
  out.name("ConsumerStatus");
  out.text(consumer.status(now));
  out.name("ConsumerCreationTimestamp");
  out.time(consumer.created);
}

}  // namespace

void Service::register_consumer(const Call& call) {
  required(call.in.stream_arn, "streamARN");
  HostedStream& stream = stream_of(call);
  const std::string& name = required(call.in.consumer_name, "consumerName");
  check_name(name, "consumerName");
  readable(stream, call.now);
  if (stream.find_consumer(name) != nullptr) {
    refuse("ResourceInUseException", "Consumer " + name + " of stream " + stream.records.name() + " already exists.");
  }
  if (options_.limits && stream.consumers.size() >= kMostConsumers) {
    refuse("LimitExceededException", "A stream can have 20 consumers.");
  }
  const auto seconds = std::chrono::floor<std::chrono::seconds>(call.now.time_since_epoch()).count();
  stream.consumers.push_back(
      {.name = name,
       .arn = stream.records.arn() + std::string(kConsumerPart) + name + ':' + std::to_string(seconds),
       .created = call.now,
       .active_from = call.now + options_.transition,
       .gone_from = {}});
  call.out.begin_map();
  call.out.name("Consumer");
  call.out.begin_map();
  write_consumer(call.out, stream.consumers.back(), call.now);
  call.out.end_map();
  call.out.end_map();
}

/// By ConsumerARN, or by StreamARN and ConsumerName.
std::pair<HostedStream*, Consumer*> Service::consumer_of(const Call& call) {
  const Parameters& in = call.in;
  if (in.consumer_arn.has_value() == in.consumer_name.has_value() || (in.consumer_name && !in.stream_arn)) {
    refuse("InvalidArgumentException", "Give either ConsumerARN, or StreamARN and ConsumerName.");
  }
  Consumer* consumer = nullptr;
  HostedStream* stream = nullptr;
  if (in.consumer_arn) {
    const std::string& arn = *in.consumer_arn;
    stream = &stream_named(name_of_arn(arn.substr(0, arn.find(kConsumerPart))), call.now);
    const auto found = std::find_if(stream->consumers.begin(), stream->consumers.end(),
                                    [&](const Consumer& one) { return one.arn == arn; });
    if (found != stream->consumers.end()) consumer = &*found;
  } else {
    stream = &stream_of(call);
    consumer = stream->find_consumer(*in.consumer_name);
  }
  if (consumer == nullptr) {
    refuse("ResourceNotFoundException", "Consumer " + in.consumer_arn.value_or(in.consumer_name.value_or("")) +
                                            " under account " + options_.account + " not found.");
  }
  return {stream, consumer};
}

void Service::describe_consumer(const Call& call) {
  const auto [stream, consumer] = consumer_of(call);
  call.out.begin_map();
  call.out.name("ConsumerDescription");
  call.out.begin_map();
  write_consumer(call.out, *consumer, call.now);
  call.out.name("StreamARN");
  call.out.text(stream->records.arn());
  call.out.end_map();
  call.out.end_map();
}

void Service::list_consumers(const Call& call) {
  required(call.in.stream_arn, "streamARN");
  const HostedStream& stream = stream_of(call);
  if (call.in.stream_creation_timestamp && *call.in.stream_creation_timestamp != stream.created) {
    refuse("ResourceNotFoundException",
           "Stream " + stream.records.name() + " was not created at the given StreamCreationTimestamp.");
  }
  const std::size_t limit = count_of(call.in.max_results, 10'000, 100, "maxResults");
  std::size_t index = 0;
  if (call.in.next_token) {
    // A page begins behind the consumer that the one before ended with; consumers are in the order of registration.
    const auto token = unpack(*call.in.next_token);
    if (!token || token->stream != stream.records.name()) refuse("InvalidArgumentException", "NextToken is invalid.");
    const auto last = std::find_if(stream.consumers.begin(), stream.consumers.end(),
                                   [&](const Consumer& one) { return one.arn == token->token; });
    if (last == stream.consumers.end()) refuse("ExpiredNextTokenException", "NextToken has expired.");
    index = static_cast<std::size_t>(last - stream.consumers.begin()) + 1;
  }
  const std::size_t end = std::min(stream.consumers.size(), index + limit);
  call.out.begin_map();
  call.out.name("Consumers");
  call.out.begin_array();
  for (; index < end; ++index) {
    call.out.begin_map();
    write_consumer(call.out, stream.consumers[index], call.now);
    call.out.end_map();
  }
  call.out.end_array();
  if (end < stream.consumers.size()) {
    call.out.name("NextToken");
    call.out.text(pack({.stream = stream.records.name(), .token = stream.consumers[end - 1].arn}));
  }
  call.out.end_map();
}

void Service::deregister_consumer(const Call& call) {
  const auto [stream, consumer] = consumer_of(call);
  if (!consumer->gone_from) consumer->gone_from = call.now + options_.transition;
}

}  // namespace kcl::local
