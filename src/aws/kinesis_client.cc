#include "aws/kinesis_client.h"

#include <functional>
#include <string>
#include <utility>

#include "aws/kinesis_errors.h"
#include "aws/shard_stream.h"
#include "wire/kinesis_requests.h"

namespace kcl::aws {

using base::BootTime;
using wire::Protocol;

namespace {

// AWS GetRecords: at most 10 MB of data and keys. As base64, in JSON, with all that is around 10,000 records, it stays
// below this.
constexpr std::size_t kMaxAnswer = 32UL << 20;

// Of a subscription, beside the frame that is under way: what a shard brings in a quarter of a second (AWS: 2 MB/s).
constexpr std::size_t kStreamWindow = 512UL << 10;

/// Whoever does not know CBOR says so in one of these ways.
bool is_deaf_to_cbor(const CallError& error) {
  return error.code == "UnknownOperationException" || error.code == "SerializationException" ||
         error.code == "UnsupportedMediaType";
}

template <class Request>
auto encoder_of(Request request) {
  return [request = std::move(request)](Protocol protocol) { return wire::encode(protocol, request); };
}

/// A decoder of answers that keeps nothing of the body.
template <class T>
auto from_text(wire::Decoded<T> (*decode)(Protocol, std::string_view)) {
  return [decode](Protocol protocol, const std::shared_ptr<std::string>& body) { return decode(protocol, *body); };
}

}  // namespace

template <class T>
struct KinesisClient::Operation {
  std::string_view target;
  std::function<std::string(Protocol)> encode;
  std::function<wire::Decoded<T>(Protocol, std::shared_ptr<std::string>)> decode;
  /// Reads of records slow down by themselves.
  bool retry_when_throttled = true;
  KinesisError (*error_of)(CallError, const ports::Timing&) = &kinesis_error;
};

template <class T>
KinesisClient::Reply<T> KinesisClient::call(Operation<T> operation, BootTime deadline) {
  using Outcome = ports::Answer<KinesisResult<T>>;
  for (;;) {
    const Protocol protocol = protocol_;
    ServiceClient::Request request;
    request.target = operation.target;
    request.content_type = wire::content_type(protocol);
    request.body = operation.encode(protocol);
    request.max_answer_bytes = kMaxAnswer;
    request.repeatable = true;
    request.retry_when_throttled = operation.retry_when_throttled;
    auto called = co_await service_.call(std::move(request), deadline);
    if (!called.value) {
      if (protocol == Protocol::cbor && !understood_ && is_deaf_to_cbor(called.value.error())) {
        protocol_ = Protocol::json;
        continue;
      }
      co_return Outcome{Failure{operation.error_of(std::move(called.value.error()), called.timing)}, called.timing};
    }
    const Protocol answered = wire::protocol_of(called.value->content_type).value_or(protocol);
    auto decoded = operation.decode(answered, std::move(called.value->body));
    if (!decoded) {
      CallError unreadable;
      unreadable.message = service_.options().endpoint.host + ": " + std::string(operation.target) +
                           ": the answer is not one of Kinesis: " + decoded.error();
      co_return Outcome{Failure{kinesis_error(std::move(unreadable), called.timing)}, called.timing};
    }
    understood_ = true;
    if constexpr (requires { decoded->server_time; }) decoded->server_time = *called.timing.server_time;
    co_return Outcome{*std::move(decoded), called.timing};
  }
}

KinesisClient::Reply<StreamDescription> KinesisClient::describe_stream(std::string stream, BootTime deadline) {
  Operation<StreamDescription> operation;
  operation.target = wire::kDescribeStreamSummaryTarget;
  operation.encode = [stream = std::move(stream)](Protocol protocol) {
    return wire::encode_describe_stream_summary(protocol, stream);
  };
  operation.decode = from_text(wire::decode_describe_stream_summary);
  return call(std::move(operation), deadline);
}

KinesisClient::Reply<ShardPage> KinesisClient::list_shards(ListShards request, BootTime deadline) {
  Operation<ShardPage> operation;
  operation.target = wire::kListShardsTarget;
  operation.encode = encoder_of(std::move(request));
  operation.decode = from_text(wire::decode_list_shards);
  return call(std::move(operation), deadline);
}

KinesisClient::Reply<ShardIterator> KinesisClient::get_shard_iterator(GetShardIterator request, BootTime deadline) {
  Operation<ShardIterator> operation;
  operation.target = wire::kGetShardIteratorTarget;
  operation.encode = encoder_of(std::move(request));
  operation.decode = from_text(wire::decode_get_shard_iterator);
  return call(std::move(operation), deadline);
}

KinesisClient::Reply<RecordsPage> KinesisClient::get_records(GetRecords request, BootTime deadline) {
  Operation<RecordsPage> operation;
  operation.target = wire::kGetRecordsTarget;
  operation.encode = encoder_of(std::move(request));
  operation.decode = wire::decode_get_records;
  operation.retry_when_throttled = false;
  return call(std::move(operation), deadline);
}

KinesisClient::Reply<StreamConsumer> KinesisClient::describe_consumer(wire::ConsumerName name, BootTime deadline) {
  Operation<StreamConsumer> operation;
  operation.target = wire::kDescribeStreamConsumerTarget;
  operation.encode = encoder_of(std::move(name));
  operation.decode = from_text(wire::decode_stream_consumer);
  return call(std::move(operation), deadline);
}

// Repeating is harmless: it is refused as in use then, and the caller looks.
KinesisClient::Reply<StreamConsumer> KinesisClient::register_consumer(wire::ConsumerName name, BootTime deadline) {
  Operation<StreamConsumer> operation;
  operation.target = wire::kRegisterStreamConsumerTarget;
  operation.encode = encoder_of(std::move(name));
  operation.decode = from_text(wire::decode_stream_consumer);
  operation.retry_when_throttled = false;
  operation.error_of = &subscription_error;
  return call(std::move(operation), deadline);
}

KinesisClient::Reply<std::unique_ptr<ports::ShardSubscription>> KinesisClient::subscribe_to_shard(
    SubscribeToShard request, BootTime deadline) {
  using Outcome = ports::Answer<KinesisResult<std::unique_ptr<ports::ShardSubscription>>>;
  const bool by_choice = request.consumer_arn.empty();
  if (by_choice) {
    ports::Timing timing;
    timing.sent = loop_.now();
    const auto [consumer, first] = consumers_.try_emplace(request.stream, loop_, *this, request.stream, consumer_);
    auto arn = co_await consumer->second.arn(deadline);
    timing.received = loop_.now();
    if (!arn) co_return Outcome{Failure{std::move(arn.error())}, timing};
    request.consumer_arn = *std::move(arn);
  }
  for (;;) {
    const Protocol protocol = protocol_;
    ServiceClient::Request to_send;
    to_send.target = wire::kSubscribeToShardTarget;
    to_send.content_type = wire::content_type(protocol);
    to_send.body = wire::encode(protocol, request);
    to_send.repeatable = true;
    auto opened = co_await service_.open(std::move(to_send), streams_, kStreamWindow, deadline);
    if (opened.value) {
      const std::string& host = service_.options().endpoint.host;
      std::unique_ptr<ports::ShardSubscription> stream =
          std::make_unique<ShardStream>(loop_, std::move(*opened.value), protocol, host, opened.timing);
      co_return Outcome{std::move(stream), opened.timing};
    }
    if (protocol == Protocol::cbor && !understood_ && is_deaf_to_cbor(opened.value.error())) {
      protocol_ = Protocol::json;
      continue;
    }
    KinesisError error = subscription_error(std::move(opened.value.error()), opened.timing);
    if (by_choice && error.kind == KinesisError::Kind::not_found) consumers_.at(request.stream).forget();
    co_return Outcome{Failure{std::move(error)}, opened.timing};
  }
}

}  // namespace kcl::aws
