// The plugged-in Kinesis client behind its port. See blocking_call.h. Lives on the strand.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "ports/kinesis.h"
#include "worker/runtime.h"

namespace kcl::worker {

class BlockingKinesis final : public ports::Kinesis {
 public:
  BlockingKinesis(Threads& threads, std::shared_ptr<kcl::Kinesis> client);

  Reply<StreamDescription> describe_stream(std::string stream, base::BootTime deadline) override;
  Reply<ShardPage> list_shards(ListShards request, base::BootTime deadline) override;
  Reply<ShardIterator> get_shard_iterator(GetShardIterator request, base::BootTime deadline) override;
  Reply<RecordsPage> get_records(GetRecords request, base::BootTime deadline) override;
  Reply<std::unique_ptr<ports::ShardSubscription>> subscribe_to_shard(SubscribeToShard request,
                                                                      base::BootTime deadline) override;

 private:
  template <class T>
  Reply<T> call(std::function<KinesisResult<T>(const Call&)> operation, base::BootTime deadline);

  Threads& threads_;
  std::shared_ptr<kcl::Kinesis> client_;
};

}  // namespace kcl::worker
