#include "worker/user_processor.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <latch>
#include <thread>

#include "unit/worker/processor_fixture.h"

namespace kcl::worker {
namespace {

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
    EXPECT_EQ(checkpoints.asked_for_done, 2) << "what is in hand is the callback's own";
    EXPECT_TRUE(checkpoints.asked.empty());
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

TEST_F(WorkerProcessor, InsideACallbackItMeansTheBatchInHand) {
  ASSERT_TRUE(run("initialize").ok());
  script.callbacks["process_records"] = [&](Checkpointer* c) { c->checkpoint(); };
  EXPECT_TRUE(run("process_records").ok());
  on_strand([&] {
    EXPECT_EQ(checkpoints.asked.size(), 1U);
    EXPECT_EQ(checkpoints.asked_for_done, 0);
  });
}

/// One thread for all callbacks, which something else keeps busy.
class BusyThread : public WorkerProcessor {
 protected:
  BusyThread() : WorkerProcessor({.max_callback_threads = 1}) { EXPECT_TRUE(run("initialize").ok()); }
  ~BusyThread() override { EXPECT_EQ(script.called, std::vector<std::string>{"initialize"}); }

  /// Begins a call, and lets `happen` happen before there is a thread for it.
  template <class F>
  std::future<CallbackResult> call_meanwhile(F happen) {
    threads.callbacks.submit([this] { free_.wait(); });
    auto result = start("process_records");
    happen();
    free_.count_down();
    return result;
  }

 private:
  std::latch free_{1};
};

TEST_F(BusyThread, ACallDoesNotBeginOnceTheLeaseIsOver) {
  auto result = call_meanwhile([this] {
    on_strand([&] { checkpoints.valid = threads.loop.now(); });
    EXPECT_TRUE(eventually([&] { return script.context->cancelled(); }));
  });
  EXPECT_EQ(result.get().kind, Kind::retry_later);
}

TEST_F(BusyThread, ACallDoesNotBeginOnceTheWorkerStops) {
  std::atomic<bool> stopped{false};
  const std::stop_callback on_stop(script.context->stop_token(), [&] { stopped = true; });
  auto result = call_meanwhile([&] {
    on_strand([this] { processors->request_stop(); });
    EXPECT_TRUE(eventually([&] { return stopped.load(); }));
  });
  EXPECT_EQ(result.get().kind, Kind::retry_later);
}

TEST_F(BusyThread, ACallDoesNotBeginForAWorkerThatIsGone) {
  auto result = call_meanwhile([this] { destroy(); });
  in_flight.wait_until_none();
}

TEST_F(WorkerProcessor, ABatchBehindOneThatFailedIsNotHandedOut) {
  ASSERT_TRUE(run("initialize").ok());
  on_strand([&] { checkpoints.in_the_way = true; });
  EXPECT_EQ(run("process_records").kind, Kind::retry_later);
  EXPECT_EQ(script.called, std::vector<std::string>{"initialize"});
}

TEST_F(WorkerProcessor, ABatchIsNotHandedOutWhenTheLeaseIsNotCertain) {
  ASSERT_TRUE(run("initialize").ok());
  on_strand([&] { checkpoints.valid = base::BootTime{}; });
  EXPECT_EQ(run("process_records").kind, Kind::retry_later);
  EXPECT_EQ(script.called, std::vector<std::string>{"initialize"});
  on_strand([&] { checkpoints.valid = base::kForever; });
  EXPECT_TRUE(run("process_records").ok());
}

}  // namespace
}  // namespace kcl::worker
