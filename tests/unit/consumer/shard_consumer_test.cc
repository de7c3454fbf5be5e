// One lease from its acquisition to its end: delivery, renewal, parents, leaving. Names in brackets are of
// lease-traces.
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

// ---- delivery (C1, C2)

TEST_F(ShardConsumerTest, BatchesComeOneAtATimeInOrder) {
  put({"a", "b", "c", "d", "e"});
  program.on_process = {{.takes = 5s}, {.takes = 3s}};
  start();
  loop.run_for(2s);
  EXPECT_EQ(program.calls, (Calls{"initialize", "process a b"}));
  EXPECT_EQ(program.in_flight, 1);
  loop.run_for(10s);
  EXPECT_EQ(program.calls, (Calls{"initialize", "process a b", "process c d", "process e"}));
  EXPECT_EQ(program.epochs.at(0).epoch, hold->epoch());
}

TEST_F(ShardConsumerTest, ABatchWhoseCallThrewComesAgainUntilItReturns) {
  put({"a", "b", "c"});
  program.on_process = {throwing(), throwing(), throwing()};
  start();
  loop.run_for(10s);
  EXPECT_EQ(program.calls,
            (Calls{"initialize", "process a b", "process a b", "process a b", "process a b", "process c"}));
}

TEST_F(ShardConsumerTest, RetriesBackOffUpToTheLongestPause) {
  put({"a"});
  for (int i = 0; i < 40; ++i) program.on_process.push_back(throwing());
  start();
  loop.run_for(15min);
  EXPECT_EQ(program.count("process"), 41U);
  for (std::size_t i = 2; i < program.started.size(); ++i) {
    const auto pause = program.started[i] - program.started[i - 1];
    EXPECT_GE(pause, 100ms);
    EXPECT_LE(pause, 31s);
  }
  EXPECT_FALSE(hold->ended()) << "a failing batch keeps its lease";
}

TEST_F(ShardConsumerTest, RetryLaterIsObeyedAndIsNoError) {
  put({"a"});
  Step later;
  later.ends = {.kind = ports::CallbackResult::Kind::retry_later, .what = {}, .retry_after = 30s};
  program.on_process = {later};
  start();
  loop.run_for(1min);
  ASSERT_EQ(program.count("process"), 2U);
  EXPECT_GE(program.started[2] - program.started[1], 30s);
  EXPECT_EQ(std::count(events.begin(), events.end(), "processor_failed"), 0);
}

TEST_F(ShardConsumerTest, InitializeIsTriedUntilItReturns) {
  put({"a"});
  program.on_initialize = {throwing(), throwing()};
  start();
  loop.run_for(5s);
  EXPECT_EQ(program.calls, (Calls{"initialize", "initialize", "initialize", "process a"}));
}

TEST_F(ShardConsumerTest, AfterAMoveDeliveryRestartsRightAfterTheCheckpoint) {
  put({"a", "b", "c", "d"});
  program.on_process = {checkpointing(), {.takes = 1ms}};
  start();
  loop.run_for(5s);
  shut_down();
  program.calls.clear();
  start();
  loop.run_for(5s);
  EXPECT_EQ(program.calls, (Calls{"initialize", "process c", "process d"}));
}

// ---- a program that lost what it was given (C1)

TEST_F(ShardConsumerTest, AProgramThatStartsOverGetsWhatItDidNotCheckpointAgain) {
  put({"a", "b", "c", "d"});
  program.on_process = {checkpointing(), {.takes = 1ms}};
  start();
  loop.run_for(5s);
  program.checkpointer->start_over("the child died");
  running->get();
  EXPECT_EQ(program.calls, (Calls{"initialize", "process a b", "process c d"})) << "its last chance is over";
  EXPECT_EQ(stored(), position_of("b"));
  EXPECT_FALSE(row().owner.has_value()) << "anyone may take it at once";
  program.calls.clear();
  start();
  loop.run_for(5s);
  // The record of the checkpoint is read again, since it may be an aggregate, and has a place in the first batch.
  EXPECT_EQ(program.calls, (Calls{"initialize", "process c", "process d"}));
}

