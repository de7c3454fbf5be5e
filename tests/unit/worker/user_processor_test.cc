#include "worker/user_processor.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <map>
#include <thread>

#include "unit/worker/eventually.h"

namespace kcl::worker {
namespace {

using ports::CallbackResult;
using ports::CheckpointResult;
using test::eventually;
using Kind = CallbackResult::Kind;

/// A shard whose checkpoints go where the test says.
class FakeCheckpoints final : public ports::Checkpoints {
 public:
  explicit FakeCheckpoints(base::Loop& loop) : loop_(loop) {}

  base::Task<CheckpointResult> checkpoint(std::optional<Position> position) override {
    asked.push_back(position);
    while (held) co_await released.wait_uninterruptibly(loop_);
    co_return next;
  }
  base::BootTime valid_until() const override { return valid; }
  bool lost() const override { return is_lost; }
  void start_over(std::string) override {}

  std::vector<std::optional<Position>> asked;
  CheckpointResult next;
  bool held = false;
  base::Event released;
  base::BootTime valid = base::kForever;
  bool is_lost = false;
  base::Loop& loop_;
};

/// Does in each callback what the test put there, and checks the thread rules.
struct Script {
  std::map<std::string, std::function<void(Checkpointer*)>> callbacks;
  std::function<void()> factory;
  std::function<void(RecordBatch, Ack)> ack;
  std::optional<ShardContext> context;
  std::vector<std::string> called;
  std::atomic<bool> destroyed{false};
  std::atomic<bool> on_strand{false};
  base::EventLoop* loop = nullptr;

  void play(const std::string& name, Checkpointer* checkpointer = nullptr) {
    if (loop->is_current()) on_strand = true;
    called.push_back(name);
    if (const auto found = callbacks.find(name); found != callbacks.end()) found->second(checkpointer);
  }
};

class Scripted final : public RecordProcessor {
 public:
  explicit Scripted(Script& script) : script_(script) {}
  ~Scripted() override {
    if (script_.loop->is_current()) script_.on_strand = true;
    script_.destroyed = true;
  }
  void initialize(const ShardContext& context) override {
    script_.context = context;
    script_.play("initialize");
  }
  void process_records(const RecordBatch&, Checkpointer& c) override { script_.play("process_records", &c); }
  void lease_lost() override { script_.play("lease_lost"); }
  void shard_ended(Checkpointer& c) override { script_.play("shard_ended", &c); }
  void shutdown_requested(Checkpointer& c) override { script_.play("shutdown_requested", &c); }

 private:
  Script& script_;
};

class ScriptedAck final : public AckProcessor {
 public:
  explicit ScriptedAck(Script& script) : script_(script) {}
  ~ScriptedAck() override { script_.destroyed = true; }
  void process_records(RecordBatch batch, Ack ack) override {
    script_.play("process_records");
    script_.ack(std::move(batch), std::move(ack));
  }

 private:
  Script& script_;
};

class ScriptedSink final : public DeadLetterSink {
 public:
  explicit ScriptedSink(Script& script) : script_(script) {}
  void take(const DeadLetter& letter) override {
    letters.push_back(std::string(letter.record.sequence_number()) + " of " + letter.shard.shard_id() + ": " +
                      std::string(letter.error) + ", " + std::to_string(letter.attempts));
    script_.play("dead_letter");
  }
  std::vector<std::string> letters;

 private:
  Script& script_;
};

class WorkerProcessor : public ::testing::Test {
 public:
  ~WorkerProcessor() override {
    destroy();
    threads.loop.run_and_wait([this] {
      scope.reset();
      processors.reset();
    });
    in_flight.wait_until_none();
    EXPECT_FALSE(script.on_strand) << "the program's code ran on the strand";
  }

 protected:
  WorkerProcessor() {
    script.loop = &threads.loop;
    use(RecordProcessorFactory([this] {
      if (threads.loop.is_current()) script.on_strand = true;
      if (script.factory) script.factory();
      return std::make_unique<Scripted>(script);
    }));
  }

