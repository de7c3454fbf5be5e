#include <kcl/consume.h>
#include <kcl/worker.h>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "worker/keyed_processor.h"

namespace kcl {

namespace {

using BatchHandler = std::function<void(const RecordBatch&)>;

/// Acknowledges what its handler returned from. Made per shard and epoch, so the handler may be, too.
class HandlerProcessor final : public AckProcessor {
 public:
  using MakeHandler = std::function<BatchHandler(const ShardContext&)>;
  explicit HandlerProcessor(std::shared_ptr<const MakeHandler> make) : make_(std::move(make)) {}

  void initialize(const ShardContext& context) override { handler_ = (*make_)(context); }
  void process_records(RecordBatch batch, Ack ack) override {
    handler_(batch);
    ack.done();
  }

 private:
  std::shared_ptr<const MakeHandler> make_;
  BatchHandler handler_;
};

BatchHandler for_each_record(std::function<void(const Record&)> handler) {
  return [handler = std::move(handler)](const RecordBatch& batch) {
    for (const Record& record : batch) handler(record);
  };
}

/// Several batches keep the lanes busy while one waits for its slowest key.
constexpr std::size_t kBatchesUnderWay = 4;
constexpr std::size_t kMostLanes = 1'000;
// As for callbacks: a handler that blocks occupies one.
constexpr std::size_t kMostThreads = 10'000;

int run_side_by_side(WorkerConfig config, std::function<void(const Record&)> handler, std::size_t lanes) {
  config.max_outstanding_batches = std::max(config.max_outstanding_batches, kBatchesUnderWay);
  config.prefetch_batches = std::max(config.prefetch_batches, kBatchesUnderWay);
  // Outlives the worker, which waits for all that it has handed out.
  base::BlockingPool pool(kMostThreads);
  const auto shared = std::make_shared<const std::function<void(const Record&)>>(std::move(handler));
  AckProcessorFactory factory = [&pool, shared, lanes] {
    return std::make_unique<worker::KeyedProcessor>(pool, lanes, shared);
  };
  Worker worker(std::move(config), std::move(factory));
  return worker.run().ok() ? 0 : 1;
}

int run(WorkerConfig config, HandlerProcessor::MakeHandler make) {
  // Without a handler there is no factory, which the worker reports together with whatever else is wrong.
  AckProcessorFactory factory;
  if (make) {
    auto shared = std::make_shared<const HandlerProcessor::MakeHandler>(std::move(make));
    factory = [shared = std::move(shared)] { return std::make_unique<HandlerProcessor>(shared); };
  }
  Worker worker(std::move(config), std::move(factory));
  return worker.run().ok() ? 0 : 1;
}

}  // namespace

int consume(WorkerConfig config, std::function<void(const Record&)> handler, ConsumeOptions options) {
  const std::size_t lanes = options.parallelism_per_shard;
  if (lanes < 1 || lanes > kMostLanes) {
    throw ConfigError({"parallelism_per_shard: " + std::to_string(lanes) + " is out of range; 1 to 1000 is right"});
  }
  if (lanes > 1 && handler) return run_side_by_side(std::move(config), std::move(handler), lanes);
  return consume_batches(std::move(config), handler ? for_each_record(std::move(handler)) : nullptr);
}

int consume_batches(WorkerConfig config, std::function<void(const RecordBatch&)> handler) {
  if (!handler) return run(std::move(config), nullptr);
  return run(std::move(config), [handler = std::move(handler)](const ShardContext&) { return handler; });
}

int consume_each_shard(WorkerConfig config, RecordHandlerFactory factory) {
  if (!factory) return run(std::move(config), nullptr);
  return run(std::move(config), [factory = std::move(factory)](const ShardContext& context) {
    auto handler = factory(context);
    if (!handler) throw std::runtime_error("the handler factory returned an empty function");
    return for_each_record(std::move(handler));
  });
}

}  // namespace kcl
