#include "consumer/resubscribe.h"

#include <algorithm>
#include <utility>

#include <kcl/position.h>

namespace kcl::consumer {

using base::BootTime;

BootTime Resubscribe::after(StreamEnd end, BootTime now, base::Random& random) {
  const auto began = std::exchange(began_, std::nullopt);
  const bool lasted = began && now - *began >= kTakeover;
  if (lasted) {
    backoff_.reset();
    if (end != StreamEnd::failed) return now;
  }
  const BootTime rested = now + backoff_.next(random);
  if (!began || lasted) return rested;
  // Not all at the same moment: shards whose streams broke with one connection come apart.
  return std::max(rested, *began + kTakeover + random.between(base::Duration::zero(), std::chrono::seconds(1)));
}

SubscribeToShard subscription_at(const shards::ReadFrom& from, std::string consumer_arn, std::string shard_id) {
  using Type = GetShardIterator::Type;
  SubscribeToShard request;
  request.consumer_arn = std::move(consumer_arn);
  request.shard_id = std::move(shard_id);
  switch (from.kind) {
    case shards::ReadFrom::Kind::after_sequence_number:
      request.type = Type::after_sequence_number;
      request.sequence_number = from.sequence_number;
      break;
    case shards::ReadFrom::Kind::after_user_record:
      request.type = Type::at_sequence_number;
      request.sequence_number = from.sequence_number;
      break;
    case shards::ReadFrom::Kind::timestamp:
      request.type = Type::at_timestamp;
      request.timestamp = from.timestamp;
      break;
    case shards::ReadFrom::Kind::trim_horizon:
      request.type = Type::trim_horizon;
      break;
  }
  return request;
}

void go_on_after(shards::ReadFrom& from, const std::string& continuation) {
  if (from.kind != shards::ReadFrom::Kind::after_sequence_number) return;
  if (compare_sequence_numbers(continuation, from.sequence_number) > 0) from.sequence_number = continuation;
}

}  // namespace kcl::consumer