  template <class Factory>
  void use(Factory factory) {
    threads.loop.run_and_wait([&] {
      processor.reset();
      ProcessorHost host{.threads = threads,
                         .in_flight = in_flight,
                         .registry = registry,
                         .application = "billing",
                         .stream = "orders",
                         .worker_id = "me",
                         .stop_worker = [this] { ++worker_stops; },
                         .failover = std::chrono::milliseconds(50),
                         .dead_letters = sink,
                         .on_failure = [](const std::string&, const std::exception_ptr&) { ADD_FAILURE(); }};
      processors = std::make_unique<UserProcessors>(std::move(host), program_factory(std::move(factory)));
      ports::ShardEpoch epoch;
      epoch.shard_id = "shard-1";
      epoch.epoch = 7;
      processor = processors->create(epoch, checkpoints);
      if (!scope)
        scope = std::make_unique<base::TaskScope>(
            threads.loop, [](const std::string&, const std::exception_ptr&) { ADD_FAILURE() << "a task threw"; });
    });
  }

  static base::Task<void> keep(base::Task<CallbackResult> task, std::promise<CallbackResult> into) {
    auto result = co_await std::move(task);
    into.set_value(std::move(result));
  }

  std::future<CallbackResult> start(const std::string& callback) {
    std::promise<CallbackResult> promise;
    auto result = promise.get_future();
    threads.loop.run_and_wait([&] { scope->spawn(callback, keep(call(callback), std::move(promise))); });
    return result;
  }
  CallbackResult run(const std::string& callback) { return start(callback).get(); }

  base::Task<CallbackResult> call(const std::string& callback) {
    if (callback == "initialize") return processor->initialize();
    if (callback == "process_records") return processor->process_records(batch());
    if (callback == "dead_letter")
      return processor->dead_letter({.batch = batch().part(1, 1), .error = "bad", .attempts = 5});
    if (callback == "lease_lost") return processor->lease_lost();
    if (callback == "shard_ended") return processor->shard_ended();
    return processor->shutdown_requested();
  }

  static RecordBatch batch() {
    auto content = std::make_shared<RecordBatch::Content>();
    for (const char* number : {"1", "2", "3"})
      content->records.emplace_back(Record::Fields{.sequence_number = number, .data = "d"});
    return RecordBatch(content);
  }

  void destroy() {
    threads.loop.run_and_wait([this] {
      if (scope) scope.reset();
      processor.reset();
    });
  }
  template <class F>
  void on_strand(F action) {
    threads.loop.run_and_wait(action);
  }

