// The table of exceptions in kcl/record_processor.h, row by row, in a whole worker.
#include <atomic>
#include <stdexcept>

#include "integration/worker/workbench.h"

namespace kcl::test {
namespace {

class WorkerCallbacks : public Workbench {
 protected:
  /// Runs a worker until `holds`, then shuts it down in an orderly way.
  void run_until(const Callbacks& callbacks, const std::function<bool()>& holds, WorkerConfig with) {
    run_until(callbacks.factory(), holds, std::move(with));
  }
  void run_until(const Callbacks& callbacks, const std::function<bool()>& holds) {
    run_until(callbacks, holds, config());
  }
  void run_until(RecordProcessorFactory factory, const std::function<bool()>& holds, WorkerConfig with) {
    kcl::Worker worker(std::move(with), std::move(factory));
    worker.start();
    EXPECT_TRUE(eventually(holds));
    const ShutdownReport report = worker.shutdown(kPatience);
    EXPECT_TRUE(report.ok()) << report.failure;
  }
  Callbacks collecting() {
    Callbacks callbacks;
    callbacks.process_records = [this](const RecordBatch& batch, Checkpointer&) { deliveries.add(batch); };
    return callbacks;
  }
  WorkerConfig manual() const {
    WorkerConfig with = config();
    with.checkpointing = Checkpointing::manual;
    return with;
  }
};

TEST_F(WorkerCallbacks, AFactoryThatThrowsIsCalledAgain) {
  put(0, 10);
  std::atomic<int> calls{0};
  const RecordProcessorFactory make = collecting().factory();
  run_until(
      [&] {
        const int call = ++calls;
        if (call == 1) throw std::runtime_error("no database yet");
        if (call == 2) throw RetryLater(std::chrono::hours(1));
        return make();
      },
      [&] { return deliveries.count() == 10; }, config());
  EXPECT_EQ(calls, 3);
  EXPECT_EQ(log->field("processor_failed", "error"), "no database yet");
  EXPECT_EQ(log->count("processor_failed"), 2U);
}

TEST_F(WorkerCallbacks, InitializeThatThrowsOrAsksForLaterIsCalledAgain) {
  put(0, 10);
  std::atomic<int> calls{0};
  Callbacks callbacks = collecting();
  callbacks.initialize = [&](const ShardContext&) {
    const int call = ++calls;
    if (call == 1) throw std::runtime_error("no database yet");
    if (call == 2) throw 42;
    if (call == 3) throw RetryLater(milliseconds(5));
  };
  run_until(callbacks, [&] { return deliveries.count() == 10; });
  EXPECT_EQ(calls, 4);
  EXPECT_EQ(log->count("processor_failed"), 2U) << "RetryLater is no error";
}

TEST_F(WorkerCallbacks, ABatchThatThrewComesAgainWholeAndIsNeverSkipped) {
  put(0, 10);
  std::atomic<int> calls{0};
  std::atomic<bool> done{false};
  Callbacks callbacks;
  callbacks.process_records = [&](const RecordBatch& batch, Checkpointer&) {
    deliveries.add(batch);
    const int call = ++calls;
    if (call == 1) throw std::runtime_error("sink down");
    if (call == 2) throw 42;
    if (call == 3) throw RetryLater(milliseconds(5));
    done = true;
  };
  run_until(callbacks, [&] { return done.load(); });
  const auto texts = deliveries.of(first_shard);
  ASSERT_EQ(texts.size(), 40U);
  for (std::size_t i = 0; i < texts.size(); ++i) EXPECT_EQ(texts[i], "record-" + std::to_string(i % 10));
  EXPECT_EQ(log->count("processor_failed"), 2U) << "RetryLater is no error";
}

/// Keeps what it took, and throws as it is told.
class Letters final : public DeadLetterSink {
 public:
  void take(const DeadLetter& letter) override {
    const int call = ++calls;
    if (call == 1) throw std::runtime_error("disk full");
    if (call == 2) throw RetryLater(milliseconds(5));
    const std::lock_guard lock(mutex_);
    texts_.push_back(std::string(letter.record.text()) + " " + std::string(letter.error) + " " +
                     std::to_string(letter.attempts));
  }
  std::vector<std::string> texts() const {
    const std::lock_guard lock(mutex_);
    return texts_;
  }
  std::atomic<int> calls{0};

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> texts_;
};

TEST_F(WorkerCallbacks, UnderStopABatchThatKeepsThrowingHoldsItsShardUpAndNoOther) {
  ASSERT_TRUE(stream.split(first_shard));
  const auto children = stream.list();
  for (int i = 0; i < 100; ++i) put(static_cast<std::size_t>(i), 1);
  std::string bad_shard;
  for (const Shard& shard : children) {
    if (shard.id != first_shard) bad_shard = shard.id;
  }
  WorkerConfig with = config();
  with.on_error = OnError::stop;
  with.max_attempts = 3;
  std::atomic<int> calls{0};
  Callbacks callbacks;
  callbacks.process_records = [&](const RecordBatch& batch, Checkpointer&) {
    if (batch.shard_id() == bad_shard) {
      if (++calls == 2) throw RetryLater(milliseconds(5));
      throw std::runtime_error("sink down");
    }
    deliveries.add(batch);
  };
  kcl::Worker worker(with, callbacks.factory());
  worker.start();
  EXPECT_TRUE(eventually([&] { return log->count("shard_stopped") == 1; }));
  put(100, 100);
  EXPECT_TRUE(eventually([&] {
    for (const ShardStatus& shard : worker.status().shards) {
      if (shard.shard_id == bad_shard) return shard.state == ShardState::stopped && deliveries.count() > 60;
    }
    return false;
  }));
  EXPECT_EQ(calls, 4) << "RetryLater is no attempt";
  EXPECT_EQ(owner(bad_shard), "me");
  EXPECT_TRUE(worker.shutdown(kPatience).ok());
  EXPECT_EQ(stored(bad_shard), "TRIM_HORIZON");
  EXPECT_EQ(owner(bad_shard), "");
}

TEST_F(WorkerCallbacks, UnderBisectThePoisonGoesToTheDeadLettersAndTheRestIsProcessed) {
  put(0, 20);
  const auto letters = std::make_shared<Letters>();
  WorkerConfig with = config();
  with.on_error = OnError::bisect;
  with.max_attempts = 2;
  with.dead_letters = letters;
  std::atomic<int> alone{0};
  Callbacks callbacks;
  callbacks.process_records = [&](const RecordBatch& batch, Checkpointer&) {
    for (const Record& record : batch) {
      if (record.text() != "record-7") continue;
      if (batch.size() == 1 && ++alone == 2) throw RetryLater(milliseconds(5));
      throw std::runtime_error("cannot parse");
    }
    deliveries.add(batch);
  };
  run_until(callbacks, [&] { return deliveries.count() == 19 && letters->texts().size() == 1; }, with);
  EXPECT_EQ(alone, 3) << "RetryLater is no attempt";
  EXPECT_EQ(letters->calls, 3) << "it threw, asked for later, and took it";
  EXPECT_EQ(letters->texts(), std::vector<std::string>{"record-7 cannot parse 2"});
  std::vector<std::string> expected;
  for (int i = 0; i < 20; ++i) {
    if (i != 7) expected.push_back("record-" + std::to_string(i));
  }
  EXPECT_EQ(deliveries.of(first_shard), expected) << "in order, nothing twice";
  EXPECT_NE(stored(first_shard), "TRIM_HORIZON");
}

TEST_F(WorkerCallbacks, BisectWithoutASinkIsRefusedByName) {
  WorkerConfig with = config();
  with.on_error = OnError::bisect;
  try {
    const kcl::Worker worker(with, collecting().factory());
    FAIL() << "accepted";
  } catch (const ConfigError& error) {
    ASSERT_EQ(error.problems().size(), 1U);
    EXPECT_EQ(error.problems()[0].substr(0, 13), "dead_letters:");
  }
}

// Under `retry` the rows of the other callbacks are the tests of this file; the policy changes none of them.
class WorkerCallbacksUnderPolicy : public WorkerCallbacks, public ::testing::WithParamInterface<OnError> {};
INSTANTIATE_TEST_SUITE_P(Each, WorkerCallbacksUnderPolicy, ::testing::Values(OnError::stop, OnError::bisect),
                         [](const auto& each) { return std::string(name_of(each.param)); });

TEST_P(WorkerCallbacksUnderPolicy, TheOtherCallbacksAreTriedForEver) {
  put(0, 10);
  ASSERT_TRUE(stream.split(first_shard));
  WorkerConfig with = manual();
  with.on_error = GetParam();
  with.max_attempts = 1;
  if (GetParam() == OnError::bisect) with.dead_letters = std::make_shared<Letters>();
  std::atomic<int> factories{0};
  std::atomic<int> initializes{0};
  std::atomic<int> ends{0};
  Callbacks callbacks = collecting();
  callbacks.initialize = [&](const ShardContext& context) {
    if (context.shard_id() == first_shard && ++initializes <= 3) throw std::runtime_error("no database yet");
  };
  callbacks.shard_ended = [&](Checkpointer& checkpointer) {
    if (++ends <= 3) throw std::runtime_error("not now");
    checkpointer.checkpoint();
  };
  callbacks.shutdown_requested = [](Checkpointer&) { throw std::runtime_error("cannot flush"); };
  const RecordProcessorFactory make = callbacks.factory();
  run_until(
      [&] {
        if (++factories <= 3) throw std::runtime_error("no memory yet");
        return make();
      },
      [&] { return stored(first_shard) == "SHARD_END" && log->count("processor_failed") >= 9; }, with);
  EXPECT_EQ(deliveries.count(), 10U);
  EXPECT_EQ(log->count("shard_stopped"), 0U);
}

TEST_P(WorkerCallbacksUnderPolicy, LeaseLostThatThrowsIsLogged) {
  put(0, 10);
  WorkerConfig with = config();
  with.on_error = GetParam();
  if (GetParam() == OnError::bisect) with.dead_letters = std::make_shared<Letters>();
  Callbacks callbacks = collecting();
  callbacks.lease_lost = [] { throw RetryLater(std::chrono::hours(1)); };
  kcl::Worker worker(with, callbacks.factory());
  worker.start();
  EXPECT_TRUE(eventually([&] { return deliveries.count() == 10; }));
  steal();
  EXPECT_TRUE(eventually([&] { return log->count("processor_failed") == 1; }));
  EXPECT_TRUE(worker.shutdown(kPatience).ok());
  EXPECT_EQ(owner(first_shard), "thief");
}

TEST_F(WorkerCallbacks, AShutdownInterruptsALongRetryAndStoresNothingOfThatBatch) {
  put(0, 10);
  std::atomic<int> calls{0};
  Callbacks callbacks;
  callbacks.process_records = [&](const RecordBatch&, Checkpointer&) {
    ++calls;
    throw RetryLater(std::chrono::hours(24 * 400));
  };
  run_until(callbacks, [&] { return calls == 1; });
  EXPECT_EQ(stored(first_shard), "TRIM_HORIZON");
  EXPECT_EQ(owner(first_shard), "");
}

TEST_F(WorkerCallbacks, ShardEndedThatThrowsIsCalledAgainAndTheChildrenWait) {
  put(0, 10);
  ASSERT_TRUE(stream.split(first_shard));
  put(10, 10);
  std::atomic<int> calls{0};
  std::atomic<bool> child_came_early{false};
  Callbacks callbacks = collecting();
  callbacks.initialize = [&](const ShardContext& context) {
    if (context.shard_id() != first_shard && calls < 3) child_came_early = true;
  };
  callbacks.shard_ended = [&](Checkpointer& checkpointer) {
    const int call = ++calls;
    if (call == 1) throw std::runtime_error("not now");
    if (call == 2) throw RetryLater(milliseconds(5));
    checkpointer.checkpoint();
  };
  run_until(callbacks, [&] { return deliveries.distinct().size() == 20; }, manual());
  EXPECT_EQ(calls, 3);
  EXPECT_FALSE(child_came_early);
  EXPECT_EQ(stored(first_shard), "SHARD_END");
}

TEST_F(WorkerCallbacks, ShardEndedIsCalledAgainUntilItCheckpoints) {
  put(0, 10);
  ASSERT_TRUE(stream.split(first_shard));
  std::atomic<int> calls{0};
  Callbacks callbacks = collecting();
  callbacks.shard_ended = [&](Checkpointer& checkpointer) {
    if (++calls == 3) checkpointer.checkpoint();
  };
  run_until(callbacks, [&] { return stored(first_shard) == "SHARD_END"; }, manual());
  EXPECT_EQ(calls, 3);
  EXPECT_GE(log->count("shard_end_not_checkpointed"), 1U);
}

TEST_F(WorkerCallbacks, ShutdownRequestedThatThrowsReleasesTheLeaseWithoutAFurtherCheckpoint) {
  put(0, 10);
  for (const bool later : {false, true}) {
    Callbacks callbacks = collecting();
    callbacks.shutdown_requested = [later](Checkpointer&) {
      if (later) throw RetryLater(std::chrono::hours(1));
      throw std::runtime_error("cannot flush");
    };
    const std::size_t before = deliveries.count();
    run_until(callbacks, [&] { return deliveries.count() >= before + 10; }, manual());
    EXPECT_EQ(stored(first_shard), "TRIM_HORIZON");
    EXPECT_EQ(owner(first_shard), "");
  }
  EXPECT_EQ(log->field("processor_failed", "error"), "cannot flush");
  EXPECT_EQ(log->count("processor_failed"), 2U);
}

TEST_F(WorkerCallbacks, LeaseLostThatThrowsIsLogged) {
  put(0, 10);
  Callbacks callbacks = collecting();
  std::atomic<bool> lost{false};
  callbacks.lease_lost = [&] {
    lost = true;
    throw RetryLater(std::chrono::hours(1));
  };
  kcl::Worker worker(config(), callbacks.factory());
  worker.start();
  EXPECT_TRUE(eventually([&] { return deliveries.count() == 10; }));
  steal();
  EXPECT_TRUE(eventually([&] { return log->count("processor_failed") == 1; }));
  EXPECT_TRUE(lost);
  EXPECT_TRUE(worker.shutdown(kPatience).ok());
  EXPECT_EQ(owner(first_shard), "thief");
}

}  // namespace
}  // namespace kcl::test
