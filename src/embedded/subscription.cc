#include "embedded/subscription.h"

#include <algorithm>
#include <utility>

namespace kcl::embedded {

Subscriptions::Subscriptions(Stream& stream, Consumers& consumers, Options options)
    : stream_(stream), consumers_(consumers), options_(options) {}

Failure<KinesisError> Subscriptions::refuse(Kind kind, std::string message) const {
  return {KinesisError{.kind = kind, .message = std::move(message), .server_time = now_}};
}

KinesisResult<Subscriptions::Id> Subscriptions::subscribe(const SubscribeToShard& request, Timestamp now) {
  now_ = std::max(now_, now);
  const auto consumer = consumers_.find(request.consumer_arn, now_);
  if (!consumer || consumer->arn != request.consumer_arn) {
    return refuse(Kind::not_found, "Consumer " + request.consumer_arn + " not found.");
  }
  if (consumer->status != StreamConsumer::Status::active) {
    return refuse(Kind::in_use, "Consumer " + consumer->arn + " is not ACTIVE.");
  }
  const GetShardIterator start{.stream = stream_.arn(),
                               .shard_id = request.shard_id,
                               .type = request.type,
                               .sequence_number = request.sequence_number,
                               .timestamp = request.timestamp};
  const auto cursor = stream_.cursor_at(start, now_);
  if (!cursor) return Failure{cursor.error()};

  if (began_lately(consumer->arn, request.shard_id, now_)) {
    return refuse(Kind::in_use, "Another active subscription exists for consumer " + consumer->arn + " and shard " +
                                    request.shard_id + '.');
  }
  Place place{consumer->arn, request.shard_id};
  if (const auto latest = latest_.find(place); latest != latest_.end()) {
    if (const auto old = under_way_.find(latest->second.id); old != under_way_.end()) old->second.displaced = true;
  }
  latest_[place] = {.id = ++last_id_, .began = now_};
  under_way_.emplace(last_id_, Subscription{.place = std::move(place),
                                            .cursor = *cursor,
                                            .began = now_,
                                            .last_event = now_,
                                            .bytes = Allowance(options_.bytes_per_second)});
  return last_id_;
}

bool Subscriptions::began_lately(std::string_view consumer_arn, std::string_view shard_id, Timestamp now) const {
  const auto latest = latest_.find({std::string(consumer_arn), std::string(shard_id)});
  return latest != latest_.end() && now - latest->second.began < options_.takeover_after;
}

std::optional<Subscriptions::Word> Subscriptions::next(Id id, Timestamp now) {
  now_ = std::max(now_, now);
  const auto found = under_way_.find(id);
  if (found == under_way_.end()) return End{};
  auto word = word_on(found->second, now_);
  if (word && !std::holds_alternative<ShardEvent>(*word)) under_way_.erase(found);
  return word;
}

std::optional<Subscriptions::Word> Subscriptions::word_on(Subscription& subscription, Timestamp now) {
  const auto& [consumer_arn, shard_id] = subscription.place;
  if (subscription.displaced) {
    return refuse(Kind::in_use,
                  "Another subscription took over for consumer " + consumer_arn + " and shard " + shard_id + '.')
        .error;
  }
  if (subscription.ended || now - subscription.began >= options_.lifetime) return End{};
  const auto consumer = consumers_.find(consumer_arn, now);
  if (!consumer) return consumer.error();
  const bool may_send = subscription.bytes.is_open(now);
  auto portion = stream_.read(subscription.cursor, may_send ? options_.event_records : 0,
                              may_send ? options_.event_bytes : 0, now);
  if (!portion) return portion.error();
  const bool has_news = !portion->slice.records.empty() || portion->ends;
  subscription.behind = portion->behind_latest.count() > 0;
  if (!has_news && now - subscription.last_event < options_.heartbeat) return std::nullopt;

  subscription.bytes.charge(portion->slice.bytes, now);
  subscription.cursor = portion->next;
  subscription.last_event = now;
  subscription.ended = portion->ends;
  ShardEvent event;
  event.records = std::move(portion->slice.records);
  event.buffer = std::move(portion->slice.buffer);
  event.behind_latest = portion->behind_latest;
  event.child_shards = std::move(portion->child_shards);
  if (!portion->ends) event.continuation_sequence_number = stream_.number_before(portion->next);
  event.server_time = now;
  return event;
}

Timestamp Subscriptions::due(Id id) const {
  const Subscription& subscription = under_way_.at(id);
  if (subscription.displaced || subscription.ended) return now_;
  const Timestamp quiet =
      std::min(subscription.last_event + options_.heartbeat, subscription.began + options_.lifetime);
  return subscription.behind ? std::min(quiet, std::max(now_, subscription.bytes.opens_at())) : quiet;
}

}  // namespace kcl::embedded
