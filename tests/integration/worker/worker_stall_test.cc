// The alarm about shards that do not move (C9), in a whole worker.
#include <kcl/metrics_sink.h>

#include <atomic>
#include <chrono>
#include <stdexcept>

#include "integration/worker/workbench.h"

namespace kcl::test {
namespace {

/// The last value of each gauge, by name.
class Gauges final : public MetricsSink {
 public:
  void publish(const MetricsSnapshot& snapshot) override {
    const std::lock_guard lock(mutex_);
    for (const Metric& metric : snapshot.metrics) values_[metric.name] = metric.value;
  }
  double of(const std::string& name) const {
    const std::lock_guard lock(mutex_);
    const auto found = values_.find(name);
    return found == values_.end() ? -1 : found->second;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, double> values_;
};

class WorkerStall : public Workbench {
 protected:
  WorkerConfig watchful() const {
    WorkerConfig with = config();
    with.stall_after = milliseconds(1'000);
    with.metrics_interval = milliseconds(1'000);
    with.metrics = gauges;
    return with;
  }
  std::shared_ptr<Gauges> gauges = std::make_shared<Gauges>();
};

TEST_F(WorkerStall, ACallbackThatDoesNotReturnIsToldAndItsEndToo) {
  put(0, 10);
  std::atomic<bool> go{false};
  Callbacks callbacks;
  callbacks.process_records = [&](const RecordBatch& batch, Checkpointer&) {
    while (!go) std::this_thread::yield();
    deliveries.add(batch);
  };
  kcl::Worker worker(watchful(), callbacks.factory());
  worker.start();
  EXPECT_TRUE(eventually([&] { return log->count("shard_stalled") >= 1; }));
  EXPECT_EQ(log->field("shard_stalled", "shard"), first_shard);
  EXPECT_NE(log->field("shard_stalled", "cause").find("process_records to return"), std::string::npos);
  const WorkerStatus status = worker.status();
  ASSERT_EQ(status.shards.size(), 1U);
  EXPECT_TRUE(status.shards[0].stalled);
  EXPECT_NE(status.shards[0].stall_cause.find("process_records to return"), std::string::npos);
  EXPECT_TRUE(eventually(
      [&] { return gauges->of("kclpp_shards_stalled") == 1 && gauges->of("kclpp_oldest_stall_seconds") >= 1; }));
  EXPECT_EQ(owner(first_shard), "me") << "an alarm, and nothing else";
  go = true;
  EXPECT_TRUE(eventually([&] { return log->count("shard_stall_ended") == 1; }));
  EXPECT_TRUE(eventually([&] { return gauges->of("kclpp_shards_stalled") == 0; }));
  EXPECT_FALSE(worker.status().shards.at(0).stalled);
  EXPECT_TRUE(worker.shutdown(kPatience).ok());
}

TEST_F(WorkerStall, StopOnStallEndsTheWorkerNamingShardAndCause) {
  put(0, 10);
  WorkerConfig with = watchful();
  with.stop_on_stall = true;
  Callbacks callbacks;
  callbacks.process_records = [](const RecordBatch&, Checkpointer&) { throw std::runtime_error("no database"); };
  kcl::Worker worker(with, callbacks.factory());
  const ShutdownReport report = worker.run();
  EXPECT_NE(report.failure.find(first_shard), std::string::npos) << report.failure;
  EXPECT_NE(report.failure.find("no database"), std::string::npos) << report.failure;
  EXPECT_TRUE(report.unfinished.empty());
  EXPECT_EQ(log->count("shard_stalled"), 1U);
  EXPECT_EQ(owner(first_shard), "") << "released";
}

// C11: reading stands still since the program keeps what it was given.
TEST_F(WorkerStall, BatchesThatTheProgramKeepsAreNamedWhenTheyUseUpTheBudget) {
  WorkerConfig with = watchful();
  with.buffer_bytes = 1UL << 20;
  std::mutex mutex;
  std::vector<RecordBatch> kept;
  Callbacks callbacks;
  callbacks.process_records = [&](const RecordBatch& batch, Checkpointer&) {
    const std::lock_guard lock(mutex);
    kept.push_back(batch);
  };
  kcl::Worker worker(with, callbacks.factory());
  worker.start();
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(stream.put("key", std::string(500'000, 'x')));
  EXPECT_TRUE(eventually([&] { return log->count("shard_stalled") >= 1; }));
  const std::string cause = log->field("shard_stalled", "cause");
  EXPECT_NE(cause.find("the program keeps batches that it was done with: " + first_shard), std::string::npos) << cause;
  EXPECT_TRUE(eventually([&] { return gauges->of("kclpp_kept_bytes") >= 500'000; }));
  {
    const std::lock_guard lock(mutex);
    kept.clear();
  }
  EXPECT_TRUE(eventually([&] { return log->count("shard_stall_ended") >= 1; }));
  EXPECT_TRUE(worker.shutdown(kPatience).ok());
}

}  // namespace
}  // namespace kcl::test