  Threads threads{Runtime::Options{}};
  InFlight in_flight;
  metrics::Registry registry;
  FakeCheckpoints checkpoints{threads.loop};
  Script script;
  std::shared_ptr<ScriptedSink> sink = std::make_shared<ScriptedSink>(script);
  std::atomic<int> worker_stops{0};
  std::unique_ptr<UserProcessors> processors;
  std::unique_ptr<ports::Processor> processor;
  std::unique_ptr<base::TaskScope> scope;
};

TEST_F(WorkerProcessor, WhatEachCallbackThrowsBecomesWhatTheTableSays) {
  struct Case {
    std::string callback;
    Kind after_retry_later;
  };
  const std::vector<Case> cases{{"initialize", Kind::retry_later},   {"process_records", Kind::retry_later},
                                {"dead_letter", Kind::retry_later},  {"shard_ended", Kind::retry_later},
                                {"shutdown_requested", Kind::threw}, {"lease_lost", Kind::threw}};
  ASSERT_TRUE(run("initialize").ok());
  for (const Case& each : cases) {
    SCOPED_TRACE(each.callback);
    EXPECT_TRUE(run(each.callback).ok());

    script.callbacks[each.callback] = [](Checkpointer*) { throw std::runtime_error("no database"); };
    auto result = run(each.callback);
    EXPECT_EQ(result.kind, Kind::threw);
    EXPECT_EQ(result.what, "no database");

    script.callbacks[each.callback] = [](Checkpointer*) { throw 42; };
    result = run(each.callback);
    EXPECT_EQ(result.kind, Kind::threw);
    EXPECT_FALSE(result.what.empty());

    script.callbacks[each.callback] = [](Checkpointer*) { throw RetryLater(std::chrono::seconds(30)); };
    result = run(each.callback);
    EXPECT_EQ(result.kind, each.after_retry_later);
    if (each.after_retry_later == Kind::retry_later) {
      EXPECT_EQ(result.retry_after, std::chrono::seconds(30));
    }

    script.callbacks.erase(each.callback);
    EXPECT_TRUE(run("initialize").ok());
  }
}

TEST_F(WorkerProcessor, TheDeadLetterSinkIsToldOfTheRecordOnACallbackThread) {
  ASSERT_TRUE(run("initialize").ok());
  EXPECT_TRUE(run("dead_letter").ok());
  EXPECT_EQ(sink->letters, std::vector<std::string>{"2 of shard-1: bad, 5"});
}

TEST_F(WorkerProcessor, AFactoryThatThrowsIsCalledAgainWithTheNextInitialize) {
  int calls = 0;
  script.factory = [&] {
    if (++calls == 1) throw std::runtime_error("not yet");
    if (calls == 2) throw RetryLater(std::chrono::hours(1));
  };
  auto result = run("initialize");
  EXPECT_EQ(result.kind, Kind::threw);
  EXPECT_EQ(result.what, "not yet");
  EXPECT_EQ(run("initialize").kind, Kind::threw) << "RetryLater from a factory is as any other exception";
  EXPECT_TRUE(run("initialize").ok());
  script.callbacks["initialize"] = [](Checkpointer*) { throw std::runtime_error("again"); };
  EXPECT_FALSE(run("initialize").ok());
  EXPECT_EQ(calls, 3) << "what was made is kept";
}

TEST_F(WorkerProcessor, AFactoryThatReturnsNullHasFailed) {
  use(RecordProcessorFactory([] { return nullptr; }));
  const auto result = run("initialize");
  EXPECT_EQ(result.kind, Kind::threw);
  EXPECT_NE(result.what.find("null"), std::string::npos);
}

TEST_F(WorkerProcessor, NothingElseIsCalledBeforeInitializeReturnedNormally) {
  script.callbacks["initialize"] = [](Checkpointer*) { throw std::runtime_error("no"); };
  EXPECT_FALSE(run("initialize").ok());
  EXPECT_TRUE(run("shutdown_requested").ok());
  EXPECT_TRUE(run("lease_lost").ok());
  EXPECT_EQ(script.called, std::vector<std::string>{"initialize"});
}

TEST_F(WorkerProcessor, TheContextTellsTheEpoch) {
  ASSERT_TRUE(run("initialize").ok());
  const ShardContext& context = *script.context;
  EXPECT_EQ(context.application(), "billing");
  EXPECT_EQ(context.stream(), "orders");
  EXPECT_EQ(context.shard_id(), "shard-1");
  EXPECT_EQ(context.worker_id(), "me");
  EXPECT_EQ(context.epoch(), 7U);
  context.stop_worker();
  EXPECT_EQ(worker_stops, 1);
}

TEST_F(WorkerProcessor, CheckpointsAreAskedForOnTheStrandAndTheirResultsThrown) {
  ASSERT_TRUE(run("initialize").ok());
  std::string thrown;
  script.callbacks["process_records"] = [&](Checkpointer* c) {
    thrown = "nothing";
    try {
      c->checkpoint(Position::at(*SequenceNumber::parse("2")));
    } catch (const LeaseLost& e) {
      thrown = std::string("LeaseLost ") + e.what();
    } catch (const CheckpointUnavailable& e) {
      thrown = std::string("CheckpointUnavailable ") + e.what();
    } catch (const InvalidCheckpoint& e) {
      thrown = std::string("InvalidCheckpoint ") + e.what();
    }
  };
  struct Case {
    CheckpointResult::Kind kind;
    std::string thrown;
  };
  const std::vector<Case> cases{{CheckpointResult::Kind::stored, "nothing"},
                                {CheckpointResult::Kind::lease_lost, "LeaseLost why"},
                                {CheckpointResult::Kind::unavailable, "CheckpointUnavailable why"},
                                {CheckpointResult::Kind::invalid, "InvalidCheckpoint why"}};
  for (const Case& each : cases) {
    on_strand([&] { checkpoints.next = {each.kind, "why"}; });
    EXPECT_TRUE(run("process_records").ok());
    EXPECT_EQ(thrown, each.thrown);
  }
  on_strand([&] {
    ASSERT_EQ(checkpoints.asked.size(), cases.size());
    EXPECT_EQ(checkpoints.asked[0]->text(), "2");
  });
}

TEST_F(WorkerProcessor, ACheckpointOfAnotherThreadIsServedWhileACallbackRunsAndBetweenCallbacks) {
  ASSERT_TRUE(run("initialize").ok());
  Checkpointer* checkpointer = nullptr;
  script.callbacks["process_records"] = [&](Checkpointer* c) {
    checkpointer = c;
    std::jthread([&] { EXPECT_NO_THROW(c->checkpoint()); }).join();
  };
  EXPECT_TRUE(run("process_records").ok());
  std::jthread([&] { EXPECT_NO_THROW(checkpointer->checkpoint()); }).join();
  on_strand([&] {
    EXPECT_EQ(checkpoints.asked.size(), 2U);
    checkpoints.is_lost = true;
  });
  EXPECT_THROW(checkpointer->checkpoint(), LeaseLost);
}

TEST_F(WorkerProcessor, ACheckpointUnderWayWhenTheEpochEndsThrowsLeaseLost) {
  ASSERT_TRUE(run("initialize").ok());
  std::latch thrown(1);
  script.callbacks["process_records"] = [&](Checkpointer* c) {
    EXPECT_THROW(c->checkpoint(), LeaseLost) << "nobody stored it";
    EXPECT_THROW(c->checkpoint(), LeaseLost) << "the epoch is over";
    thrown.count_down();
  };
  on_strand([&] { checkpoints.held = true; });
  start("process_records");
  ASSERT_TRUE(eventually([&] {
    bool asked = false;
    on_strand([&] { asked = !checkpoints.asked.empty(); });
    return asked;
  }));
  destroy();
  thrown.wait();
}

TEST_F(WorkerProcessor, DestroyedWhileACallbackRunsItIsCancelledAndTheProgramsObjectEndsAfterTheCallback) {
  ASSERT_TRUE(run("initialize").ok());
  std::latch begun(1);
  std::latch go_on(1);
  std::atomic<bool> destroyed_too_early{false};
  script.callbacks["process_records"] = [&](Checkpointer*) {
    EXPECT_FALSE(script.context->cancelled());
    EXPECT_FALSE(script.context->stop_token().stop_requested());
    begun.count_down();
    go_on.wait();
    destroyed_too_early = script.destroyed.load();
  };
  start("process_records");
  begun.wait();
  destroy();
  EXPECT_TRUE(script.context->cancelled());
  EXPECT_TRUE(eventually([&] { return script.context->stop_token().stop_requested(); }));
  EXPECT_FALSE(script.destroyed);
  go_on.count_down();
  in_flight.wait_until_none();
  EXPECT_TRUE(script.destroyed);
  EXPECT_FALSE(destroyed_too_early);
}

TEST_F(WorkerProcessor, CancelledFollowsTheLeaseWhileACallbackRuns) {
  ASSERT_TRUE(run("initialize").ok());
  script.callbacks["process_records"] = [&](Checkpointer*) {
    const ShardContext& context = *script.context;
    EXPECT_FALSE(context.cancelled());
    on_strand([&] { checkpoints.valid = threads.loop.now(); });
    EXPECT_TRUE(eventually([&] { return context.cancelled(); }));
    on_strand([&] { checkpoints.valid = base::kForever; });
    EXPECT_TRUE(eventually([&] { return !context.cancelled(); })) << "a renewal was stored after all";
    EXPECT_FALSE(context.stop_token().stop_requested());
    on_strand([&] { checkpoints.is_lost = true; });
    EXPECT_TRUE(eventually([&] { return context.cancelled() && context.stop_token().stop_requested(); }));
  };
  EXPECT_TRUE(run("process_records").ok());
}

TEST_F(WorkerProcessor, AStopOfTheWorkerRequestsStopsOnceAndCancelsNothing) {
  ASSERT_TRUE(run("initialize").ok());
  std::atomic<int> stops{0};
  const std::stop_callback on_stop(script.context->stop_token(), [&] {
    EXPECT_FALSE(threads.loop.is_current());
    ++stops;
  });
  on_strand([&] { processors->request_stop(); });
  on_strand([&] { processors->request_stop(); });
  EXPECT_TRUE(eventually([&] { return stops > 0; }));
  EXPECT_FALSE(script.context->cancelled());
  destroy();
  in_flight.wait_until_none();
  EXPECT_EQ(stops, 1);
}

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

TEST_F(WorkerProcessor, CountsFailures) {
  ASSERT_TRUE(run("initialize").ok());
  EXPECT_TRUE(run("process_records").ok());
  script.callbacks["process_records"] = [](Checkpointer*) { throw std::runtime_error("no"); };
  EXPECT_FALSE(run("process_records").ok());
  const auto value_of = [&](std::string_view name, const std::string& label) -> std::optional<double> {
    for (const Metric& metric : registry.snapshot({}).metrics) {
      if (metric.name == name && metric.labels.back().second == label) return metric.value;
    }
    return std::nullopt;
  };
  EXPECT_EQ(value_of("kclpp_callback_failures_total", "process_records"), 1);
}

}  // namespace
}  // namespace kcl::worker
