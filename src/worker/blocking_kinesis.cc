#include "worker/blocking_kinesis.h"

#include <utility>

#include "worker/blocking_call.h"

namespace kcl::worker {

namespace {

/// The plugged-in client's answer, or what became of the call.
template <class T>
ports::Answer<KinesisResult<T>> answer_of(Called<KinesisResult<T>> called) {
  if (!called.value) {
    KinesisError error;
    error.kind = KinesisError::Kind::unavailable;
    error.message = "the Kinesis client: " + called.message;
    called.value.emplace(Failure{std::move(error)});
  }
  if (!*called.value) called.timing.server_time = called.value->error().server_time;
  return {*std::move(called.value), called.timing};
}

class BlockingSubscription final : public ports::ShardSubscription {
 public:
  BlockingSubscription(Threads& threads, std::shared_ptr<kcl::ShardSubscription> stream)
      : threads_(threads), stream_(std::move(stream)) {}

  Next next(base::BootTime deadline) override {
    using Event = KinesisResult<std::optional<ShardEvent>>;
    std::function<Event(const Call&)> operation = [stream = stream_](const Call& limits) {
      return stream->next(limits);
    };
    auto called = co_await call_blocking<Event>(threads_, threads_.kinesis_calls, std::move(operation), deadline);
    auto answer = answer_of(std::move(called));
    if (answer.value && *answer.value) answer.timing.server_time = (**answer.value).server_time;
    co_return answer;
  }

 private:
  Threads& threads_;
  /// A call that nobody waits for any more may still be in it.
  const std::shared_ptr<kcl::ShardSubscription> stream_;
};

}  // namespace

BlockingKinesis::BlockingKinesis(Threads& threads, std::shared_ptr<kcl::Kinesis> client)
    : threads_(threads), client_(std::move(client)) {}

template <class T>
BlockingKinesis::Reply<T> BlockingKinesis::call(std::function<KinesisResult<T>(const Call&)> operation,
                                                base::BootTime deadline) {
  auto called =
      co_await call_blocking<KinesisResult<T>>(threads_, threads_.kinesis_calls, std::move(operation), deadline);
  auto answer = answer_of(std::move(called));
  if (answer.value) answer.timing.server_time = answer.value->server_time;
  co_return answer;
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

BlockingKinesis::Reply<std::unique_ptr<ports::ShardSubscription>> BlockingKinesis::subscribe_to_shard(
    SubscribeToShard request, base::BootTime deadline) {
  using Stream = std::unique_ptr<kcl::ShardSubscription>;
  using Port = std::unique_ptr<ports::ShardSubscription>;
  std::function<KinesisResult<Stream>(const Call&)> operation = [client = client_,
                                                                 request = std::move(request)](const Call& limits) {
    return client->subscribe_to_shard(request, limits);
  };
  auto called =
      co_await call_blocking<KinesisResult<Stream>>(threads_, threads_.kinesis_calls, std::move(operation), deadline);
  auto answer = answer_of(std::move(called));
  if (!answer.value) co_return ports::Answer<KinesisResult<Port>>{Failure{answer.value.error()}, answer.timing};
  Port port = std::make_unique<BlockingSubscription>(threads_, std::move(*answer.value));
  co_return ports::Answer<KinesisResult<Port>>{std::move(port), answer.timing};
}

}  // namespace kcl::worker
