// What becomes of a batch that keeps failing (C5): stop and bisect. The policy `retry` is in shard_consumer_test.cc.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "unit/consumer/consumer_fixture.h"

namespace kcl::consumer {
namespace {

using namespace std::chrono_literals;
using leases::kShard;
using Calls = std::vector<std::string>;
using Kind = ports::CheckpointResult::Kind;

Step later(base::Duration delay) {
  return {.ends = {.kind = ports::CallbackResult::Kind::retry_later, .what = {}, .retry_after = delay}};
}

class ShardConsumerFailureTest : public ShardConsumerTest {
 protected:
  ShardConsumerFailureTest() { context.options.max_attempts = 3; }

  void use(OnError policy, std::size_t max_records) {
    context.options.on_error = policy;
    context.options.reader.max_records = max_records;
  }
  std::size_t told(const std::string& event) const {
    return static_cast<std::size_t>(std::count(events.begin(), events.end(), event));
  }
};

// ---- stop

TEST_F(ShardConsumerFailureTest, StopHoldsTheLeaseAndDeliversNothingMore) {
  use(OnError::stop, 2);
  context.options.checkpoint_automatically = true;
  program.poison = {"c"};
  put({"a", "b", "c", "d", "e"});
  start();
  loop.run_for(1h);
  EXPECT_EQ(program.calls, (Calls{"initialize", "process a b", "process c d", "process c d", "process c d"}));
  EXPECT_EQ(consumer->status().state, ShardState::stopped);
  EXPECT_EQ(consumer->status().last_error, "process_records: poison");
  EXPECT_FALSE(consumer->status().waiting_for.empty());
  EXPECT_TRUE(hold->may_deliver()) << "held, and renewed";
  EXPECT_EQ(row().owner, "A");
  EXPECT_EQ(stored(), position_of("b")) << "the last that was done with";
  EXPECT_NE(row().status.find(R"("state":"stopped")"), std::string::npos) << row().status;
  EXPECT_EQ(told("shard_stopped"), 1U);
  EXPECT_EQ(metrics.gauge("kclpp_shard_stopped", "", {{"shard", kShard}})->value(), 1);
  EXPECT_EQ(consumer->progress().reach, coordinator::Reach::working) << "a worker that stops when done is not done";
}

TEST_F(ShardConsumerFailureTest, AStoppedShardKeepsNoMemoryFromTheOthers) {
  use(OnError::stop, 2);
  program.poison = {"c"};
  put({"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"});
  start();
  loop.run_for(1min);
  ASSERT_EQ(consumer->status().state, ShardState::stopped);
  EXPECT_EQ(budget->used(), 0U);
  const int reads = kinesis->reads();
  put({"k"});
  loop.run_for(1h);
  EXPECT_EQ(kinesis->reads(), reads);
  EXPECT_GE(consumer->status().behind.value_or(0ms), 1h) << "lag does not lie";
  EXPECT_FALSE(running->done());
  shut_down();
  EXPECT_EQ(stored(), Position::trim_horizon()) << "the program checkpoints, and has not";
}

TEST_F(ShardConsumerFailureTest, AStoppedShardIsLetGoOfAsAnyOther) {
  enum class By { shutdown, claim, loss };
  for (const By by : {By::shutdown, By::claim, By::loss}) {
    SCOPED_TRACE(static_cast<int>(by));
    end();
    for (const std::string& id : rows()) store.erase(id);
    make_stream(1);
    program.calls.clear();
    use(OnError::stop, 1);
    context.options.checkpoint_automatically = true;
    program.poison = {"b"};
    put({"a", "b"});
    start();
    loop.run_for(30s);
    ASSERT_EQ(consumer->status().state, ShardState::stopped);
    if (by == By::shutdown) consumer->request_shutdown();
    if (by == By::claim) claim(b);
    if (by == By::loss) store.java_takes(kShard, "J");
    loop.run_for(10s);
    EXPECT_TRUE(running->done());
    EXPECT_EQ(program.calls.back(), by == By::loss ? "lease_lost" : "shutdown_requested");
    EXPECT_EQ(stored(), position_of("a"));
    EXPECT_EQ(metrics.gauge("kclpp_shard_stopped", "", {{"shard", kShard}})->value(), 0);
    if (by == By::claim) {
      EXPECT_EQ(row().owner, "B") << "which has its own try";
    }
  }
}

TEST_F(ShardConsumerFailureTest, AfterARestartAStoppedShardIsTriedAnew) {
  use(OnError::stop, 1);
  context.options.checkpoint_automatically = true;
  program.poison = {"b"};
  put({"a", "b", "c"});
  start();
  loop.run_for(30s);
  shut_down();
  program.calls.clear();
  program.poison.clear();
  start();
  loop.run_for(30s);
  EXPECT_EQ(program.calls, (Calls{"initialize", "process b", "process c"}));
}

TEST_F(ShardConsumerFailureTest, AStoppedShardStoresNothingOfItsBatchWhateverTheProgramAsksFor) {
  use(OnError::stop, 2);
  program.poison = {"c"};
  program.on_shutdown = {checkpointing()};
  put({"a", "b", "c", "d"});
  start();
  loop.run_for(30s);
  EXPECT_EQ(run(program.checkpointer->checkpoint(position_of("c"))).kind, Kind::invalid);
  shut_down();
  EXPECT_EQ(stored(), position_of("b"));
}

// ---- RetryLater

TEST_F(ShardConsumerFailureTest, RetryLaterIsNoFailureUnderAnyPolicy) {
  for (const OnError policy : {OnError::retry, OnError::stop, OnError::bisect}) {
    SCOPED_TRACE(name_of(policy));
    end();
    for (const std::string& id : rows()) store.erase(id);
    make_stream(1);
    program.calls.clear();
    program.dead_letters.clear();
    events.clear();
    use(policy, 2);
    for (int i = 0; i < 20; ++i) program.on_process.push_back(later(10s));
    program.on_process.push_back(throwing());
    for (int i = 0; i < 20; ++i) program.on_process.push_back(later(10s));
    program.on_process.push_back(throwing());
    put({"a", "b"});
    start();
    loop.run_for(10min);
    EXPECT_EQ(program.count("process a b"), 43U) << "two failures are fewer than three";
    EXPECT_TRUE(program.dead_letters.empty());
    EXPECT_EQ(consumer->status().state, ShardState::idle);
    EXPECT_EQ(told("processor_failed"), 2U);
  }
}

// ---- bisect

TEST_F(ShardConsumerFailureTest, BisectGivesThePoisonAloneToTheSinkAndGoesOn) {
  use(OnError::bisect, 5);
  context.options.checkpoint_automatically = true;
  program.poison = {"d"};
  put({"a", "b", "c", "d", "e", "f"});
  start();
  loop.run_for(1min);
  EXPECT_EQ(program.calls, (Calls{"initialize", "process a b c d e", "process a b c d e", "process a b c d e",
                                  "process a b", "process c d e", "process c", "process d e", "process d", "process d",
                                  "process d", "dead_letter d", "process e", "process f"}));
  ASSERT_EQ(program.dead_letters.size(), 1U);
  EXPECT_EQ(program.dead_letters[0].error, "poison");
  EXPECT_EQ(program.dead_letters[0].attempts, 3U);
  EXPECT_EQ(stored(), position_of("f"));
  EXPECT_EQ(told("record_dead_lettered"), 1U);
  EXPECT_EQ(metrics.counter("kclpp_dead_letters_total", "", {{"shard", kShard}})->value(), 1U);
  EXPECT_EQ(metrics.counter("kclpp_records_processed_total", "", {{"shard", kShard}})->value(), 5U);
  EXPECT_EQ(consumer->status().last_error, "");
}

TEST_F(ShardConsumerFailureTest, ACheckpointPassesThePoisonOnlyOnceTheSinkTookIt) {
  use(OnError::bisect, 3);
  context.options.checkpoint_automatically = true;
  context.options.checkpoint_interval = 100ms;
  program.poison = {"b"};
  for (int i = 0; i < 10; ++i) program.on_dead_letter.push_back(throwing("disk full"));
  put({"a", "b", "c"});
  start();
  while (program.on_dead_letter.size() > 2) {
    loop.run_for(100ms);
    ASSERT_TRUE(!stored().is_real() || stored() == position_of("a")) << stored().text();
  }
  EXPECT_EQ(stored(), position_of("a")) << "what was done before is stored";
  EXPECT_EQ(consumer->status().state, ShardState::dead_lettering);
  EXPECT_EQ(consumer->status().last_error, "dead_letter: disk full");
  EXPECT_EQ(program.count("process c"), 0U);
  loop.run_for(5min);
  EXPECT_EQ(program.count("dead_letter b"), 11U);
  EXPECT_EQ(program.calls.back(), "process c");
  EXPECT_EQ(program.count("process a b c"), 3U);
  EXPECT_EQ(stored(), position_of("c"));
}

TEST_F(ShardConsumerFailureTest, ASinkThatFailsIsTriedWithBackOffAndRetryLaterIsObeyed) {
  use(OnError::bisect, 1);
  program.poison = {"a"};
  program.on_dead_letter = {later(10min)};
  for (int i = 0; i < 20; ++i) program.on_dead_letter.push_back(throwing("disk full"));
  put({"a", "b"});
  start();
  loop.run_for(9min);
  EXPECT_EQ(program.count("dead_letter"), 1U);
  EXPECT_EQ(consumer->status().waiting_for, "the next try of the dead-letter sink");
  EXPECT_EQ(told("processor_failed"), 3U) << "RetryLater is no error";
  loop.run_for(2min);
  const std::size_t first = program.calls.size() - program.count("dead_letter");
  for (std::size_t i = first + 2; i < program.started.size(); ++i) {
    EXPECT_GE(program.started[i] - program.started[i - 1], 100ms);
    EXPECT_LE(program.started[i] - program.started[i - 1], 31s);
  }
  loop.run_for(20min);
  EXPECT_EQ(program.count("dead_letter"), 22U);
  EXPECT_EQ(program.calls.back(), "process b");
}

TEST_F(ShardConsumerFailureTest, AShutdownInTheMiddleOfABisectionStoresWhatIsDone) {
  use(OnError::bisect, 4);
  context.options.checkpoint_automatically = true;
  program.poison = {"c"};
  program.on_dead_letter = {later(1h)};
  put({"a", "b", "c", "d"});
  start();
  loop.run_for(30s);
  ASSERT_EQ(program.calls.back(), "dead_letter c");
  shut_down();
  EXPECT_EQ(stored(), position_of("b"));
  EXPECT_FALSE(row().owner);
  program.calls.clear();
  program.dead_letters.clear();  // they keep their batch, and with it the byte budget
  start();
  loop.run_for(30s);
  EXPECT_EQ(program.calls, (Calls{"initialize", "process c d", "process c d", "process c d", "process c", "process c",
                                  "process c", "dead_letter c", "process d"}));
}

TEST_F(ShardConsumerFailureTest, APoisonRecordAtTheShardsEndDoesNotKeepItFromEnding) {
  use(OnError::bisect, 4);
  context.options.checkpoint_automatically = true;
  program.poison = {"b"};
  put({"a", "b"});
  start();
  split(kShard);
  loop.run_for(1min);
  EXPECT_TRUE(row().ended());
  EXPECT_EQ(program.count("dead_letter b"), 1U);
  EXPECT_EQ(program.calls.back(), "shard_ended");
}

TEST_F(ShardConsumerFailureTest, NoCallOfTheSinkStartsWithoutACertainLease) {
  use(OnError::bisect, 1);
  program.poison = {"a"};
  for (int i = 0; i < 400; ++i) program.on_dead_letter.push_back(throwing("disk full"));
  context.options.longest_retry = 500ms;
  put({"a"});
  start();
  loop.run_for(5s);
  for (int i = 0; i < 8; ++i) store.next_writes({leases::Fate::lose_request});
  loop.run_for(30s);
  ASSERT_FALSE(hold->ended());
  EXPECT_EQ(program.started_too_late, 0);
  base::Duration longest_pause{};
  for (std::size_t i = 1; i < program.started.size(); ++i)
    longest_pause = std::max(longest_pause, program.started[i] - program.started[i - 1]);
  EXPECT_GT(longest_pause, 3s) << "renewals were lost";
}

// Once failed: a batch that comes again asks for checkpoints that are stored already, and fails for that alone: for
// ever under retry, and record by record into the dead letters under bisect.
TEST_F(ShardConsumerFailureTest, ABatchThatComesAgainMayCheckpointAsItGoes) {
  for (const OnError policy : {OnError::retry, OnError::bisect}) {
    SCOPED_TRACE(name_of(policy));
    end();
    for (const std::string& id : rows()) store.erase(id);
    make_stream(1);
    program.checkpoints.clear();
    program.dead_letters.clear();
    use(policy, 3);
    put({"a", "b", "c"});
    Step fails = throwing();
    fails.checkpoints = true;
    fails.position = position_of("b");
    program.on_process = {fails, checkpointing(position_of("a")), checkpointing(position_of("c"))};
    if (policy == OnError::retry) program.on_process.pop_back();
    start();
    loop.run_for(30s);
    EXPECT_EQ(program.checkpoints, (std::vector<Kind>(2, Kind::stored)));
    EXPECT_EQ(stored(), position_of("b")) << "never backwards";
  }
}

}  // namespace
}  // namespace kcl::consumer
