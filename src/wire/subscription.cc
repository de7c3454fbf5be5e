#include "wire/subscription.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "wire/answer_reader.h"

namespace kcl::wire {
namespace {

/// kinesis-local writes "application/json", which no request is made in.
Protocol protocol_of(const EventMessage& message, Protocol asked) {
  const std::string_view type = message.text(":content-type");
  if (const auto protocol = wire::protocol_of(type)) return *protocol;
  return type.starts_with("application/json") ? Protocol::json : asked;
}

template <class In>
Decoded<ShardEvent> read_event(In& in, Arena& arena) {
  ShardEvent event;
  bool has_records = false;
  in.members([&](std::string_view name) {
    if (name == "Records") {
      if (std::exchange(has_records, true)) return in.fail("given twice");
      event.records = read_records(in, arena);
    } else if (name == "ContinuationSequenceNumber") {
      event.continuation_sequence_number = in.string();
      check_sequence_number(in, *event.continuation_sequence_number);
    } else if (name == "MillisBehindLatest") {
      event.behind_latest = std::chrono::milliseconds(std::max<std::int64_t>(in.integer(), 0));
    } else if (name == "ChildShards") {
      in.items([&] { event.child_shards.push_back(read_child_shard(in)); });
    } else {
      in.skip();
    }
  });
  in.need(has_records, "Records");
  in.need(event.continuation_sequence_number || !event.child_shards.empty(), "ContinuationSequenceNumber");
  return in.finished(std::move(event));
}

Decoded<SubscriptionMessage> read_event(Protocol protocol, EventMessage message) {
  auto bytes =
      std::make_shared<PageBytes>(PageBytes{.body = std::move(message.frame), .arena = Arena(message.payload.size())});
  auto event = decode(protocol, message.payload, [&](auto& in) { return read_event(in, bytes->arena); });
  if (!event) return Failure{"SubscribeToShardEvent: " + event.error()};
  // JSON's records are all in the arena: the text they were decoded from may go.
  if (protocol == Protocol::json) bytes->body = nullptr;
  event->buffer = std::move(bytes);
  return SubscriptionMessage(*std::move(event));
}

/// Of a modelled exception, or of an error that the service knows no more about.
AwsError read_error(const EventMessage& message) {
  const bool modelled = message.text(":message-type") == "exception";
  if (modelled) {
    return parse_aws_error({.content_type = message.text(":content-type"),
                            .error_type = message.text(":exception-type"),
                            .body = message.payload});
  }
  AwsError error = parse_aws_error({.error_type = message.text(":error-code")});
  if (const auto text = message.text(":error-message"); !text.empty()) error.message = printable(text);
  return error;
}

}  // namespace

Decoded<SubscriptionMessage> decode_subscription_message(Protocol asked, EventMessage message) {
  const std::string_view type = message.text(":message-type");
  if (type == "exception" || type == "error") return SubscriptionMessage(read_error(message));
  if (type != "event") return Failure{std::string("a message of type '") + printable(type) + "'"};
  if (message.text(":event-type") != "SubscribeToShardEvent") return SubscriptionMessage(SignOfLife{});
  const Protocol protocol = protocol_of(message, asked);
  return read_event(protocol, std::move(message));
}

}  // namespace kcl::wire
