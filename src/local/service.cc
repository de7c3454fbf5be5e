#include "local/service.h"

#include <utility>

#include "local/requirement.h"

namespace kcl::local {

Service::Service(ServiceOptions options) : options_(std::move(options)) {
  for (std::size_t i = 0; i < kOperations; ++i) {
    calls_.emplace_back(call_rate(static_cast<Operation>(i)).per_second);
  }
}

Served<std::string> Service::call(Operation operation, const Parameters& parameters, wire::Protocol protocol,
                                  Timestamp now, Listing listing) {
  std::string body;
  wire::DocumentWriter out(protocol, body);
  try {
    forget_deleted(now);
    if (call_rate(operation).of == CallRate::Of::account && !is_of_the_data_plane(operation)) {
      charge(operation, calls_[static_cast<std::size_t>(operation)], now);
    }
    dispatch(operation, {.in = parameters, .out = out, .now = now, .listing = listing});
  } catch (const Refused& refused) {
    return Failure{refused.error()};
  }
  return body;
}

std::optional<ServiceError> Service::add_stream(const std::string& name, std::size_t shards, Timestamp now) {
  Parameters parameters;
  parameters.stream_name = name;
  parameters.shard_count = static_cast<std::int64_t>(shards);
  std::string nothing;
  wire::DocumentWriter out(wire::Protocol::json, nothing);
  try {
    create_stream({.in = parameters, .out = out, .now = now, .listing = Listing::whole});
  } catch (const Refused& refused) {
    return refused.error();
  }
  streams_.find(name)->second->active_from = now;
  return std::nullopt;
}

void Service::dispatch(Operation operation, const Call& call) {
  switch (operation) {
    case Operation::create_stream:
      return create_stream(call);
    case Operation::delete_stream:
      return delete_stream(call);
    case Operation::describe_stream:
      return describe_stream(call);
    case Operation::describe_stream_summary:
      return describe_stream_summary(call);
    case Operation::list_streams:
      return list_streams(call);
    case Operation::list_shards:
      return list_shards(call);
    case Operation::put_record:
      return put_record(call);
    case Operation::put_records:
      return put_records(call);
    case Operation::get_shard_iterator:
      return get_shard_iterator(call);
    case Operation::get_records:
      return get_records(call);
    case Operation::split_shard:
      return split_shard(call);
    case Operation::merge_shards:
      return merge_shards(call);
    case Operation::update_shard_count:
      return update_shard_count(call);
    case Operation::increase_retention:
      return change_retention(call, true);
    case Operation::decrease_retention:
      return change_retention(call, false);
    case Operation::update_max_record_size:
      return update_max_record_size(call);
    case Operation::register_consumer:
      return register_consumer(call);
    case Operation::describe_consumer:
      return describe_consumer(call);
    case Operation::list_consumers:
      return list_consumers(call);
    case Operation::deregister_consumer:
      return deregister_consumer(call);
    case Operation::subscribe_to_shard:
      break;
  }
  refuse("UnknownOperationException", "");
}

void Service::charge(Operation operation, embedded::Allowance& calls, Timestamp now) const {
  if (!options_.limits) return;
  if (!calls.is_open(now)) {
    refuse("LimitExceededException", "Rate exceeded for " + std::string(name_of(operation)) + '.');
  }
  calls.charge(1, now);
}

HostedStream& Service::charged(HostedStream& stream, Operation operation, Timestamp now) const {
  charge(operation, stream.calls.try_emplace(operation, call_rate(operation).per_second).first->second, now);
  return stream;
}

void Service::forget_deleted(Timestamp now) {
  std::erase_if(streams_,
                [now](const auto& stream) { return stream.second->gone_from && *stream.second->gone_from <= now; });
}

std::string Service::name_of_arn(std::string_view arn) const {
  const std::string prefix = "arn:aws:kinesis:" + options_.region + ':' + options_.account + ":stream/";
  if (!arn.starts_with("arn:")) {
    refuse_value("'" + std::string(arn) + "'", "streamARN",
                 R"(satisfy regular expression pattern: arn:aws.*:kinesis:.*:\d{12}:stream/.*)");
  }
  if (!arn.starts_with(prefix)) {
    refuse("ResourceNotFoundException",
           "Stream " + std::string(arn) + " not found; this server's streams are " + prefix + "NAME.");
  }
  return std::string(arn.substr(prefix.size()));
}

HostedStream& Service::stream_named(std::string_view name) {
  const auto found = streams_.find(name);
  if (found == streams_.end()) {
    refuse("ResourceNotFoundException",
           "Stream " + std::string(name) + " under account " + options_.account + " not found.");
  }
  return *found->second;
}

HostedStream& Service::stream_of(const Call& call) {
  const auto& name = call.in.stream_name;
  const auto& arn = call.in.stream_arn;
  if (!name && !arn) refuse("InvalidArgumentException", "Either StreamName or StreamARN must be given.");
  if (name) check_name(*name, "streamName");
  if (!arn) return stream_named(*name);
  const std::string of_arn = name_of_arn(*arn);
  if (name && *name != of_arn) {
    refuse("InvalidArgumentException", "StreamARN " + *arn + " does not belong to StreamName " + *name + '.');
  }
  return stream_named(of_arn);
}

void Service::check_shard_limit(std::size_t more) const {
  if (!options_.limits) return;
  std::size_t open = more;
  for (const auto& [name, stream] : streams_) open += stream->on_demand ? 0 : stream->records.open_shards();
  if (open <= options_.max_shards) return;
  refuse("LimitExceededException", "This request would exceed the shard limit of " +
                                       std::to_string(options_.max_shards) + " of account " + options_.account + '.');
}

/// There are no records yet, or they are gone.
HostedStream& Service::readable(HostedStream& stream, Timestamp now) {
  const std::string_view status = stream.status(now);
  if (status == "ACTIVE" || status == "UPDATING") return stream;
  refuse("ResourceNotFoundException", "Stream " + stream.records.name() + " under account " + options_.account +
                                          " is not ready: it is " + std::string(status) + '.');
}

HostedStream& Service::active(HostedStream& stream, Timestamp now) {
  const std::string_view status = stream.status(now);
  if (status == "ACTIVE") return stream;
  refuse("ResourceInUseException", "Stream " + stream.records.name() + " under account " + options_.account +
                                       " is not ACTIVE; it is " + std::string(status) + '.');
}

void Service::check_created(const Call& call, const HostedStream& stream) const {
  const auto whole = [](Timestamp time) { return std::chrono::floor<std::chrono::seconds>(time); };
  const auto& given = call.in.stream_creation_timestamp;
  // Some SDKs send times in whole seconds.
  if (!given || whole(*given) == whole(stream.created)) return;
  refuse("ResourceNotFoundException", "Stream " + stream.records.name() + " under account " + options_.account +
                                          " was not created at the given StreamCreationTimestamp.");
}

}  // namespace kcl::local
