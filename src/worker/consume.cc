#include <kcl/consume.h>
#include <kcl/worker.h>

#include <memory>
#include <stdexcept>
#include <utility>

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

int consume(WorkerConfig config, std::function<void(const Record&)> handler) {
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