TEST_F(ShardConsumerTest, StartingOverWaitsForTheCallAndStoresNothingByItself) {
  context.options.checkpoint_automatically = true;
  put({"a", "b"});
  program.on_process = {{.takes = 30s}};
  start();
  loop.run_for(1s);
  program.checkpointer->start_over("the child died");
  loop.run_for(10s);
  EXPECT_FALSE(hold->ended()) << "a lease is never released under a running callback";
  running->get();
  EXPECT_FALSE(stored().is_real());
  EXPECT_FALSE(row().owner.has_value());
}

// ---- the lease (C8, C10, C13)

TEST_F(ShardConsumerTest, ALeaseIsRenewedEveryThirdOfTheFailoverTime) {
  start();
  const auto before = row().counter;
  loop.run_for(60s);
  EXPECT_GE(row().counter, before + 18);
  EXPECT_LE(row().counter, before + 20);
}

TEST_F(ShardConsumerTest, ABusyShardsCheckpointsAreItsRenewalsAndShowTheClaim) {
  for (int i = 0; i < 60; ++i) put({"a" + std::to_string(i), "b" + std::to_string(i)});
  for (int i = 0; i < 60; ++i) program.on_process.push_back({.takes = 1s, .checkpoints = true});
  start();
  loop.run_for(20s);
  EXPECT_EQ(row().counter,
            static_cast<std::int64_t>(hold->epoch()) + static_cast<std::int64_t>(program.checkpoints.size()));
  claim(b);
  loop.run_for(3s);
  EXPECT_TRUE(running->done());
  EXPECT_EQ(row().owner, "B");
}

// No renewal gets through: from the deadline on nothing is delivered, until one does.
TEST_F(ShardConsumerTest, AnErrorIsOverWithTheNextSuccessOfItsKind) {
  start();
  loop.run_for(1s);
  store.next_writes({Fate::throttle, Fate::throttle, Fate::throttle, Fate::throttle});
  loop.run_for(3500ms);
  EXPECT_TRUE(consumer->status().last_error.starts_with("renewal: ")) << consumer->status().last_error;
  put({"a"});
  program.on_process = {throwing(), throwing(), throwing()};
  loop.run_for(1100ms);
  EXPECT_EQ(consumer->status().last_error, "process_records: bad record") << "the newest";
  loop.run_for(10s);
  EXPECT_EQ(consumer->status().last_error, "") << "a renewal was stored, and the batch is done with";
}

TEST_F(ShardConsumerTest, NoCallStartsAfterTheDeadlineUntilARenewalCommits) {
  start();
  loop.run_for(1s);
  for (int i = 0; i < 40; ++i) put({"a" + std::to_string(i)});
  for (int i = 0; i < 80; ++i) program.on_process.push_back({.takes = 700ms});
  for (int i = 0; i < 8; ++i) store.next_writes({Fate::lose_request});
  loop.run_for(30s);
  ASSERT_FALSE(hold->ended());
  EXPECT_EQ(program.started_too_late, 0);
  base::Duration longest_pause{};
  for (std::size_t i = 1; i < program.started.size(); ++i) {
    longest_pause = std::max(longest_pause, program.started[i] - program.started[i - 1]);
  }
  EXPECT_GT(longest_pause, 10s) << "eight renewals were lost";
  EXPECT_TRUE(hold->may_deliver()) << "and it goes on";
  loop.run_for(10s);
  EXPECT_EQ(program.started_too_late, 0);
  EXPECT_EQ(program.count("process"), 20U);
  EXPECT_EQ(std::count(events.begin(), events.end(), "lease_lost"), 0);
}

