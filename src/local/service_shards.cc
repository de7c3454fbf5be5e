#include <algorithm>
#include <array>

#include "local/answers.h"
#include "local/requirement.h"
#include "local/service.h"
#include "local/stream_token.h"
#include "local/uniform_scaling.h"

namespace kcl::local {

namespace {

using embedded::ShardFilter;

constexpr std::chrono::hours kScalingWindow{24};
constexpr std::size_t kScalingsPerWindow = 10;
constexpr std::size_t kPage = 1'000;

ShardFilter filter_of(const PositionParameter& given) {
  using Type = ShardFilter::Type;
  constexpr std::array<std::pair<std::string_view, Type>, 6> kTypes{{{"AFTER_SHARD_ID", Type::after_shard_id},
                                                                     {"AT_TRIM_HORIZON", Type::at_trim_horizon},
                                                                     {"FROM_TRIM_HORIZON", Type::from_trim_horizon},
                                                                     {"AT_LATEST", Type::at_latest},
                                                                     {"AT_TIMESTAMP", Type::at_timestamp},
                                                                     {"FROM_TIMESTAMP", Type::from_timestamp}}};
  const std::string& name = required(given.type, "shardFilter.type");
  const auto type = std::find_if(kTypes.begin(), kTypes.end(), [&](const auto& row) { return row.first == name; });
  if (type == kTypes.end()) {
    refuse_value("'" + name + "'", "shardFilter.type",
                 "satisfy enum value set: [AFTER_SHARD_ID, AT_TIMESTAMP, FROM_TRIM_HORIZON, FROM_TIMESTAMP, AT_LATEST, "
                 "AT_TRIM_HORIZON]");
  }
  ShardFilter filter{.type = type->second, .shard_id = {}};
  const bool by_time = filter.type == Type::at_timestamp || filter.type == Type::from_timestamp;
  if (by_time != given.timestamp.has_value()) {
    refuse("InvalidArgumentException",
           "Timestamp must be given with ShardFilter types AT_TIMESTAMP and FROM_TIMESTAMP, and with no other.");
  }
  const bool by_id = filter.type == Type::after_shard_id;
  if (by_id != given.shard_id.has_value()) {
    refuse("InvalidArgumentException",
           "ShardId must be given with ShardFilter type AFTER_SHARD_ID, and with no other.");
  }
  if (by_time) filter.timestamp = *given.timestamp;
  if (by_id) filter.shard_id = *given.shard_id;
  return filter;
}

void check_shard_id(const std::string& id, std::string_view member) { check_name(id, member); }

}  // namespace

void Service::list_shards(const Call& call) {
  const Parameters& in = call.in;
  embedded::ShardQuery query;
  query.max_results = page_size(in.max_results, kPage, "maxResults");
  HostedStream* stream = nullptr;
  if (in.next_token) {
    if (in.stream_name || in.exclusive_start_shard_id || in.shard_filter || in.stream_creation_timestamp) {
      refuse("InvalidArgumentException",
             "NextToken and StreamName, StreamCreationTimestamp, ExclusiveStartShardId or ShardFilter cannot be "
             "provided together.");
    }
    const auto token = unpack(*in.next_token);
    if (!token || (in.stream_arn && name_of_arn(*in.stream_arn) != token->stream)) {
      refuse("InvalidArgumentException", "NextToken is invalid.");
    }
    stream = &stream_named(token->stream);
    query.next_token = token->token;
  } else {
    stream = &stream_of(call);
    check_created(call, *stream);
    query.exclusive_start = in.exclusive_start_shard_id.value_or("");
    if (in.shard_filter) query.filter = filter_of(*in.shard_filter);
  }
  charged(*stream, Operation::list_shards, call.now);
  const std::string_view status = stream->status(call.now);
  if (status != "ACTIVE" && status != "UPDATING") active(*stream, call.now);
  auto page = served(stream->records.query_shards(query, call.now));
  if (call.listing == Listing::with_holes) {
    std::erase_if(page.shards, [](const Shard& shard) { return shard.id.back() % 2 == 1; });
  }
  call.out.begin_map();
  write_shards(call.out, page.shards);
  if (!page.next_token.empty()) {
    call.out.name("NextToken");
    call.out.text(pack({.stream = stream->records.name(), .token = page.next_token}));
  }
  call.out.end_map();
}

HostedStream& Service::reshardable(const Call& call, Operation operation) {
  HostedStream& stream = charged(stream_of(call), operation, call.now);
  if (!stream.on_demand) return stream;
  refuse("ValidationException", "Request is invalid. Stream " + stream.records.name() + " under account " +
                                    options_.account + " is in On-Demand mode.");
}

void Service::split_shard(const Call& call) {
  HostedStream& stream = reshardable(call, Operation::split_shard);
  const std::string& shard = required(call.in.shard_to_split, "shardToSplit");
  check_shard_id(shard, "shardToSplit");
  const std::string& key = required(call.in.new_starting_hash_key, "newStartingHashKey");
  check_number(key, 39, "newStartingHashKey");
  const auto boundary = HashKey::parse(key);
  if (!boundary) refuse("InvalidArgumentException", "NewStartingHashKey " + key + " is in no shard's range.");
  active(stream, call.now);
  check_shard_limit(1);
  served(stream.records.split_shard(shard, boundary, call.now));
  stream.updated_from = call.now + options_.transition;
}

void Service::merge_shards(const Call& call) {
  HostedStream& stream = reshardable(call, Operation::merge_shards);
  const std::string& shard = required(call.in.shard_to_merge, "shardToMerge");
  const std::string& adjacent = required(call.in.adjacent_shard_to_merge, "adjacentShardToMerge");
  check_shard_id(shard, "shardToMerge");
  check_shard_id(adjacent, "adjacentShardToMerge");
  active(stream, call.now);
  served(stream.records.merge_shards(shard, adjacent, call.now));
  stream.updated_from = call.now + options_.transition;
}

void Service::update_shard_count(const Call& call) {
  HostedStream& stream = reshardable(call, Operation::update_shard_count);
  const std::size_t target =
      checked_shard_count(required(call.in.target_shard_count, "targetShardCount"), "targetShardCount");
  if (required(call.in.scaling_type, "scalingType") != "UNIFORM_SCALING") {
    refuse_value("'" + *call.in.scaling_type + "'", "scalingType", "satisfy enum value set: [UNIFORM_SCALING]");
  }
  active(stream, call.now);
  const std::size_t current = stream.records.open_shards();
  if (target > 2 * current) {
    refuse("InvalidArgumentException",
           "UpdateShardCount cannot scale up over double your current open shard count. "
           "Current open shard count: " +
               std::to_string(current) + '.');
  }
  if (2 * target < current) {
    refuse("InvalidArgumentException",
           "UpdateShardCount cannot scale down below half your current open shard count. "
           "Current open shard count: " +
               std::to_string(current) + '.');
  }
  if (target > current) check_shard_limit(target - current);
  while (!stream.scaled_at.empty() && call.now - stream.scaled_at.front() >= kScalingWindow)
    stream.scaled_at.pop_front();
  if (options_.limits && stream.scaled_at.size() >= kScalingsPerWindow) {
    refuse("LimitExceededException", "A stream can be scaled 10 times in 24 hours.");
  }
  served(scale_uniformly(stream.records, target, call.now));
  stream.scaled_at.push_back(call.now);
  stream.updated_from = call.now + options_.transition;

  call.out.begin_map();
  call.out.name("StreamName");
  call.out.text(stream.records.name());
  call.out.name("CurrentShardCount");
  call.out.integer(static_cast<std::int64_t>(current));
  call.out.name("TargetShardCount");
  call.out.integer(static_cast<std::int64_t>(target));
  call.out.name("StreamARN");
  call.out.text(stream.records.arn());
  call.out.end_map();
}

}  // namespace kcl::local
