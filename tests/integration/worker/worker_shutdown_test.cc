// C9, C10: whatever hangs (a callback, a client, a store, a log sink), shutdown returns by its deadline and says what
// is unfinished.
#include <signal.h>

#include <atomic>
#include <latch>
#include <thread>

#include "integration/worker/workbench.h"

namespace kcl::test {
namespace {

class WorkerShutdown : public Workbench {
 protected:
  /// A processor that blocks in its first batch until it is let go.
  Callbacks stuck() {
    Callbacks callbacks;
    callbacks.initialize = [this](const ShardContext& c) { context = c; };
    callbacks.process_records = [this](const RecordBatch&, Checkpointer& checkpointer) {
      begun.count_down();
      go_on.wait();
      try {
        checkpointer.checkpoint();
      } catch (const LeaseLost&) {
        lease_lost_thrown = true;
      }
      returned = true;
    };
    return callbacks;
  }

  std::optional<ShardContext> context;
  std::latch begun{1};
  std::latch go_on{1};
  std::atomic<bool> lease_lost_thrown{false};
  std::atomic<bool> returned{false};
};

TEST_F(WorkerShutdown, AStuckCallbackIsUnfinishedAndItsLeaseIsLeftToExpire) {
  put(0, 10);
  auto worker = std::make_unique<kcl::Worker>(config(), stuck().factory());
  worker->start();
  begun.wait();
  EXPECT_FALSE(context->cancelled());

  const ShutdownReport report = worker->shutdown(milliseconds(100));
  EXPECT_EQ(report.unfinished, std::vector<std::string>{first_shard});
  EXPECT_EQ(report.failure, "");
  EXPECT_FALSE(report.ok());
  EXPECT_FALSE(returned) << "it did not wait for the callback";
  EXPECT_EQ(owner(first_shard), "me") << "never released under a running callback";
  EXPECT_TRUE(context->cancelled());
  EXPECT_TRUE(eventually([&] { return context->stop_token().stop_requested(); }));
  EXPECT_TRUE(eventually([&] { return log->field("shutdown_unfinished", "shards") == first_shard; }));

  // The callback goes on, and cannot store anything; the destructor waits for it.
  go_on.count_down();
  worker.reset();
  EXPECT_TRUE(returned);
  EXPECT_TRUE(lease_lost_thrown);
  EXPECT_EQ(owner(first_shard), "me");
  EXPECT_EQ(stored(first_shard), "TRIM_HORIZON");
}

TEST_F(WorkerShutdown, TheDestructorWaitsForCallbacksOnASharedRuntimeToo) {
  put(0, 10);
  kcl::Runtime runtime;
  auto worker = std::make_unique<kcl::Worker>(config(), stuck().factory(), runtime);
  worker->start();
  begun.wait();
  EXPECT_FALSE(worker->shutdown(milliseconds(1)).ok());
  std::jthread later([&] { go_on.count_down(); });
  worker.reset();
  EXPECT_TRUE(returned);
}

TEST_F(WorkerShutdown, TheDestructorOfARunningWorkerShutsDownInOrder) {
  put(0, 10);
  Callbacks callbacks;
  callbacks.process_records = [&](const RecordBatch& batch, Checkpointer&) { deliveries.add(batch); };
  {
    kcl::Worker worker(config(), callbacks.factory());
    worker.start();
    EXPECT_TRUE(eventually([&] { return deliveries.count() == 10; }));
  }
  EXPECT_EQ(owner(first_shard), "");
  EXPECT_NE(stored(first_shard), "TRIM_HORIZON");
}

TEST_F(WorkerShutdown, AStopTokenEndsAPatientCallbackInTime) {
  put(0, 10);
  Callbacks callbacks;
  callbacks.initialize = [this](const ShardContext& c) { context = c; };
  callbacks.process_records = [this](const RecordBatch&, Checkpointer&) {
    begun.count_down();
    std::latch stop(1);
    const std::stop_callback on_stop(context->stop_token(), [&] { stop.count_down(); });
    stop.wait();
  };
  kcl::Worker worker(config(), callbacks.factory());
  worker.start();
  begun.wait();
  EXPECT_TRUE(worker.shutdown(kPatience).ok());
  EXPECT_NE(stored(first_shard), "TRIM_HORIZON") << "the batch returned normally";
}

/// Passes calls on, until it is told to hang; then until it is let go, whatever timeouts say.
class Hang {
 public:
  void begin() { hanging_ = true; }
  void end() { released_.count_down(); }
  void pass() {
    if (!hanging_) return;
    hung_ = true;
    released_.wait();
  }
  bool hung() const { return hung_; }