TEST_F(ShardConsumerTest, ALostLeaseEndsInLeaseLostAndNothingElse) {
  put({"a", "b"});
  start();
  loop.run_for(5s);
  store.java_takes(kShard, "J");
  put({"c"});
  loop.run_for(10s);
  EXPECT_TRUE(running->done());
  EXPECT_EQ(program.calls.back(), "lease_lost");
  EXPECT_EQ(program.count("shutdown_requested"), 0U);
  EXPECT_EQ(row().owner, "J");
}

TEST_F(ShardConsumerTest, Trace14ALeaseIsReleasedOnlyAfterItsLastCallbackHasReturned) {
  put({"a"});
  program.on_process = {{.takes = 40s}};
  start();
  loop.run_for(2s);
  consumer->request_shutdown();
  loop.run_for(35s);
  EXPECT_EQ(program.in_flight, 1);
  EXPECT_EQ(row().owner, "A") << "held, and renewed";
  EXPECT_TRUE(hold->may_deliver());
  running->get();
  EXPECT_FALSE(row().owner);
  EXPECT_EQ(program.calls.back(), "shutdown_requested");
}

TEST_F(ShardConsumerTest, Trace14AShutdownInterruptsABackOff) {
  put({"a"});
  Step later;
  later.ends = {.kind = ports::CallbackResult::Kind::retry_later, .what = {}, .retry_after = 1h};
  program.on_process = {later};
  start();
  loop.run_for(5s);
  const auto asked = loop.now();
  shut_down();
  EXPECT_LT(loop.now() - asked, 1s);
  EXPECT_FALSE(row().owner);
}

TEST_F(ShardConsumerTest, AClaimIsAnsweredWithTheLastPositionAndTheLease) {
  context.options.checkpoint_automatically = true;
  context.options.checkpoint_interval = 1h;
  put({"a", "b", "c"});
  start();
  loop.run_for(5s);
  claim(b);
  loop.run_for(4s);
  EXPECT_TRUE(running->done());
  EXPECT_EQ(program.calls.back(), "shutdown_requested");
  EXPECT_EQ(row().owner, "B");
  EXPECT_EQ(row().claim, leases::Claim::of(b.options().me));
  EXPECT_EQ(stored(), position_of("c"));
}

TEST_F(ShardConsumerTest, TraceR1AGrantInDoubtStartsNoCallAndIsSettledByARenewal) {
  put({"a", "b"});
  start();
  loop.run_for(4s);
  claim(b);
  // The renewal that shows the claim, then the grant: it lands after it was given up.
  store.next_writes({Fate::answer, Fate::hold_back});
  while (store.held() == 0) loop.run_for(100ms);
  put({"c"});
  const auto calls = program.calls.size();
  loop.run_for(2s);
  EXPECT_EQ(store.land_next().kind, WriteOutcome::Kind::applied);
  EXPECT_EQ(row().owner, "B");
  loop.run_for(10s);
  EXPECT_TRUE(running->done());
  EXPECT_EQ(program.calls.size(), calls) << "no process_records, no lease_lost: it was given away";
  EXPECT_EQ(row().owner, "B");
}

// ---- parents (C3)

TEST_F(ShardConsumerTest, AChildWaitsForItsParentIsRenewedMeanwhileAndStarts) {
  syncing = make_sync(a);
  sync(*syncing);
  split(kShard);
  ASSERT_TRUE(run(syncing->prepare_end(kShard, {})));
  const std::string child = coordinator::shard_id(1);
  start_on(take(a, child));
  loop.run_for(60s);
  EXPECT_TRUE(program.calls.empty());
  EXPECT_FALSE(hold->ended());
  EXPECT_EQ(consumer->status().state, ShardState::waiting_for_parents);
  EXPECT_EQ(consumer->status().waiting_for, std::string("parent ") + kShard);
  store_checkpoint(kShard, "SHARD_END");
  loop.run_for(5s);
  EXPECT_EQ(program.calls, Calls{"initialize"});
}

