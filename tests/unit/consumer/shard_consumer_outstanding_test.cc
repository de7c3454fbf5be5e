// Several batches of a shard with the program at once: what is handed out, what may be stored, what a failure leads to.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "unit/consumer/consumer_fixture.h"

namespace kcl::consumer {
namespace {

using namespace std::chrono_literals;
using leases::Fate;
using Calls = std::vector<std::string>;

/// Batches of two records, up to three at once.
class OutstandingTest : public ShardConsumerTest {
 protected:
  OutstandingTest() {
    context.options.checkpoint_automatically = true;
    context.options.checkpoint_interval = 1s;
    context.options.max_outstanding = 3;
    context.options.reader.prefetch = 5;
    budget = std::make_shared<base::ByteBudget>(64UL << 20);
  }
};

TEST_F(OutstandingTest, AsManyBatchesAreHandedOutAsMayBe) {
  put({"a", "b", "c", "d", "e", "f", "g", "h"});
  program.on_process = {{.takes = 1min}, {.takes = 1min}, {.takes = 1min}};
  start();
  loop.run_for(30s);
  EXPECT_EQ(program.calls, (Calls{"initialize", "process a b", "process c d", "process e f"}));
  EXPECT_EQ(program.in_flight, 3);
  EXPECT_EQ(consumer->status().waiting_for, "3 batches to be acknowledged");
  loop.run_for(1min);
  EXPECT_EQ(program.calls.back(), "process g h");
  EXPECT_EQ(stored(), position_of("h"));
}

TEST_F(OutstandingTest, BytesBoundThemToo) {
  context.options.max_outstanding_bytes = 20;
  put({"0123456789", "0123456789", "c", "d", "e", "f"});
  for (int i = 0; i < 3; ++i) program.on_process.push_back({.takes = 10s});
  start();
  loop.run_for(5s);
  EXPECT_EQ(program.in_flight, 1) << "a larger one comes alone";
  loop.run_for(10s);
  EXPECT_EQ(program.in_flight, 2);
}

TEST_F(OutstandingTest, ACheckpointPassesOnlyWhatIsDoneWithoutAGap) {
  put({"a", "b", "c", "d", "e", "f"});
  program.on_process = {{.takes = 1ms}, {.takes = 20s}, {.takes = 1ms}};
  start();
  loop.run_for(10s);
  EXPECT_EQ(program.calls.size(), 4U);
  EXPECT_EQ(stored(), position_of("b"));
  loop.run_for(20s);
  EXPECT_EQ(stored(), position_of("f"));
}

TEST_F(OutstandingTest, WhatFailedComesAgainInOrderAndWhatIsAcknowledgedDoesNot) {
  put({"a", "b", "c", "d", "e", "f", "g", "h"});
  context.options.max_outstanding = 4;
  Step fails = throwing();
  fails.takes = 2s;
  Step fails_later = fails;
  fails_later.takes = 3s;
  program.on_process = {{.takes = 5s}, fails, {.takes = 1s}, fails_later};
  start();
  loop.run_for(4s);
  EXPECT_EQ(stored(), Position::trim_horizon());
  loop.run_for(26s);
  EXPECT_EQ(program.calls, (Calls{"initialize", "process a b", "process c d", "process e f", "process g h",
                                  "process c d", "process g h"}));
  EXPECT_EQ(stored(), position_of("h"));
  EXPECT_EQ(program.in_flight, 0);
}

TEST_F(OutstandingTest, NothingNewIsHandedOutBesideAFailure) {
  put({"a", "b", "c", "d", "e", "f", "g", "h"});
  program.on_process = {{.takes = 20s}, throwing()};
  start();
  loop.run_for(10s);
  // The second failed at once, before the third was read.
  EXPECT_EQ(program.calls, (Calls{"initialize", "process a b", "process c d"}));
  loop.run_for(30s);
  EXPECT_EQ(stored(), position_of("h"));
}

TEST_F(OutstandingTest, BisectFindsTheRecordAsItDoesWithOneBatch) {
  context.options.on_error = OnError::bisect;
  context.options.max_attempts = 1;
  put({"a", "b", "c", "d", "e", "f"});
  program.poison = {"c"};
  start();
  loop.run_for(1min);
  ASSERT_EQ(program.dead_letters.size(), 1U);
  EXPECT_EQ(program.dead_letters[0].batch.front().text(), "c");
  EXPECT_EQ(stored(), position_of("f"));
}

TEST_F(OutstandingTest, StopHoldsTheShardUp) {
  context.options.on_error = OnError::stop;
  context.options.max_attempts = 1;
  put({"a", "b", "c", "d", "e", "f"});
  program.poison = {"c"};
  start();
  loop.run_for(1min);
  EXPECT_EQ(consumer->status().state, ShardState::stopped);
  EXPECT_EQ(stored(), position_of("b"));
}

TEST_F(OutstandingTest, TheLeaseIsReleasedOnlyWhenAllOfThemAreSettled) {
  put({"a", "b", "c", "d"});
  program.on_process = {{.takes = 8s}, {.takes = 20s}};
  start();
  loop.run_for(2s);
  consumer->request_shutdown();
  loop.run_for(10s);
  EXPECT_FALSE(running->done());
  EXPECT_TRUE(row().owner.has_value());
  running->get();
  EXPECT_EQ(program.in_flight, 0);
  EXPECT_FALSE(row().owner.has_value());
  EXPECT_EQ(stored(), position_of("d"));
}

// Those that wait for their turn behind a call that blocks are not begun any more.
TEST_F(OutstandingTest, NothingMayBeginOnceTheLeaseIsToBeLeftOrABatchBeforeItFailed) {
  put({"a", "b", "c", "d", "e", "f"});
  Step failing = throwing();
  failing.takes = 5s;
  program.on_process = {{.takes = 8s}, failing, {.takes = 8s}};
  start();
  loop.run_for(3s);
  ASSERT_EQ(program.in_flight, 3);
  EXPECT_TRUE(program.checkpointer->may_begin());
  loop.run_for(3s);
  EXPECT_FALSE(program.checkpointer->may_begin()) << "c d has failed";
  loop.run_for(1min);
  EXPECT_EQ(stored(), position_of("f"));
  EXPECT_TRUE(program.checkpointer->may_begin());
  consumer->request_shutdown();
  EXPECT_FALSE(program.checkpointer->may_begin());
  running->get();
}

TEST_F(OutstandingTest, NoCallStartsWithoutTheLease) {
  for (char c = 'a'; c <= 'z'; ++c) put({std::string(1, c)});
  for (int i = 0; i < 10; ++i) program.on_process.push_back({.takes = 2s});
  start();
  loop.run_for(3s);
  for (int i = 0; i < 8; ++i) store.next_writes({Fate::lose_request});
  loop.run_for(5min);
  EXPECT_EQ(program.started_too_late, 0);
  EXPECT_EQ(stored(), position_of("z"));
}

TEST_F(OutstandingTest, AShardEndsAfterTheLastOfThem) {
  put({"a", "b", "c", "d"});
  program.on_process = {{.takes = 10s}, {.takes = 1s}};
  split(leases::kShard);
  start();
  loop.run_for(5s);
  EXPECT_EQ(program.count("shard_ended"), 0U);
  loop.run_for(20s);
  EXPECT_EQ(program.calls.back(), "shard_ended");
  EXPECT_TRUE(row().ended());
}

}  // namespace
}  // namespace kcl::consumer