 private:
  std::atomic<bool> hanging_{false};
  std::atomic<bool> hung_{false};
  std::latch released_{1};
};

class HangingStore final : public ItemStore {
 public:
  HangingStore(std::shared_ptr<ItemStore> inner, Hang& hang) : inner_(std::move(inner)), hang_(hang) {}
  StoreResult<void> ensure(CreateTable create, const Call& call) override {
    return hang_.pass(), inner_->ensure(create, call);
  }
  StoreResult<ReadItem> get(const std::string& key, bool consistent, const Call& call) override {
    return hang_.pass(), inner_->get(key, consistent, call);
  }
  WriteOutcome create(const Item& row, const Call& call) override { return hang_.pass(), inner_->create(row, call); }
  WriteOutcome update(const ItemUpdate& update, const Call& call) override {
    return hang_.pass(), inner_->update(update, call);
  }
  WriteOutcome remove(const std::string& key, const std::vector<Condition>& conditions, const Call& call) override {
    return hang_.pass(), inner_->remove(key, conditions, call);
  }
  StoreResult<ScanPage> scan(const ScanRequest& request, const Call& call) override {
    return hang_.pass(), inner_->scan(request, call);
  }

 private:
  std::shared_ptr<ItemStore> inner_;
  Hang& hang_;
};

class HangingKinesis final : public Kinesis {
 public:
  HangingKinesis(std::shared_ptr<Kinesis> inner, Hang& hang) : inner_(std::move(inner)), hang_(hang) {}
  KinesisResult<StreamDescription> describe_stream(const std::string& stream, const Call& call) override {
    return hang_.pass(), inner_->describe_stream(stream, call);
  }
  KinesisResult<ShardPage> list_shards(const ListShards& request, const Call& call) override {
    return hang_.pass(), inner_->list_shards(request, call);
  }
  KinesisResult<ShardIterator> get_shard_iterator(const GetShardIterator& request, const Call& call) override {
    return hang_.pass(), inner_->get_shard_iterator(request, call);
  }
  KinesisResult<RecordsPage> get_records(const GetRecords& request, const Call& call) override {
    return hang_.pass(), inner_->get_records(request, call);
  }

 private:
  std::shared_ptr<Kinesis> inner_;
  Hang& hang_;
};

/// Describes the stream as refused, or as one created a second ago, once told to.
class ChangedKinesis final : public Kinesis {
 public:
  explicit ChangedKinesis(std::shared_ptr<Kinesis> inner) : inner_(std::move(inner)) {}
  void deny() { denying_ = true; }
  void recreate() { recreated_ = true; }

  KinesisResult<StreamDescription> describe_stream(const std::string& stream, const Call& call) override {
    if (denying_) {
      return Failure{KinesisError{KinesisError::Kind::denied, "no", {}}};
    }
    auto described = inner_->describe_stream(stream, call);
    if (recreated_) described->created += std::chrono::seconds(10);
    return described;
  }
  KinesisResult<ShardPage> list_shards(const ListShards& request, const Call& call) override {
    return inner_->list_shards(request, call);
  }
  KinesisResult<ShardIterator> get_shard_iterator(const GetShardIterator& request, const Call& call) override {
    return inner_->get_shard_iterator(request, call);
  }
  KinesisResult<RecordsPage> get_records(const GetRecords& request, const Call& call) override {
    return inner_->get_records(request, call);
  }

