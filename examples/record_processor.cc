// Level 2: a processor per shard that checkpoints by itself, after it has stored its result. Two workers of one
// application share a stream through leases in an SQLite file, and share the threads of one Runtime; in production each
// would be a process of its own.
#include <kcl/kcl.h>
#include <kcl/testing/embedded_stream.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <string>

namespace {

constexpr int kOrders = 1'000;

/// Counts orders. Not thread-safe, and need not be: the callbacks of one shard are never concurrent.
class OrderCounter final : public kcl::RecordProcessor {
 public:
  explicit OrderCounter(std::atomic<int>& total) : total_(total) {}

  void initialize(const kcl::ShardContext& context) override { context_ = context; }

  void process_records(const kcl::RecordBatch& batch, kcl::Checkpointer& checkpointer) override {
    count_ += batch.size();
    // First the result, then the checkpoint: a crash between the two repeats a batch, and never loses one.
    total_ += static_cast<int>(batch.size());
    total_.notify_all();
    try {
      checkpointer.checkpoint();
    } catch (const kcl::CheckpointUnavailable&) {
      // The lease table does not answer just now. The next batch's checkpoint will do for this one, too.
      std::clog << context_->shard_id() << " checkpoints later\n";
    }
  }

  // Another worker has the shard now, and everything that was not checkpointed comes to it.
  void lease_lost() override { std::clog << context_->shard_id() << " is another's after " << count_ << " orders\n"; }

 private:
  std::atomic<int>& total_;
  std::optional<kcl::ShardContext> context_;
  std::size_t count_ = 0;
};

/// The leases' file, in a directory of its own that goes away at the end.
class LeaseFile {
 public:
  LeaseFile() : directory_(std::filesystem::temp_directory_path() / ("kclpp-example-" + std::to_string(::getpid()))) {
    std::filesystem::create_directory(directory_);
  }
  LeaseFile(const LeaseFile&) = delete;
  LeaseFile& operator=(const LeaseFile&) = delete;
  ~LeaseFile() { std::filesystem::remove_all(directory_); }
  std::string path() const { return directory_ / "leases.db"; }

 private:
  std::filesystem::path directory_;
};

}  // namespace

int main() {
  kcl::testing::EmbeddedStream orders({.name = "orders", .shards = 4});
  for (int i = 0; i < kOrders; ++i) orders.put("customer-" + std::to_string(i), "a pear").value();

  const LeaseFile leases;
  kcl::WorkerConfig config{.application = "order-counter", .stream = "orders"};
  config.initial_position = kcl::InitialPosition::trim_horizon();
  config.checkpointing = kcl::Checkpointing::manual;
  config.kinesis = orders.kinesis();
  config.lease_store = kcl::open_sqlite_item_store({.path = leases.path(), .table = config.application}).value();
  config.log = kcl::make_console_log_sink(kcl::LogLevel::info);

  std::atomic<int> total{0};
  const kcl::RecordProcessorFactory factory = [&total] { return std::make_unique<OrderCounter>(total); };
  kcl::Runtime runtime;
  kcl::Worker one(config, factory, runtime);
  kcl::Worker two(config, factory, runtime);
  one.start();
  two.start();
  for (int seen = total; seen < kOrders; seen = total) total.wait(seen);

  // The processors checkpoint once more, and the leases are released: whoever starts next goes on at once.
  bool ok = true;
  for (kcl::Worker* worker : {&one, &two}) ok = worker->shutdown(std::chrono::seconds(25)).ok() && ok;
  std::cout << "counted " << total << " orders\n";
  return ok ? 0 : 1;
}