TEST_F(ShardConsumerTest, AWaitingChildIsHandedOverWhenItIsClaimed) {
  syncing = make_sync(a);
  sync(*syncing);
  split(kShard);
  ASSERT_TRUE(run(syncing->prepare_end(kShard, {})));
  const std::string child = coordinator::shard_id(1);
  start_on(take(a, child));
  loop.run_for(5s);
  ASSERT_EQ(run(b.claim(store.lease(child))).kind, leases::ChangeResult::Kind::done);
  loop.run_for(5s);
  EXPECT_TRUE(running->done());
  EXPECT_EQ(store.lease(child).owner, "B");
  EXPECT_TRUE(program.calls.empty()) << "a program that never started needs no end";
}

// ---- where reading starts (C6)

TEST_F(ShardConsumerTest, Trace2LatestReadsFromTheStartInstantOnHoweverOftenItMoves) {
  put({"old"});
  loop.run_for(1min);
  syncing = make_sync(a, shards::InitialPosition::latest);
  sync(*syncing);
  put({"new"});
  loop.run_for(1min);
  start_on(take(a));
  loop.run_for(5s);
  EXPECT_EQ(program.calls, (Calls{"initialize", "process new"}));
  shut_down();  // before any checkpoint
  loop.run_for(1min);
  start_on(take(a));
  loop.run_for(5s);
  EXPECT_EQ(program.calls.back(), "process new");
  EXPECT_EQ(kinesis->last_iterator()->type, GetShardIterator::Type::at_timestamp);
}

// ---- status

TEST_F(ShardConsumerTest, TheRowSaysForPeopleWhatItWaitsFor) {
  put({"a"});
  for (int i = 0; i < 20; ++i) program.on_process.push_back(throwing("cannot \"parse\"\n"));
  start();
  loop.run_for(20s);
  EXPECT_NE(row().status.find(R"("state":"retrying")"), std::string::npos) << row().status;
  EXPECT_NE(row().status.find("cannot 'parse'?"), std::string::npos) << row().status;
}

// Once failed: bytes that are no UTF-8, or a character that the cut at 120 bytes splits, make the whole write invalid
// for the store.
TEST_F(ShardConsumerTest, WhatAProgramThrowsNeverSpoilsARenewal) {
  for (const std::string& what : {std::string("\xff\xfe"), std::string(101, 'x') + "\xc3\xa4\xc3\xa4"}) {
    end();
    for (const std::string& id : rows()) store.erase(id);
    make_stream(1);
    events.clear();
    put({"a"});
    program.on_process.clear();
    for (int i = 0; i < 100; ++i) program.on_process.push_back(throwing(what));
    start();
    loop.run_for(30s);
    EXPECT_EQ(std::count(events.begin(), events.end(), "renewal_failed"), 0);
  }
}

// Once failed: as above, and as long as reading fails so, no write of the holder can succeed at all: the lease is lost,
// and so it is for whoever takes it next.
TEST_F(ShardConsumerTest, WhatAServerSaysNeverCostsTheLease) {
  start();
  loop.run_for(1s);
  kinesis->set_failure_message("Zugang gesperrt f\xfcr diesen Proxy");
  kinesis->fail_reads(KinesisError::Kind::unavailable);
  loop.run_for(30s);
  EXPECT_TRUE(hold->may_deliver());
  EXPECT_EQ(std::count(events.begin(), events.end(), "renewal_failed"), 0);
}

// Once failed: `waiting_for` and escapes are not counted in the cut of the error.
TEST_F(ShardConsumerTest, TheStatusInTheRowIsBounded) {
  put({"a"});
  for (int i = 0; i < 20; ++i) program.on_process.push_back(throwing(std::string(500, '"')));
  start();
  loop.run_for(20s);
  EXPECT_LE(row().status.size(), 300U);
}

}  // namespace
}  // namespace kcl::consumer