 private:
  std::shared_ptr<Kinesis> inner_;
  std::atomic<bool> denying_{false};
  std::atomic<bool> recreated_{false};
};

TEST_F(WorkerShutdown, AStoreThatHangsFromTheStartDoesNotHangIt) {
  Hang hang;
  hang.begin();
  WorkerConfig with = config();
  with.lease_store = std::make_shared<HangingStore>(store, hang);
  kcl::Worker worker(with, Callbacks{}.factory());
  worker.start();
  EXPECT_TRUE(eventually([&] { return hang.hung(); }));
  const ShutdownReport report = worker.shutdown(kPatience);
  EXPECT_EQ(report.failure, "") << "it was asked to end, and nothing is left undone";
  EXPECT_TRUE(report.unfinished.empty());
  EXPECT_EQ(worker.status().state, WorkerState::stopped);
  hang.end();
}

TEST_F(WorkerShutdown, AWorkerThatFailsByItselfAsksItsCallbacksToStop) {
  put(0, 1);
  std::latch stopped{1};
  Callbacks callbacks;
  std::optional<ShardContext> mine;
  callbacks.initialize = [&](const ShardContext& c) { mine = c; };
  callbacks.process_records = [&](const RecordBatch&, Checkpointer&) {
    const std::stop_callback told(mine->stop_token(), [&] { stopped.count_down(); });
    begun.count_down();
    stopped.wait();
  };
  WorkerConfig with = config();
  with.shard_sync_interval = milliseconds(1'000);
  const auto changed = std::make_shared<ChangedKinesis>(stream.kinesis());
  with.kinesis = changed;
  kcl::Worker worker(with, callbacks.factory());
  worker.start();
  begun.wait();
  changed->recreate();
  stopped.wait();
  EXPECT_TRUE(eventually([&] { return worker.status().state == WorkerState::stopped; }));
  EXPECT_NE(worker.shutdown(kPatience).failure, "");
}

TEST_F(WorkerShutdown, ARefusalAfterTheStartCostsNoLease) {
  WorkerConfig with = config();
  with.shard_sync_interval = milliseconds(1'000);
  const auto changed = std::make_shared<ChangedKinesis>(stream.kinesis());
  with.kinesis = changed;
  Callbacks callbacks;
  callbacks.process_records = [&](const RecordBatch& batch, Checkpointer&) { deliveries.add(batch); };
  kcl::Worker worker(with, callbacks.factory());
  worker.start();
  put(0, 1);
  EXPECT_TRUE(eventually([&] { return deliveries.count() == 1; }));
  changed->deny();
  EXPECT_TRUE(eventually([&] { return log->count("shard_sync_refused") > 0; }));
  put(1, 1);
  EXPECT_TRUE(eventually([&] { return deliveries.count() == 2; }));
  EXPECT_EQ(worker.status().state, WorkerState::running);
  EXPECT_TRUE(worker.shutdown(kPatience).ok());
}

TEST_F(WorkerShutdown, AStoreThatHangsLaterLeavesTheLeaseUnfinished) {
  put(0, 10);
  Hang hang;
  WorkerConfig with = config();
  with.lease_store = std::make_shared<HangingStore>(store, hang);
  Callbacks callbacks;
  callbacks.process_records = [&](const RecordBatch& batch, Checkpointer&) { deliveries.add(batch); };
  kcl::Worker worker(with, callbacks.factory());
  worker.start();
  EXPECT_TRUE(eventually([&] { return deliveries.count() == 10; }));
  hang.begin();
  const ShutdownReport report = worker.shutdown(milliseconds(50));
  EXPECT_EQ(report.unfinished, std::vector<std::string>{first_shard});
  EXPECT_EQ(owner(first_shard), "me");
  hang.end();
}

TEST_F(WorkerShutdown, AKinesisClientThatHangsDoesNotKeepLeasesFromBeingReleased) {
  put(0, 10);
  Hang hang;
  WorkerConfig with = config();
  with.kinesis = std::make_shared<HangingKinesis>(stream.kinesis(), hang);
  Callbacks callbacks;
  callbacks.process_records = [&](const RecordBatch& batch, Checkpointer&) { deliveries.add(batch); };
  kcl::Worker worker(with, callbacks.factory());
  worker.start();
  EXPECT_TRUE(eventually([&] { return deliveries.count() == 10; }));
  hang.begin();
  EXPECT_TRUE(eventually([&] { return hang.hung(); }));
  worker.shutdown(milliseconds(500));
  EXPECT_EQ(worker.status().state, WorkerState::stopped);
  EXPECT_EQ(owner(first_shard), "") << "the release needs no answer of the stream";
  EXPECT_NE(stored(first_shard), "TRIM_HORIZON");
  hang.end();
}

TEST_F(WorkerShutdown, ASlowLogSinkDelaysNoLeaseAndNoShutdown) {
  class Slow final : public LogSink {
   public:
    void write(const LogEvent&) override { released.wait(); }
    std::latch released{1};
  };
  put(0, 10);
  const auto slow = std::make_shared<Slow>();
  WorkerConfig with = config();
  with.log = slow;
  Callbacks callbacks;
  callbacks.process_records = [&](const RecordBatch& batch, Checkpointer&) { deliveries.add(batch); };
  kcl::Worker worker(with, callbacks.factory());
  worker.start();
  EXPECT_TRUE(eventually([&] { return deliveries.count() == 10; }));
  EXPECT_TRUE(worker.shutdown(kPatience).ok());
  EXPECT_EQ(owner(first_shard), "");
  slow->released.count_down();
}

class WorkerSignal : public WorkerShutdown {
 protected:
  WorkerConfig with_signals() const {
    WorkerConfig with = config();
    with.handle_signals = true;
    return with;
  }
};

TEST_F(WorkerSignal, SigtermEndsRunWithEverythingCheckpointed) {
  put(0, 100);
  Callbacks callbacks;
  callbacks.process_records = [&](const RecordBatch& batch, Checkpointer&) { deliveries.add(batch); };
  kcl::Worker worker(with_signals(), callbacks.factory());
  std::jthread terminator([&] {
    EXPECT_TRUE(eventually([&] { return deliveries.count() == 100; }));
    ::kill(::getpid(), SIGTERM);
  });
  const ShutdownReport report = worker.run();
  EXPECT_TRUE(report.ok()) << report.failure;
  EXPECT_EQ(owner(first_shard), "");
  EXPECT_TRUE(SequenceNumber::parse(stored(first_shard)));
}

TEST_F(WorkerSignal, ASecondSignalReturnsAtOnceWithWhatIsUnfinished) {
  put(0, 10);
  kcl::Worker worker(with_signals(), stuck().factory());
  std::jthread terminator([&] {
    begun.wait();
    ::kill(::getpid(), SIGTERM);
    EXPECT_TRUE(eventually([&] { return context->stop_token().stop_requested(); }));
    ::kill(::getpid(), SIGINT);
  });
  const ShutdownReport report = worker.run();
  EXPECT_FALSE(returned);
  EXPECT_EQ(report.unfinished, std::vector<std::string>{first_shard});
  EXPECT_FALSE(report.failure.empty());
  go_on.count_down();
}

TEST_F(WorkerSignal, SignalsAreTheProgramsWhereItSaysSo) {
  static std::atomic<bool> told = false;
  struct sigaction before{};
  struct sigaction own{};
  own.sa_handler = [](int) { told = true; };
  ASSERT_EQ(::sigaction(SIGTERM, &own, &before), 0);
  WorkerConfig without = config();
  without.handle_signals = false;
  kcl::Worker worker(without, Callbacks{}.factory());
  {
    std::jthread running([&] { EXPECT_TRUE(worker.run().ok()); });
    EXPECT_TRUE(eventually([&] { return worker.status().state == WorkerState::running; }));
    ::kill(::getpid(), SIGTERM);
    EXPECT_TRUE(eventually([&] { return told.load(); }));
    EXPECT_EQ(worker.status().state, WorkerState::running);
    worker.shutdown(kPatience);
  }
  ASSERT_EQ(::sigaction(SIGTERM, &before, nullptr), 0);
}

TEST_F(WorkerSignal, OneSignalEndsEveryWorkerOfTheProcess) {
  kcl::Worker one(with_signals(), Callbacks{}.factory());
  WorkerConfig other = with_signals();
  other.worker_id = "you";
  kcl::Worker two(other, Callbacks{}.factory());
  {
    std::jthread first([&] { EXPECT_TRUE(one.run().ok()); });
    std::jthread second([&] { EXPECT_TRUE(two.run().ok()); });
    EXPECT_TRUE(eventually(
        [&] { return one.status().state == WorkerState::running && two.status().state == WorkerState::running; }));
    ::kill(::getpid(), SIGTERM);
  }
  EXPECT_EQ(one.status().state, WorkerState::stopped);
  EXPECT_EQ(two.status().state, WorkerState::stopped);
}

}  // namespace
}  // namespace kcl::test
