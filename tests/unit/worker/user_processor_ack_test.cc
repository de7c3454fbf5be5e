// Batches that are done with when their Ack says so.
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <latch>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "unit/worker/processor_fixture.h"

namespace kcl::worker {
namespace {

TEST_F(WorkerProcessor, ABatchIsDoneWhenItsAckSaysSoOnWhateverThread) {
  use(AckProcessorFactory([this] { return std::make_unique<ScriptedAck>(script); }));
  ASSERT_TRUE(run("initialize").ok());
  std::optional<Ack> kept;
  std::optional<RecordBatch> batch;
  std::latch returned(1);
  script.ack = [&](RecordBatch records, Ack ack) {
    batch = std::move(records);
    kept = std::move(ack);
    returned.count_down();
  };
  auto result = start("process_records");
  returned.wait();
  for (const std::size_t i : {2U, 0U, 1U}) {
    EXPECT_EQ(result.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
    std::jthread([&] { kept->done((*batch)[i]); }).join();
  }
  EXPECT_TRUE(result.get().ok());
}

TEST_F(WorkerProcessor, AnAckThatFailsIsDroppedOrThrownPastFailsTheBatch) {
  use(AckProcessorFactory([this] { return std::make_unique<ScriptedAck>(script); }));
  ASSERT_TRUE(run("initialize").ok());
  script.ack = [](const RecordBatch&, const Ack& ack) { ack.failed("full"); };
  EXPECT_EQ(run("process_records").what, "full");
  script.ack = [](const RecordBatch&, const Ack&) {};
  EXPECT_EQ(run("process_records").kind, Kind::threw);
  script.ack = [](const RecordBatch&, const Ack&) { throw RetryLater(std::chrono::seconds(5)); };
  const auto result = run("process_records");
  EXPECT_EQ(result.kind, Kind::retry_later);
  EXPECT_EQ(result.retry_after, std::chrono::seconds(5));
}

TEST_F(WorkerProcessor, WhatAFailedAckHadDoneWithoutAGapIsCheckpointed) {
  use(AckProcessorFactory([this] { return std::make_unique<ScriptedAck>(script); }));
  ASSERT_TRUE(run("initialize").ok());
  script.ack = [](const RecordBatch& records, const Ack& ack) {
    ack.done(records[0]);
    ack.done(records[1]);
    ack.failed("the third");
  };
  EXPECT_FALSE(run("process_records").ok());
  on_strand([&] {
    ASSERT_EQ(checkpoints.asked.size(), 1U);
    EXPECT_EQ(checkpoints.asked[0]->text(), "2");
  });
}

TEST_F(WorkerProcessor, APendingAckKeepsTheProgramsObjectAndMayOutliveTheEpoch) {
  use(AckProcessorFactory([this] { return std::make_unique<ScriptedAck>(script); }));
  ASSERT_TRUE(run("initialize").ok());
  std::optional<Ack> kept;
  std::latch returned(1);
  script.ack = [&](const RecordBatch&, Ack ack) {
    kept = std::move(ack);
    returned.count_down();
  };
  start("process_records");
  returned.wait();
  destroy();
  std::jthread waiting([this] { in_flight.wait_until_none(); });
  EXPECT_FALSE(script.destroyed);
  kept->done();
  waiting.join();
  EXPECT_TRUE(script.destroyed) << "a settled Ack that is kept keeps nothing";
}

TEST_F(WorkerProcessor, SeveralBatchesMayBeUnsettledAndSettleInAnyOrder) {
  use(AckProcessorFactory([this] { return std::make_unique<ScriptedAck>(script); }));
  ASSERT_TRUE(run("initialize").ok());
  std::mutex mutex;
  std::vector<Ack> acks;
  script.ack = [&](const RecordBatch&, Ack ack) {
    const std::lock_guard lock(mutex);
    acks.push_back(std::move(ack));
  };
  std::vector<std::future<CallbackResult>> results;
  for (int i = 0; i < 3; ++i) results.push_back(start("process_records"));
  const auto handed_out = [&] {
    const std::lock_guard lock(mutex);
    return acks.size();
  };
  ASSERT_TRUE(eventually([&] { return handed_out() == 3; }));
  acks[2].failed("full");
  EXPECT_EQ(results[2].get().what, "full");
  acks[0].done();
  EXPECT_TRUE(results[0].get().ok());
  acks[1].retry_later(std::chrono::seconds(3));
  const CallbackResult later = results[1].get();
  EXPECT_EQ(later.kind, Kind::retry_later);
  EXPECT_EQ(later.retry_after, std::chrono::seconds(3));
}

TEST_F(WorkerProcessor, NoCallBeginsBesideOneThatHasNotReturnedThoughItIsSettled) {
  use(AckProcessorFactory([this] { return std::make_unique<ScriptedAck>(script); }));
  ASSERT_TRUE(run("initialize").ok());
  std::atomic<int> inside{0};
  std::atomic<bool> together{false};
  script.ack = [&](const RecordBatch&, const Ack& ack) {
    if (++inside > 1) together = true;
    ack.done();
    // Long enough for the strand to learn of it, and to make another call if it wants to.
    for (int i = 0; i < 20; ++i) on_strand([] {});
    --inside;
  };
  std::vector<std::future<CallbackResult>> results;
  for (int i = 0; i < 50; ++i) results.push_back(start("process_records"));
  for (auto& result : results) EXPECT_TRUE(result.get().ok());
  EXPECT_FALSE(together);
}

}  // namespace
}  // namespace kcl::worker
