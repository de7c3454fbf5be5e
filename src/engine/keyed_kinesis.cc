#include "engine/keyed_kinesis.h"

#include <optional>
#include <utility>
#include <vector>

#include "leases/lease_key.h"

namespace kcl::engine {

namespace {

/// An absent parent stays absent.
void name_by_key(const std::string& stream, std::string& shard_id) {
  if (!shard_id.empty()) shard_id = leases::lease_key(stream, shard_id);
}

void name_by_key(const std::string& stream, std::vector<ChildShard>& children) {
  for (ChildShard& child : children) {
    name_by_key(stream, child.id);
    for (std::string& parent : child.parents) name_by_key(stream, parent);
  }
}

class KeyedSubscription final : public ports::ShardSubscription {
 public:
  KeyedSubscription(std::unique_ptr<ports::ShardSubscription> events, std::string stream)
      : events_(std::move(events)), stream_(std::move(stream)) {}

  Next next(base::BootTime deadline) override {
    auto answer = co_await events_->next(deadline);
    if (answer.value && *answer.value) name_by_key(stream_, (*answer.value)->child_shards);
    co_return answer;
  }

 private:
  std::unique_ptr<ports::ShardSubscription> events_;
  const std::string stream_;
};

}  // namespace

ports::Kinesis::Reply<StreamDescription> KeyedKinesis::describe_stream(std::string stream, base::BootTime deadline) {
  auto answer = co_await kinesis_.describe_stream(std::move(stream), deadline);
  if (answer.value && stream_.empty()) stream_ = leases::stream_part_of(*answer.value).value_or("");
  co_return answer;
}

ports::Kinesis::Reply<ShardPage> KeyedKinesis::list_shards(ListShards request, base::BootTime deadline) {
  auto answer = co_await kinesis_.list_shards(std::move(request), deadline);
  if (!answer.value) co_return answer;
  for (Shard& shard : answer.value->shards) {
    for (std::string* id : {&shard.id, &shard.parent_id, &shard.adjacent_parent_id}) name_by_key(stream_, *id);
  }
  co_return answer;
}

ports::Kinesis::Reply<ShardIterator> KeyedKinesis::get_shard_iterator(GetShardIterator request,
                                                                      base::BootTime deadline) {
  request.shard_id = std::string(leases::shard_part(request.shard_id));
  return kinesis_.get_shard_iterator(std::move(request), deadline);
}

ports::Kinesis::Reply<RecordsPage> KeyedKinesis::get_records(GetRecords request, base::BootTime deadline) {
  auto answer = co_await kinesis_.get_records(std::move(request), deadline);
  if (answer.value) name_by_key(stream_, answer.value->child_shards);
  co_return answer;
}

ports::Kinesis::Reply<std::unique_ptr<ports::ShardSubscription>> KeyedKinesis::subscribe_to_shard(
    SubscribeToShard request, base::BootTime deadline) {
  request.shard_id = std::string(leases::shard_part(request.shard_id));
  auto answer = co_await kinesis_.subscribe_to_shard(std::move(request), deadline);
  if (answer.value) *answer.value = std::make_unique<KeyedSubscription>(std::move(*answer.value), stream_);
  co_return answer;
}

}  // namespace kcl::engine
