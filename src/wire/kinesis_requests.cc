#include "wire/kinesis_requests.h"

#include <array>
#include <boost/json/serialize.hpp>
#include <cstdint>
#include <cstdio>
#include <utility>
#include <variant>
#include <vector>

#include "wire/cbor.h"

namespace kcl::wire {
namespace {

struct Member;
using Members = std::vector<Member>;

/// A member of a request, whatever it will be written in.
struct Member {
  std::string_view name;
  std::variant<std::string_view, std::int64_t, Timestamp, Members> value;
};

void write(CborWriter& cbor, const Members& members) {
  cbor.map(members.size());
  for (const Member& member : members) {
    cbor.text(member.name);
    if (const auto* text = std::get_if<std::string_view>(&member.value)) {
      cbor.text(*text);
    } else if (const auto* integer = std::get_if<std::int64_t>(&member.value)) {
      cbor.integer(*integer);
    } else if (const auto* time = std::get_if<Timestamp>(&member.value)) {
      cbor.tag(1);
      cbor.integer(time->time_since_epoch().count());
    } else {
      write(cbor, std::get<Members>(member.value));
    }
  }
}

std::string quoted(std::string_view text) {
  return boost::json::serialize(boost::json::string_view(text.data(), text.size()));
}

/// "1795381140.762".
std::string seconds_of(Timestamp time) {
  const auto milliseconds = time.time_since_epoch().count();
  const auto magnitude = milliseconds < 0 ? -milliseconds : milliseconds;
  std::array<char, 32> text{};
  const int length = std::snprintf(text.data(), text.size(), "%s%lld.%03lld", milliseconds < 0 ? "-" : "",
                                   static_cast<long long>(magnitude / 1000), static_cast<long long>(magnitude % 1000));
  return {text.data(), static_cast<std::size_t>(length)};
}

std::string json_of(const Members& members) {
  std::string json;
  for (const Member& member : members) {
    json += (json.empty() ? "{" : ",") + quoted(member.name) + ":";
    if (const auto* text = std::get_if<std::string_view>(&member.value)) {
      json += quoted(*text);
    } else if (const auto* integer = std::get_if<std::int64_t>(&member.value)) {
      json += std::to_string(*integer);
    } else if (const auto* time = std::get_if<Timestamp>(&member.value)) {
      json += seconds_of(*time);
    } else {
      json += json_of(std::get<Members>(member.value));
    }
  }
  return (json.empty() ? "{" : json) + "}";
}

std::string encoded(Protocol protocol, const Members& members) {
  if (protocol == Protocol::json) return json_of(members);
  std::string bytes;
  CborWriter cbor(bytes);
  write(cbor, members);
  return bytes;
}

bool is_arn(std::string_view stream) { return stream.starts_with("arn:"); }

Member stream_member(std::string_view stream) { return {is_arn(stream) ? "StreamARN" : "StreamName", stream}; }

std::string_view name_of(GetShardIterator::Type type) {
  switch (type) {
    case GetShardIterator::Type::trim_horizon:
      return "TRIM_HORIZON";
    case GetShardIterator::Type::latest:
      return "LATEST";
    case GetShardIterator::Type::at_timestamp:
      return "AT_TIMESTAMP";
    case GetShardIterator::Type::at_sequence_number:
      return "AT_SEQUENCE_NUMBER";
    case GetShardIterator::Type::after_sequence_number:
      break;
  }
  return "AFTER_SEQUENCE_NUMBER";
}

}  // namespace

std::string encode_describe_stream_summary(Protocol protocol, std::string_view stream) {
  return encoded(protocol, {stream_member(stream)});
}

std::string encode_list_stream_consumers(Protocol protocol, std::string_view stream_arn) {
  return encoded(protocol, {{"StreamARN", stream_arn}});
}

std::string encode(Protocol protocol, const ListShards& request) {
  Members members;
  if (!request.next_token.empty()) {
    members.push_back({"NextToken", std::string_view(request.next_token)});
  } else {
    members.push_back(stream_member(request.stream));
    if (request.filter == ListShards::Filter::from_timestamp) {
      Members filter{{"Type", std::string_view("FROM_TIMESTAMP")}, {"Timestamp", request.timestamp}};
      members.push_back({"ShardFilter", std::move(filter)});
    }
  }
  members.push_back({"MaxResults", std::int64_t{1000}});
  return encoded(protocol, members);
}

std::string encode(Protocol protocol, const GetShardIterator& request) {
  using Type = GetShardIterator::Type;
  Members members{stream_member(request.stream),
                  {"ShardId", std::string_view(request.shard_id)},
                  {"ShardIteratorType", name_of(request.type)}};
  if (request.type == Type::at_sequence_number || request.type == Type::after_sequence_number) {
    members.push_back({"StartingSequenceNumber", std::string_view(request.sequence_number)});
  }
  if (request.type == Type::at_timestamp) members.push_back({"Timestamp", request.timestamp});
  return encoded(protocol, members);
}

std::string encode(Protocol protocol, const GetRecords& request) {
  Members members{{"ShardIterator", std::string_view(request.iterator)},
                  {"Limit", static_cast<std::int64_t>(request.limit)}};
  // The iterator names the stream. An ARN besides says whose stream it is; a name has no place here.
  if (is_arn(request.stream)) members.push_back(stream_member(request.stream));
  return encoded(protocol, members);
}

std::string encode(Protocol protocol, const SubscribeToShard& request) {
  using Type = GetShardIterator::Type;
  Members position{{"Type", name_of(request.type)}};
  if (request.type == Type::at_sequence_number || request.type == Type::after_sequence_number) {
    position.push_back({"SequenceNumber", std::string_view(request.sequence_number)});
  }
  if (request.type == Type::at_timestamp) position.push_back({"Timestamp", request.timestamp});
  return encoded(protocol, {{"ConsumerARN", std::string_view(request.consumer_arn)},
                            {"ShardId", std::string_view(request.shard_id)},
                            {"StartingPosition", std::move(position)}});
}

std::string encode(Protocol protocol, const ConsumerName& request) {
  return encoded(protocol, {{"StreamARN", std::string_view(request.stream_arn)},
                            {"ConsumerName", std::string_view(request.name)}});
}

}  // namespace kcl::wire
