#include "simulation/sim_kinesis.h"

#include <array>
#include <set>

namespace kcl::simulation {

using base::BootTime;
using Kind = KinesisError::Kind;

KinesisError SimKinesis::fault(Kind kind) const {
  return {.kind = kind, .message = "injected fault", .server_time = world_.server_time()};
}

template <class T>
ports::Kinesis::Reply<T> SimKinesis::call(KinesisCall kind, Serve<T> serve, BootTime deadline) {
  ports::Answer<KinesisResult<T>> answer{Failure{fault(Kind::unavailable)}, {}};
  answer.timing.sent = loop_.now();
  const bool throttled = world_.chance(faults_.throttle) || (faults_.throttled_call == kind && world_.chance(0.9));
  if (throttled || world_.chance(faults_.unavailable)) {
    const auto error = fault(throttled ? Kind::throttled : Kind::unavailable);
    serve = [error](Timestamp) { return KinesisResult<T>(Failure{error}); };
  }
  auto reply = std::make_shared<simulation::Reply<KinesisResult<T>>>();
  if (reachable_ && !world_.chance(faults_.lose_answer)) {
    const auto there = world_.random.between(faults_.min_latency, faults_.max_latency);
    // Timers copy what they run: what is large is shared.
    const auto request = std::make_shared<const Serve<T>>(std::move(serve));
    world_.after(there, [&world = world_, request, reply, back = there] {
      auto value = std::make_shared<KinesisResult<T>>((*request)(world.server_time()));
      world.after(back, [reply, value] { reply->send(std::move(*value)); });
    });
  }
  auto value = co_await await_reply(loop_, std::move(reply), deadline);
  answer.timing.received = loop_.now();
  if (value) {
    answer.value = *std::move(value);
    answer.timing.server_time = world_.server_time();
  }
  co_return answer;
}

ports::Kinesis::Reply<StreamDescription> SimKinesis::describe_stream(std::string stream, BootTime deadline) {
  return call<StreamDescription>(
      KinesisCall::describe_stream,
      [this_stream = &service(stream).stream, stream](Timestamp now) { return this_stream->describe(stream, now); },
      deadline);
}

void SimKinesis::hide_newest(const StreamService& service, ShardPage& page, bool late) const {
  const auto since = world_.now() - faults_.listing_lag;
  std::set<std::string> closed_since;
  std::erase_if(page.shards, [&](const Shard& shard) {
    const auto birth = births_.find(service.key(shard.id));
    if (birth == births_.end() || birth->second < since) return false;
    for (std::string& parent : shard.parents()) closed_since.insert(std::move(parent));
    return true;
  });
  if (!late) return;
  for (Shard& shard : page.shards) {
    if (closed_since.contains(shard.id)) shard.ending_sequence_number.reset();
  }
}

ports::Kinesis::Reply<ShardPage> SimKinesis::list_shards(ListShards request, BootTime deadline) {
  const bool late = world_.chance(faults_.list_late);
  const bool without_newest = world_.chance(faults_.list_without_newest);
  StreamService& asked = service(request.stream);
  auto pending = call<ShardPage>(
      KinesisCall::list_shards,
      [this_stream = &asked.stream, request = std::move(request)](Timestamp now) {
        return this_stream->list_shards(request, now);
      },
      deadline);
  auto answer = co_await std::move(pending);
  if (answer.value && (late || without_newest)) hide_newest(asked, *answer.value, late);
  co_return answer;
}

ports::Kinesis::Reply<ShardIterator> SimKinesis::get_shard_iterator(GetShardIterator request, BootTime deadline) {
  const bool missing = world_.chance(faults_.not_found);
  return call<ShardIterator>(
      KinesisCall::get_shard_iterator,
      [this_stream = &service(request.stream).stream, request = std::move(request), missing,
       error = fault(Kind::not_found)](Timestamp now) -> KinesisResult<ShardIterator> {
        if (missing) return Failure{error};
        return this_stream->get_shard_iterator(request, now);
      },
      deadline);
}

ports::Kinesis::Reply<RecordsPage> SimKinesis::get_records(GetRecords request, BootTime deadline) {
  std::optional<KinesisError> injected;
  if (world_.chance(faults_.expire_iterator)) injected = fault(Kind::expired_iterator);
  if (world_.chance(faults_.not_found)) injected = fault(Kind::not_found);
  const bool forget_all = world_.chance(faults_.forget_children);
  const bool forget_some = world_.chance(faults_.forget_some_children);
  return call<RecordsPage>(
      KinesisCall::get_records,
      [this_stream = &service(request.stream).stream, request = std::move(request), injected, forget_all,
       forget_some](Timestamp now) -> KinesisResult<RecordsPage> {
        if (injected) return Failure{*injected};
        auto page = this_stream->get_records(request, now);
        if (!page) return page;
        auto& children = page->child_shards;
        if (forget_all) children.clear();
        if (forget_some && children.size() > 1) {
          children.pop_back();
        } else if (forget_some) {
          for (ChildShard& child : children) child.parents.clear();
        }
        return page;
      },
      deadline);
}

/// How a stream breaks instead of bringing its next word, if it does.
std::optional<KinesisError> SimKinesis::break_of_stream() {
  if (!world_.chance(faults_.break_stream)) return std::nullopt;
  constexpr std::array kWays{Kind::unavailable, Kind::unavailable, Kind::in_use, Kind::throttled, Kind::denied};
  return fault(kWays[world_.random.below(kWays.size())]);
}

/// The end of a shard comes without some of its children, or without all, and then it is none.
void SimKinesis::spoil_end(ShardEvent& event) {
  auto& children = event.child_shards;
  if (children.empty()) return;
  if (world_.chance(faults_.forget_children / 4)) children.clear();
  if (children.size() > 1 && world_.chance(faults_.forget_some_children)) children.pop_back();
}

ports::Kinesis::Reply<std::unique_ptr<ports::ShardSubscription>> SimKinesis::subscribe_to_shard(
    SubscribeToShard request, BootTime deadline) {
  using Id = embedded::Subscriptions::Id;
  using Stream = std::unique_ptr<ports::ShardSubscription>;
  const bool missing = world_.chance(faults_.not_found);
  StreamService& asked = service(request.stream);
  Serve<Id> serve = [&service = asked, request = std::move(request), missing,
                     error = fault(Kind::not_found)](Timestamp now) -> KinesisResult<Id> {
    if (missing) return Failure{error};
    return service.subscriptions.subscribe(request, now);
  };
  auto pending = call<Id>(KinesisCall::subscribe_to_shard, std::move(serve), deadline);
  auto opened = co_await std::move(pending);
  if (!opened.value) co_return ports::Answer<KinesisResult<Stream>>{Failure{opened.value.error()}, opened.timing};
  SubscriptionPort::Hooks hooks;
  hooks.server_time = [this] { return world_.server_time(); };
  hooks.reachable = [this] { return reachable_; };
  hooks.breaks = [this] { return break_of_stream(); };
  hooks.spoil = [this](ShardEvent& event) { spoil_end(event); };
  Stream stream = std::make_unique<SubscriptionPort>(loop_, asked.subscriptions, *opened.value, std::move(hooks));
  co_return ports::Answer<KinesisResult<Stream>>{std::move(stream), opened.timing};
}

}  // namespace kcl::simulation
