#include <kcl/kinesis.h>

#include <utility>

namespace kcl {

std::vector<std::string> Shard::parents() const {
  std::vector<std::string> ids;
  if (!parent_id.empty()) ids.push_back(parent_id);
  if (!adjacent_parent_id.empty()) ids.push_back(adjacent_parent_id);
  return ids;
}

KinesisResult<std::unique_ptr<ShardSubscription>> Kinesis::subscribe_to_shard(const SubscribeToShard&, const Call&) {
  KinesisError error;
  error.kind = KinesisError::Kind::unsupported;
  error.message = "this Kinesis client has no enhanced fan-out: it does not implement subscribe_to_shard";
  return Failure{std::move(error)};
}

}  // namespace kcl
