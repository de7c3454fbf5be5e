// One stream of several, with its shards named by their lease keys (leases/lease_key.h): what is asked by a key is
// asked of the service by shard id, and what that answers comes back by keys. Lives on the strand.
#pragma once

#include <memory>
#include <string>

#include "ports/kinesis.h"

namespace kcl::engine {

class KeyedKinesis final : public ports::Kinesis {
 public:
  explicit KeyedKinesis(ports::Kinesis& kinesis) : kinesis_(kinesis) {}

  /// Comes first, and tells how the stream's shards are named from then on, whatever later descriptions say.
  Reply<StreamDescription> describe_stream(std::string stream, base::BootTime deadline) override;
  Reply<ShardPage> list_shards(ListShards request, base::BootTime deadline) override;
  Reply<ShardIterator> get_shard_iterator(GetShardIterator request, base::BootTime deadline) override;
  Reply<RecordsPage> get_records(GetRecords request, base::BootTime deadline) override;
  Reply<std::unique_ptr<ports::ShardSubscription>> subscribe_to_shard(SubscribeToShard request,
                                                                      base::BootTime deadline) override;

 private:
  ports::Kinesis& kinesis_;
  /// As leases::stream_part() gives it; empty until it is known.
  std::string stream_;
};

}  // namespace kcl::engine
