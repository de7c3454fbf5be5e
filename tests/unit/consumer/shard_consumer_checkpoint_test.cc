// What may be checkpointed, when, and what a checkpoint means (C1, C4). Names in brackets are of lease-traces.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "unit/consumer/consumer_fixture.h"

namespace kcl::consumer {
namespace {

using namespace std::chrono_literals;
using leases::Fate;
using leases::kShard;
using Calls = std::vector<std::string>;
using Kind = ports::CheckpointResult::Kind;

// ---- checkpoints (C1, C4, lease-traces 3)

TEST_F(ShardConsumerTest, Trace3InsideTheCallACheckpointMeansTheEndOfTheBatchInHand) {
  put({"a", "b", "c"});
  program.on_process = {checkpointing(), {.takes = 1min}};
  start();
  loop.run_for(5s);
  EXPECT_EQ(program.checkpoints, std::vector<Kind>{Kind::stored});
  EXPECT_EQ(stored(), position_of("b"));
}

TEST_F(ShardConsumerTest, Trace3OutsideTheCallACheckpointMeansTheLastBatchThatReturned) {
  put({"a", "b", "c"});
  start();
  loop.run_for(5s);
  EXPECT_EQ(stored(), Position::trim_horizon()) << "nothing is stored by itself";
  EXPECT_EQ(run(program.checkpointer->checkpoint(std::nullopt)).kind, Kind::stored);
  EXPECT_EQ(stored(), position_of("c"));
}

// Another thread of the program cannot know how far a call is that has just begun, or waits for a thread yet.
TEST_F(ShardConsumerTest, ACheckpointFromOutsideNeverPassesTheBatchInHand) {
  put({"a", "b", "c", "d"});
  program.on_process = {Step{}, {.takes = 1min}};
  start();
  loop.run_for(5s);
  ASSERT_EQ(program.calls.back(), "process c d");
  EXPECT_EQ(run(program.checkpointer->checkpoint_done()).kind, Kind::stored);
  EXPECT_EQ(stored(), position_of("b"));
  EXPECT_EQ(run(program.checkpointer->checkpoint(std::nullopt)).kind, Kind::stored);
  EXPECT_EQ(stored(), position_of("d")) << "by the call itself";
  EXPECT_EQ(run(program.checkpointer->checkpoint_done()).kind, Kind::stored) << "nothing to do, and no step back";
  EXPECT_EQ(stored(), position_of("d"));
}

TEST_F(ShardConsumerTest, EveryPositionThatIsStoredIsCounted) {
  context.options.checkpoint_automatically = true;
  context.options.checkpoint_interval = 10s;
  start();
  for (int i = 0; i < 60; ++i) {
    put({"r" + std::to_string(i)});
    loop.run_for(1s);
  }
  const auto counted = [&] {
    return metrics.counter("kclpp_checkpoints_total", "Positions stored in the lease table.", {{"shard", kShard}})
        ->value();
  };
  const auto by_renewals = counted();
  EXPECT_GT(by_renewals, 10) << "they ride on renewals";
  put({"last"});
  loop.run_for(1200ms);
  shut_down();
  EXPECT_EQ(stored(), position_of("last"));
}

// Java stores the largest number handed out: the failed batch is skipped.
TEST_F(ShardConsumerTest, Trace3AfterAThrowACheckpointDoesNotSkipTheFailedBatch) {
  put({"a", "b", "c"});
  program.on_process = {Step{}};
  for (int i = 0; i < 50; ++i) program.on_process.push_back(throwing());
  program.on_shutdown = {checkpointing()};
  start();
  loop.run_for(10s);
  EXPECT_EQ(run(program.checkpointer->checkpoint(std::nullopt)).kind, Kind::stored);
  EXPECT_EQ(stored(), position_of("b"));
  EXPECT_EQ(run(program.checkpointer->checkpoint(position_of("c"))).kind, Kind::invalid) << "it is in nobody's hand";
  shut_down();
  EXPECT_EQ(program.calls.back(), "shutdown_requested");
  EXPECT_EQ(program.checkpoints, std::vector<Kind>{Kind::stored});
  EXPECT_EQ(stored(), position_of("b"));
}

TEST_F(ShardConsumerTest, Trace3WhatACallThatThrowsHasCheckpointedStaysAndTheBatchComesAgain) {
  put({"a", "b", "c"});
  Step halfway = throwing();
  halfway.checkpoints = true;
  halfway.position = position_of("a");
  program.on_process = {halfway};
  start();
  loop.run_for(10s);
  EXPECT_EQ(program.calls, (Calls{"initialize", "process a b", "process a b", "process c"}));
  EXPECT_EQ(stored(), position_of("a"));
}

TEST_F(ShardConsumerTest, Trace3BeforeAnythingWasDeliveredThereIsNothingToCheckpoint) {
  program.on_shutdown = {checkpointing()};
  start();
  loop.run_for(5s);
  EXPECT_EQ(run(program.checkpointer->checkpoint(std::nullopt)).kind, Kind::stored) << "nothing to do is done";
  shut_down();
  EXPECT_EQ(stored(), Position::trim_horizon());
}

TEST_F(ShardConsumerTest, WhatMayBeCheckpointed) {
  put({"a", "b", "c", "d"});
  program.on_process = {Step{}, {.takes = 1min}};
  start();
  loop.run_for(5s);
  ASSERT_EQ(program.calls.back(), "process c d");
  const auto ask = [&](const Position& position) { return run(program.checkpointer->checkpoint(position)).kind; };
  EXPECT_EQ(ask(position_of("b")), Kind::stored);
  EXPECT_EQ(ask(position_of("a")), Kind::invalid) << "backwards";
  EXPECT_EQ(ask(position_of("b")), Kind::stored) << "again";
  EXPECT_EQ(ask(position_of("c")), Kind::stored) << "inside the batch in hand";
  for (const Position& sentinel :
       {Position::trim_horizon(), Position::latest(), Position::at_timestamp(), Position::shard_end()}) {
    EXPECT_EQ(ask(sentinel), Kind::invalid) << sentinel.text();
  }
  put({"e"});
  EXPECT_EQ(ask(position_of("e")), Kind::invalid) << "not delivered";
  EXPECT_EQ(stored(), position_of("c"));
}

TEST_F(ShardConsumerTest, ACheckpointOfALostLeaseSaysSo) {
  put({"a"});
  program.on_process = {{.takes = 2s, .checkpoints = true}};
  start();
  loop.run_for(1s);
  store.java_takes(kShard, "J");
  const Item theirs = store.row(kShard);
  loop.run_for(10s);
  EXPECT_EQ(program.checkpoints, std::vector<Kind>{Kind::lease_lost});
  EXPECT_EQ(store.row(kShard), theirs);
  EXPECT_TRUE(running->done());
  EXPECT_EQ(program.calls.back(), "lease_lost");
}

TEST_F(ShardConsumerTest, ACheckpointOfALostLeaseSaysSoAlsoWhenTheSamePositionIsStored) {
  put({"a"});
  program.on_process = {checkpointing(), {.takes = 8s, .checkpoints = true, .position = position_of("a")}};
  start();
  loop.run_for(2s);
  put({"b"});
  loop.run_for(2s);
  store.java_takes(kShard, "J");
  loop.run_for(20s);
  EXPECT_EQ(program.checkpoints, (std::vector<Kind>{Kind::stored, Kind::lease_lost}));
}

TEST_F(ShardConsumerTest, TheLibraryCheckpointsByItselfAfterSuccess) {
  context.options.checkpoint_automatically = true;
  context.options.checkpoint_interval = 5s;
  put({"a", "b", "c"});
  start();
  // Within the interval, and earlier if a renewal is due that it can ride on.
  loop.run_for(1s);
  EXPECT_EQ(stored(), Position::trim_horizon());
  loop.run_for(5s);
  EXPECT_EQ(stored(), position_of("c"));
}

// Once each of them had a write of its own, on top of the renewals that had just stored nearly as much.
TEST_F(ShardConsumerTest, RenewalsThatCarryTheCheckpointAreTheOnlyWrites) {
  context.options.checkpoint_automatically = true;
  context.options.checkpoint_interval = 10s;
  start();
  const auto before = row().counter;
  for (int second = 0; second < 60; ++second) {
    put({"record " + std::to_string(second)});
    loop.run_for(1s);
  }
  EXPECT_GT(stored(), Position::trim_horizon());
  EXPECT_LE(row().counter - before, 60 / 3);
}

TEST_F(ShardConsumerTest, TheLibraryStoresNothingOfABatchThatFails) {
  context.options.checkpoint_automatically = true;
  context.options.checkpoint_interval = 5s;
  put({"a", "b", "c"});
  program.on_process = {Step{}};
  for (int i = 0; i < 50; ++i) program.on_process.push_back(throwing());
  start();
  loop.run_for(30s);
  shut_down();
  EXPECT_EQ(stored(), position_of("b"));
}

// Once failed: while a batch is tried again and again, what came before it is not checkpointed, however long that
// takes. A crash then repeats all of it.
TEST_F(ShardConsumerTest, WhatIsDoneIsCheckpointedWhileALaterBatchFails) {
  context.options.checkpoint_automatically = true;
  context.options.checkpoint_interval = 5s;
  put({"a", "b", "c"});
  program.on_process = {Step{}};
  for (int i = 0; i < 50; ++i) program.on_process.push_back(throwing());
  start();
  loop.run_for(5min);
  EXPECT_EQ(stored(), position_of("b"));
}

TEST_F(ShardConsumerTest, TheLastPositionRidesOnTheRelease) {
  context.options.checkpoint_automatically = true;
  context.options.checkpoint_interval = 1h;
  put({"a", "b", "c"});
  start();
  loop.run_for(5s);
  const auto sent = store.sent().size();
  shut_down();
  EXPECT_EQ(store.sent().size(), sent + 1);
  EXPECT_EQ(stored(), position_of("c"));
  EXPECT_FALSE(row().owner);
}

}  // namespace
}  // namespace kcl::consumer
