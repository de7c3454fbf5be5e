// Workers that end by themselves: once they have caught up, at a time, or because nothing could be reached at the
// start.

#include <atomic>
#include <thread>

#include "integration/worker/workbench.h"

namespace kcl::test {
namespace {

class WorkerFinish : public Workbench {
 protected:
  WorkerFinish() : Workbench(2) {}

  WorkerConfig finishing() const {
    WorkerConfig with = config();
    with.stop_when_caught_up = true;
    return with;
  }
  RecordProcessorFactory recording() {
    Callbacks callbacks;
    callbacks.process_records = [this](const RecordBatch& batch, Checkpointer&) { deliveries.add(batch); };
    return callbacks.factory();
  }
};

TEST_F(WorkerFinish, OnceCaughtUpItEndsInOrderWithEverythingStored) {
  put(0, 100);
  const ShutdownReport report = kcl::Worker(finishing(), recording()).run();
  EXPECT_TRUE(report.ok()) << report.failure;
  EXPECT_EQ(deliveries.count(), 100U);
  for (const Shard& shard : stream.list()) EXPECT_EQ(owner(shard.id), "");
  put(100, 10);
  EXPECT_TRUE(kcl::Worker(finishing(), recording()).run().ok());
  EXPECT_EQ(deliveries.count(), 110U) << "the second run has only what is new";
}

TEST_F(WorkerFinish, ChildrenOfASplitAreCaughtUpWithToo) {
  put(0, 50);
  ASSERT_TRUE(stream.split(first_shard));
  put(50, 50);
  EXPECT_TRUE(kcl::Worker(finishing(), recording()).run().ok());
  EXPECT_EQ(deliveries.distinct().size(), 100U);
}

TEST_F(WorkerFinish, AWorkerThatMayNotTakeAllThereIsSaysSoAndEndsOnceAnotherComes) {
  put(0, 100);
  WorkerConfig with = finishing();
  with.max_leases = 1;
  ShutdownReport report;
  std::jthread limited([&] { report = kcl::Worker(with, recording()).run(); });
  EXPECT_TRUE(eventually([&] { return log->count("leases_left_over") == 1; }));
  EXPECT_EQ(log->field("leases_left_over", "leases"), "1");

  WorkerConfig another = config();
  another.worker_id = "another";
  kcl::Worker helping(another, recording());
  helping.start();
  limited.join();
  EXPECT_TRUE(report.ok()) << report.failure;
  EXPECT_TRUE(helping.shutdown(kPatience).ok());
  EXPECT_EQ(deliveries.distinct().size(), 100U);
  EXPECT_EQ(log->count("leases_left_over"), 1U) << "once";
}

TEST_F(WorkerFinish, AnEmptyStreamIsCaughtUpWith) { EXPECT_TRUE(kcl::Worker(finishing(), recording()).run().ok()); }

TEST_F(WorkerFinish, ABatchThatFailsIsNotCaughtUpWith) {
  put(0, 1);
  std::atomic<int> calls{0};
  Callbacks callbacks;
  callbacks.process_records = [&](const RecordBatch& batch, Checkpointer&) {
    if (++calls < 5) throw std::runtime_error("not yet");
    deliveries.add(batch);
  };
  EXPECT_TRUE(kcl::Worker(finishing(), callbacks.factory()).run().ok());
  EXPECT_EQ(deliveries.count(), 1U);
}

TEST(WorkerReadUntil, DeliversWhatArrivedBeforeAndNothingElse) {
  std::atomic<std::int64_t> now{1'800'000'000'000};
  testing::EmbeddedStream stream(
      {.name = "orders", .shards = 1, .limits = false, .clock = [&] { return Timestamp(milliseconds(now)); }});
  const auto put_at = [&](std::int64_t later, const char* text) {
    now += later;
    ASSERT_TRUE(stream.put("key", text));
  };
  put_at(0, "a");
  put_at(1'000, "b");
  const Timestamp until{milliseconds(now + 1'000)};
  put_at(1'000, "c");
  put_at(1'000, "d");
  Deliveries deliveries;
  WorkerConfig config;
  config.stream = "orders";
  config.kinesis = stream.kinesis();
  config.initial_position = InitialPosition::trim_horizon();
  config.failover_time = milliseconds(2'000);
  config.handle_signals = false;
  config.read_until = until;
  Callbacks callbacks;
  callbacks.process_records = [&](const RecordBatch& batch, Checkpointer&) { deliveries.add(batch); };
  EXPECT_TRUE(kcl::Worker(config, callbacks.factory()).run().ok());
  EXPECT_EQ(deliveries.distinct(), (std::vector<std::string>{"a", "b"}));
}

/// A table that cannot be reached.
class Unreachable final : public ItemStore {
 public:
  StoreResult<void> ensure(CreateTable, const Call&) override { return Failure{error()}; }
  StoreResult<ReadItem> get(const std::string&, bool, const Call&) override { return Failure{error()}; }
  WriteOutcome create(const Item&, const Call&) override { return {}; }
  WriteOutcome update(const ItemUpdate&, const Call&) override { return {}; }
  WriteOutcome remove(const std::string&, const std::vector<Condition>&, const Call&) override { return {}; }
  StoreResult<ScanPage> scan(const ScanRequest&, const Call&) override { return Failure{error()}; }

 private:
  static StoreError error() { return {StoreError::Kind::unavailable, "nobody is at home"}; }
};

TEST_F(WorkerFinish, AtTheStartPatienceEnds) {
  WorkerConfig with = config();
  with.lease_store = std::make_shared<Unreachable>();
  with.start_patience = milliseconds(300);
  const ShutdownReport report = kcl::Worker(with, recording()).run();
  EXPECT_NE(report.failure.find("nobody is at home"), std::string::npos) << report.failure;
  EXPECT_EQ(log->count("worker_failed"), 1U);
}

}  // namespace
}  // namespace kcl::test
