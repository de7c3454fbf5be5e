// What Checkpointer does in a whole worker: inside callbacks, outside, on other threads, after the lease is lost.
#include <atomic>
#include <latch>
#include <thread>

#include "integration/worker/workbench.h"

namespace kcl::test {
namespace {

class WorkerCheckpoint : public Workbench {
 protected:
  WorkerConfig manual() const {
    WorkerConfig with = config();
    with.checkpointing = Checkpointing::manual;
    with.max_records = 5;
    with.prefetch_batches = 1;
    return with;
  }
};

TEST_F(WorkerCheckpoint, InsideProcessRecordsItReachesTheEndOfTheBatchInHand) {
  put(0, 10);
  std::atomic<bool> done{false};
  Callbacks callbacks;
  callbacks.process_records = [&](const RecordBatch& batch, Checkpointer& checkpointer) {
    checkpointer.checkpoint();
    EXPECT_EQ(stored(first_shard), batch.back().sequence_number());
    EXPECT_NO_THROW(checkpointer.checkpoint()) << "stored already: nothing happens";
    done = batch.back().text() == "record-9";
  };
  kcl::Worker worker(manual(), callbacks.factory());
  worker.start();
  EXPECT_TRUE(eventually([&] { return done.load(); }));
  EXPECT_TRUE(worker.shutdown(kPatience).ok());
}

TEST_F(WorkerCheckpoint, APositionMustLieBetweenTheLastCheckpointAndWhatWasDelivered) {
  put(0, 10);
  std::atomic<bool> done{false};
  Callbacks callbacks;
  callbacks.process_records = [&](const RecordBatch& batch, Checkpointer& checkpointer) {
    if (batch.front().text() != "record-0") return;
    const Position beyond = Position::at(*SequenceNumber::parse(std::string(batch.back().sequence_number()) + "0"));
    EXPECT_THROW(checkpointer.checkpoint(beyond), InvalidCheckpoint);
    EXPECT_THROW(checkpointer.checkpoint(Position::shard_end()), InvalidCheckpoint);
    EXPECT_THROW(checkpointer.checkpoint(Position::latest()), InvalidCheckpoint);
    EXPECT_EQ(stored(first_shard), "TRIM_HORIZON");
    checkpointer.checkpoint(batch[2]);
    EXPECT_EQ(stored(first_shard), batch[2].sequence_number());
    EXPECT_THROW(checkpointer.checkpoint(batch[1]), InvalidCheckpoint);
    EXPECT_EQ(stored(first_shard), batch[2].sequence_number());
    done = true;
  };
  kcl::Worker worker(manual(), callbacks.factory());
  worker.start();
  EXPECT_TRUE(eventually([&] { return done.load(); }));
  EXPECT_TRUE(worker.shutdown(kPatience).ok());
}

TEST_F(WorkerCheckpoint, OutsideCallbacksItIsTheLastBatchThatReturnedNormally) {
  put(0, 5);
  std::mutex mutex;
  Checkpointer* kept = nullptr;
  std::string last;
  std::atomic<int> failures{0};
  Callbacks callbacks;
  callbacks.process_records = [&](const RecordBatch& batch, Checkpointer& checkpointer) {
    if (batch.front().text() == "record-5") {
      ++failures;
      throw RetryLater(milliseconds(5));
    }
    const std::lock_guard lock(mutex);
    kept = &checkpointer;
    last = batch.back().sequence_number();
  };
  kcl::Worker worker(manual(), callbacks.factory());
  worker.start();
  EXPECT_TRUE(eventually([&] {
    const std::lock_guard lock(mutex);
    return kept != nullptr;
  }));
  put(5, 5);
  EXPECT_TRUE(eventually([&] { return failures > 2; }));
  std::jthread([&] {
    const std::lock_guard lock(mutex);
    EXPECT_TRUE(eventually([&] {
      kept->checkpoint();
      return stored(first_shard) >= last;
    }));
  }).join();
  EXPECT_TRUE(worker.shutdown(kPatience).ok());
}

TEST_F(WorkerCheckpoint, AfterTheLeaseIsLostItThrowsLeaseLostEverywhere) {
  put(0, 5);
  std::atomic<int> thrown{0};
  std::atomic<bool> cancelled{false};
  std::optional<ShardContext> context;
  std::latch begun(1);
  std::latch stolen(1);
  Checkpointer* kept = nullptr;
  std::latch lost(1);
  std::latch checked(1);
  Callbacks callbacks;
  callbacks.initialize = [&](const ShardContext& c) { context = c; };
  callbacks.process_records = [&](const RecordBatch& batch, Checkpointer& checkpointer) {
    kept = &checkpointer;
    begun.count_down();
    stolen.wait();
    const auto fails = [&](const std::function<void()>& checkpoint) {
      try {
        checkpoint();
      } catch (const LeaseLost&) {
        ++thrown;
      }
    };
    fails([&] { checkpointer.checkpoint(); });
    fails([&] { checkpointer.checkpoint(batch.front()); });
    std::jthread([&] { fails([&] { checkpointer.checkpoint(); }); }).join();
    cancelled = eventually([&] { return context->cancelled() && context->stop_token().stop_requested(); });
  };
  callbacks.lease_lost = [&] {
    lost.count_down();
    checked.wait();
  };
  kcl::Worker worker(manual(), callbacks.factory());
  worker.start();
  begun.wait();
  steal();
  stolen.count_down();
  lost.wait();
  EXPECT_EQ(thrown, 3);
  EXPECT_TRUE(cancelled);
  EXPECT_THROW(kept->checkpoint(), LeaseLost);
  checked.count_down();
  EXPECT_TRUE(worker.shutdown(kPatience).ok());
  EXPECT_EQ(owner(first_shard), "thief");
  EXPECT_EQ(stored(first_shard), "TRIM_HORIZON");
}

TEST_F(WorkerCheckpoint, AtTheShutdownItIsTheLastChance) {
  put(0, 10);
  std::atomic<int> records{0};
  Callbacks callbacks;
  callbacks.process_records = [&](const RecordBatch& batch, Checkpointer&) {
    deliveries.add(batch);
    records += static_cast<int>(batch.size());
  };
  kcl::Worker worker(manual(), callbacks.factory());
  worker.start();
  EXPECT_TRUE(eventually([&] { return records == 10; }));
  EXPECT_EQ(stored(first_shard), "TRIM_HORIZON") << "nobody asked for one";
  EXPECT_TRUE(worker.shutdown(kPatience).ok());
  EXPECT_NE(stored(first_shard), "TRIM_HORIZON") << "the default shutdown_requested does";
}

}  // namespace
}  // namespace kcl::test
