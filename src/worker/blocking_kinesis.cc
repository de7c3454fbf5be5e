#include "worker/blocking_kinesis.h"

#include <utility>

#include "worker/blocking_call.h"

namespace kcl::worker {

BlockingKinesis::BlockingKinesis(Threads& threads, std::shared_ptr<kcl::Kinesis> client)
    : threads_(threads), client_(std::move(client)) {}

template <class T>
BlockingKinesis::Reply<T> BlockingKinesis::call(std::function<KinesisResult<T>(const Call&)> operation,
                                                base::BootTime deadline) {
  auto called =
      co_await call_blocking<KinesisResult<T>>(threads_, threads_.kinesis_calls, std::move(operation), deadline);
  if (!called.value) {
    KinesisError error;
    error.kind = KinesisError::Kind::unavailable;
    error.message = "the Kinesis client: " + called.message;
    called.value.emplace(Failure{std::move(error)});
  }
  auto& result = *called.value;
  called.timing.server_time = result ? std::optional(result->server_time) : result.error().server_time;
  co_return ports::Answer<KinesisResult<T>>{std::move(result), called.timing};
}

BlockingKinesis::Reply<StreamDescription> BlockingKinesis::describe_stream(std::string stream,
                                                                           base::BootTime deadline) {
  auto operation = [client = client_, stream = std::move(stream)](const Call& limits) {
    return client->describe_stream(stream, limits);
  };
  return call<StreamDescription>(std::move(operation), deadline);
}

BlockingKinesis::Reply<ShardPage> BlockingKinesis::list_shards(ListShards request, base::BootTime deadline) {
  auto operation = [client = client_, request = std::move(request)](const Call& limits) {
    return client->list_shards(request, limits);
  };
  return call<ShardPage>(std::move(operation), deadline);
}

BlockingKinesis::Reply<ShardIterator> BlockingKinesis::get_shard_iterator(GetShardIterator request,
                                                                          base::BootTime deadline) {
  auto operation = [client = client_, request = std::move(request)](const Call& limits) {
    return client->get_shard_iterator(request, limits);
  };
  return call<ShardIterator>(std::move(operation), deadline);
}

BlockingKinesis::Reply<RecordsPage> BlockingKinesis::get_records(GetRecords request, base::BootTime deadline) {
  auto operation = [client = client_, request = std::move(request)](const Call& limits) {
    return client->get_records(request, limits);
  };
  return call<RecordsPage>(std::move(operation), deadline);
}

}  // namespace kcl::worker
