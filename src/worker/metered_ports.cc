#include "worker/metered_ports.h"

#include <utility>

namespace kcl::worker {

namespace {

template <class Value>
bool succeeded(const Value& value) {
  return value.has_value();
}

/// A refusal is an answer: what conditions are for.
bool succeeded(const WriteOutcome& outcome) {
  return outcome.kind == WriteOutcome::Kind::applied || outcome.kind == WriteOutcome::Kind::refused;
}

template <class Value>
base::Task<ports::Answer<Value>> metered(CallMeter& meter, base::Task<ports::Answer<Value>> call) {
  auto answer = co_await std::move(call);
  meter.count(answer.timing, succeeded(answer.value));
  co_return answer;
}

}  // namespace

MeteredKinesis::MeteredKinesis(ports::Kinesis& port, metrics::Registry& registry)
    : port_(port),
      describe_stream_(registry, "kinesis", "describe_stream"),
      list_shards_(registry, "kinesis", "list_shards"),
      get_shard_iterator_(registry, "kinesis", "get_shard_iterator"),
      get_records_(registry, "kinesis", "get_records"),
      subscribe_to_shard_(registry, "kinesis", "subscribe_to_shard") {}

MeteredKinesis::Reply<StreamDescription> MeteredKinesis::describe_stream(std::string stream, base::BootTime deadline) {
  return metered(describe_stream_, port_.describe_stream(std::move(stream), deadline));
}

MeteredKinesis::Reply<ShardPage> MeteredKinesis::list_shards(ListShards request, base::BootTime deadline) {
  return metered(list_shards_, port_.list_shards(std::move(request), deadline));
}

MeteredKinesis::Reply<ShardIterator> MeteredKinesis::get_shard_iterator(GetShardIterator request,
                                                                        base::BootTime deadline) {
  return metered(get_shard_iterator_, port_.get_shard_iterator(std::move(request), deadline));
}

MeteredKinesis::Reply<RecordsPage> MeteredKinesis::get_records(GetRecords request, base::BootTime deadline) {
  return metered(get_records_, port_.get_records(std::move(request), deadline));
}

MeteredKinesis::Reply<std::unique_ptr<ports::ShardSubscription>> MeteredKinesis::subscribe_to_shard(
    SubscribeToShard request, base::BootTime deadline) {
  return metered(subscribe_to_shard_, port_.subscribe_to_shard(std::move(request), deadline));
}

MeteredItemStore::MeteredItemStore(ports::ItemStore& port, metrics::Registry& registry)
    : port_(port),
      ensure_(registry, "lease_store", "ensure"),
      get_(registry, "lease_store", "get"),
      create_(registry, "lease_store", "create"),
      update_(registry, "lease_store", "update"),
      remove_(registry, "lease_store", "remove"),
      scan_(registry, "lease_store", "scan") {}

MeteredItemStore::Reply<void> MeteredItemStore::ensure(CreateTable create, base::BootTime deadline) {
  return metered(ensure_, port_.ensure(create, deadline));
}

MeteredItemStore::Reply<ReadItem> MeteredItemStore::get(std::string key, bool consistent, base::BootTime deadline) {
  return metered(get_, port_.get(std::move(key), consistent, deadline));
}

MeteredItemStore::WriteReply MeteredItemStore::create(Item row, base::BootTime deadline) {
  return metered(create_, port_.create(std::move(row), deadline));
}

MeteredItemStore::WriteReply MeteredItemStore::update(ItemUpdate update, base::BootTime deadline) {
  return metered(update_, port_.update(std::move(update), deadline));
}

MeteredItemStore::WriteReply MeteredItemStore::remove(std::string key, std::vector<Condition> conditions,
                                                      base::BootTime deadline) {
  return metered(remove_, port_.remove(std::move(key), std::move(conditions), deadline));
}

MeteredItemStore::Reply<ScanPage> MeteredItemStore::scan(ScanRequest request, base::BootTime deadline) {
  return metered(scan_, port_.scan(std::move(request), deadline));
}

}  // namespace kcl::worker
