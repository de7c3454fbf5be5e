// Ports that count and time every call of the port behind them. On the strand, like those.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ports/item_store.h"
#include "ports/kinesis.h"
#include "worker/call_meter.h"

namespace kcl::worker {

class MeteredKinesis final : public ports::Kinesis {
 public:
  MeteredKinesis(ports::Kinesis& port, metrics::Registry& registry);

  Reply<StreamDescription> describe_stream(std::string stream, base::BootTime deadline) override;
  Reply<ShardPage> list_shards(ListShards request, base::BootTime deadline) override;
  Reply<ShardIterator> get_shard_iterator(GetShardIterator request, base::BootTime deadline) override;
  Reply<RecordsPage> get_records(GetRecords request, base::BootTime deadline) override;
  Reply<std::unique_ptr<ports::ShardSubscription>> subscribe_to_shard(SubscribeToShard request,
                                                                      base::BootTime deadline) override;

 private:
  ports::Kinesis& port_;
  CallMeter describe_stream_;
  CallMeter list_shards_;
  CallMeter get_shard_iterator_;
  CallMeter get_records_;
  CallMeter subscribe_to_shard_;
};

class MeteredItemStore final : public ports::ItemStore {
 public:
  MeteredItemStore(ports::ItemStore& port, metrics::Registry& registry);

  Reply<void> ensure(CreateTable create, base::BootTime deadline) override;
  Reply<ReadItem> get(std::string key, bool consistent, base::BootTime deadline) override;
  WriteReply create(Item row, base::BootTime deadline) override;
  WriteReply update(ItemUpdate update, base::BootTime deadline) override;
  WriteReply remove(std::string key, std::vector<Condition> conditions, base::BootTime deadline) override;
  Reply<ScanPage> scan(ScanRequest request, base::BootTime deadline) override;

 private:
  ports::ItemStore& port_;
  CallMeter ensure_;
  CallMeter get_;
  CallMeter create_;
  CallMeter update_;
  CallMeter remove_;
  CallMeter scan_;
};

}  // namespace kcl::worker
