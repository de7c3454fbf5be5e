#include <algorithm>

#include "local/answers.h"
#include "local/requirement.h"
#include "local/service.h"
#include "wire/base64.h"

namespace kcl::local {

namespace {

constexpr std::int64_t kLeastRecordKib = 1'024;
constexpr std::int64_t kMostRecordKib = 10'240;
constexpr std::int64_t kOnDemandShards = 4;
constexpr std::size_t kOnDemandStreams = 50;
constexpr std::size_t kPage = 100;
constexpr std::size_t kCreatingAtOnce = 5;
constexpr std::int64_t kLeastRetentionHours = 24;
constexpr std::int64_t kMostRetentionHours = 8'760;
constexpr std::string_view kPageOfStreams = "streams|";

}  // namespace

void Service::create_stream(const Call& call) {
  const std::string& name = required(call.in.stream_name, "streamName");
  check_name(name, "streamName");
  const std::string mode = call.in.stream_mode.value_or("PROVISIONED");
  if (mode != "PROVISIONED" && mode != "ON_DEMAND") {
    refuse_value("'" + mode + "'", "streamModeDetails.streamMode", "satisfy enum value set: [PROVISIONED, ON_DEMAND]");
  }
  const bool on_demand = mode == "ON_DEMAND";
  if (!on_demand && !call.in.shard_count) {
    refuse("InvalidArgumentException", "ShardCount must be given for a stream in mode PROVISIONED.");
  }
  const std::size_t shards = checked_shard_count(call.in.shard_count.value_or(kOnDemandShards), "shardCount");
  const std::int64_t record_kib = call.in.max_record_size_kib.value_or(kLeastRecordKib);
  check_range(record_kib, kLeastRecordKib, kMostRecordKib, "maxRecordSizeInKiB");
  if (streams_.contains(name)) {
    refuse("ResourceInUseException", "Stream " + name + " under account " + options_.account + " already exists.");
  }
  if (on_demand) {
    check_on_demand_limit();
  } else {
    check_shard_limit(shards);
  }
  const auto creating = static_cast<std::size_t>(std::count_if(
      streams_.begin(), streams_.end(), [&](const auto& one) { return one.second->status(call.now) == "CREATING"; }));
  if (options_.limits && creating >= kCreatingAtOnce) {
    refuse("LimitExceededException", "At most 5 streams can be CREATING at the same time.");
  }

  auto stream = std::make_unique<HostedStream>(HostedStream::Options{
      .records = {.name = name,
                  .region = options_.region,
                  .account = options_.account,
                  .shards = shards,
                  .created = call.now,
                  .retention = options_.retention,
                  .iterator_ttl = options_.iterator_ttl,
                  .max_record_bytes = static_cast<std::size_t>(record_kib) << 10,
                  .limits = options_.limits ? embedded::Limits() : embedded::Limits::none()},
      .consumers = consumer_options(),
      .subscriptions = {.lifetime = options_.subscription_lifetime,
                        .bytes_per_second = options_.limits ? embedded::Subscriptions::Options().bytes_per_second
                                                            : embedded::Limits::none().read_bytes}});
  stream->on_demand = on_demand;
  stream->active_from = call.now + options_.transition;
  streams_.emplace(name, std::move(stream));
}

void Service::check_on_demand_limit() const {
  const auto count =
      std::count_if(streams_.begin(), streams_.end(), [](const auto& one) { return one.second->on_demand; });
  if (!options_.limits || static_cast<std::size_t>(count) < kOnDemandStreams) return;
  refuse("LimitExceededException", "Account " + options_.account + " can have 50 streams in mode ON_DEMAND at most.");
}

void Service::delete_stream(const Call& call) {
  HostedStream& stream = stream_of(call);
  if (stream.gone_from) active(stream, call.now);
  if (!stream.consumers.list(call.now).empty() && !call.in.enforce_consumer_deletion.value_or(false)) {
    refuse("ResourceInUseException", "Stream " + stream.records.name() + " under account " + options_.account +
                                         " has consumers; deregister them or set EnforceConsumerDeletion.");
  }
  stream.gone_from = call.now + options_.transition;
}

void Service::write_description(const Call& call, const HostedStream& stream) {
  wire::DocumentWriter& out = call.out;
  out.name("StreamName");
  out.text(stream.records.name());
  out.name("StreamARN");
  out.text(stream.records.arn());
  out.name("StreamStatus");
  out.text(stream.status(call.now));
  out.name("StreamModeDetails");
  out.begin_map();
  out.name("StreamMode");
  out.text(stream.on_demand ? "ON_DEMAND" : "PROVISIONED");
  out.end_map();
  out.name("RetentionPeriodHours");
  out.integer(stream.records.retention_hours().count());
  out.name("StreamCreationTimestamp");
  out.time(stream.created);
  out.name("EnhancedMonitoring");
  out.begin_array();
  out.begin_map();
  out.name("ShardLevelMetrics");
  out.begin_array();
  out.end_array();
  out.end_map();
  out.end_array();
  out.name("EncryptionType");
  out.text("NONE");
}

void Service::describe_stream(const Call& call) {
  HostedStream& stream = stream_of(call);
  const std::size_t limit = page_size(call.in.limit, kPage, "limit");
  const auto page =
      served(stream.records.query_shards({.filter = {},
                                          .exclusive_start = call.in.exclusive_start_shard_id.value_or(""),
                                          .next_token = {},
                                          .max_results = limit},
                                         call.now));
  call.out.begin_map();
  call.out.name("StreamDescription");
  call.out.begin_map();
  write_description(call, stream);
  write_shards(call.out, page.shards);
  call.out.name("HasMoreShards");
  call.out.boolean(!page.next_token.empty());
  call.out.end_map();
  call.out.end_map();
}

void Service::describe_stream_summary(const Call& call) {
  HostedStream& stream = stream_of(call);
  call.out.begin_map();
  call.out.name("StreamDescriptionSummary");
  call.out.begin_map();
  write_description(call, stream);
  call.out.name("OpenShardCount");
  call.out.integer(static_cast<std::int64_t>(stream.records.open_shards()));
  call.out.name("ConsumerCount");
  call.out.integer(static_cast<std::int64_t>(stream.consumers.list(call.now).size()));
  call.out.name("MaxRecordSizeInKiB");
  call.out.integer(static_cast<std::int64_t>(stream.records.max_record_bytes() >> 10));
  call.out.end_map();
  call.out.end_map();
}

void Service::list_streams(const Call& call) {
  const std::size_t limit = page_size(call.in.limit, kPage, "limit");
  std::string after = call.in.exclusive_start_stream_name.value_or("");
  if (call.in.next_token) {
    const auto token = wire::base64_decode(*call.in.next_token);
    if (!token || !token->starts_with(kPageOfStreams)) refuse("InvalidArgumentException", "NextToken is invalid.");
    after = token->substr(kPageOfStreams.size());
  }
  const auto first = streams_.upper_bound(after);
  auto end = first;
  for (std::size_t i = 0; i < limit && end != streams_.end(); ++i) ++end;

  wire::DocumentWriter& out = call.out;
  out.begin_map();
  out.name("StreamNames");
  out.begin_array();
  std::for_each(first, end, [&](const auto& stream) { out.text(stream.first); });
  out.end_array();
  out.name("HasMoreStreams");
  out.boolean(end != streams_.end());
  if (end != streams_.end()) {
    out.name("NextToken");
    out.text(wire::base64_encode(std::string(kPageOfStreams) + std::prev(end)->first));
  }
  out.name("StreamSummaries");
  out.begin_array();
  std::for_each(first, end, [&](const auto& entry) {
    const HostedStream& stream = *entry.second;
    out.begin_map();
    out.name("StreamName");
    out.text(stream.records.name());
    out.name("StreamARN");
    out.text(stream.records.arn());
    out.name("StreamStatus");
    out.text(stream.status(call.now));
    out.name("StreamModeDetails");
    out.begin_map();
    out.name("StreamMode");
    out.text(stream.on_demand ? "ON_DEMAND" : "PROVISIONED");
    out.end_map();
    out.name("StreamCreationTimestamp");
    out.time(stream.created);
    out.end_map();
  });
  out.end_array();
  out.end_map();
}

void Service::change_retention(const Call& call, bool increase) {
  HostedStream& stream =
      charged(stream_of(call), increase ? Operation::increase_retention : Operation::decrease_retention, call.now);
  const std::int64_t hours = required(call.in.retention_hours, "retentionPeriodHours");
  if (hours < kLeastRetentionHours || hours > kMostRetentionHours) {
    refuse("InvalidArgumentException", "Requested retention period (" + std::to_string(hours) + " hours) for stream " +
                                           stream.records.name() + " must be 24 to 8760 hours.");
  }
  active(stream, call.now);
  const std::chrono::hours asked(hours);
  const std::chrono::hours now = stream.records.retention_hours();
  if (increase ? asked < now : asked > now) {
    refuse("InvalidArgumentException", "Requested retention period (" + std::to_string(hours) + " hours) for stream " +
                                           stream.records.name() + " can not be " + (increase ? "shorter" : "longer") +
                                           " than existing retention period (" + std::to_string(now.count()) +
                                           " hours). Use " + (increase ? "Decrease" : "Increase") +
                                           "StreamRetentionPeriod.");
  }
  stream.records.set_retention(asked);
  stream.updated_from = call.now + options_.transition;
}

void Service::update_max_record_size(const Call& call) {
  HostedStream& stream = charged(stream_of(call), Operation::update_max_record_size, call.now);
  const std::int64_t kib = required(call.in.max_record_size_kib, "maxRecordSizeInKiB");
  check_range(kib, kLeastRecordKib, kMostRecordKib, "maxRecordSizeInKiB");
  active(stream, call.now);
  stream.records.set_max_record_bytes(static_cast<std::size_t>(kib) << 10);
  stream.updated_from = call.now + options_.transition;
}

}  // namespace kcl::local
