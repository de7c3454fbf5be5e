// The fleet in virtual time: one behaviour at a time. Everything at once, by seed, is in seeds_test.cc.
#include <gtest/gtest.h>

#include <algorithm>

#include "simulation/fleet.h"

namespace kcl::simulation {
namespace {

using namespace std::chrono_literals;

void expect_no_violations(World& world) {
  EXPECT_TRUE(world.violations().empty()) << world.violations().front();
  if (world.violations().empty() && !::testing::Test::HasFailure()) return;
  const auto& lines = world.trace_lines();
  // The way to the first finding is what a person wants to read.
  std::size_t end = lines.size();
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].find("VIOLATION") != std::string::npos) {
      end = i + 1;
      break;
    }
  }
  for (std::size_t i = end < 60 ? 0 : end - 60; i < end; ++i) std::cerr << lines[i] << '\n';
}

TEST(Fleet, OneWorkerReadsEverythingAndReleasesAtExit) {
  World world(1);
  Fleet fleet(world, {.shards = 4});
  fleet.put(100);
  fleet.start_worker("w1");
  EXPECT_TRUE(fleet.run_until([&] { return fleet.drained(); }, 1min));
  const auto result = fleet.shut_down("w1");
  EXPECT_TRUE(result.failure.empty()) << result.failure;
  EXPECT_TRUE(result.unfinished.empty());
  for (const auto& shard : fleet.open_shards()) {
    const auto row = fleet.lease(shard);
    ASSERT_TRUE(row);
    EXPECT_FALSE(row->owner) << shard;
    EXPECT_TRUE(row->checkpoint.is_sequence()) << shard;
  }
  EXPECT_EQ(fleet.journal().repeated(), 0U);
  fleet.journal().check_complete();
  expect_no_violations(world);
}

TEST(Fleet, AWorkerThatJoinsGetsItsShare) {
  World world(2);
  Fleet fleet(world, {.shards = 8});
  fleet.produce(200ms);
  fleet.start_worker("w1");
  EXPECT_TRUE(fleet.run_until([&] { return fleet.balanced(); }, 30s));
  fleet.start_worker("w2");
  EXPECT_TRUE(fleet.run_until([&] { return fleet.balanced(); }, 30s));
  fleet.start_worker("w3");
  EXPECT_TRUE(fleet.run_until([&] { return fleet.balanced(); }, 30s));
  fleet.run_for(1min);
  const auto moves = fleet.journal().moves();
  fleet.run_for(5min);
  EXPECT_EQ(fleet.journal().moves(), moves) << "a balanced fleet moves nothing";
  EXPECT_EQ(fleet.journal().repeated(), 0U) << "a hand-off repeats nothing";
  fleet.stop_producing();
  EXPECT_TRUE(fleet.run_until([&] { return fleet.drained(); }, 1min));
  expect_no_violations(world);
}

TEST(Fleet, ACrashedWorkersShardsAreTakenOverAfterTheFailoverTime) {
  World world(3);
  Fleet fleet(world, {.shards = 8});
  fleet.produce(200ms);
  fleet.start_worker("w1");
  fleet.start_worker("w2");
  EXPECT_TRUE(fleet.run_until([&] { return fleet.balanced(); }, 30s));
  fleet.run_for(20s);
  fleet.crash("w1");
  EXPECT_TRUE(fleet.run_until([&] { return fleet.balanced(); }, 13s)) << "failover + 3 s";
  fleet.stop_producing();
  EXPECT_TRUE(fleet.run_until([&] { return fleet.drained(); }, 1min));
  expect_no_violations(world);
}

TEST(Fleet, ACleanExitHandsOverAtOnce) {
  World world(4);
  Fleet fleet(world, {.shards = 8});
  fleet.produce(200ms);
  fleet.start_worker("w1");
  fleet.start_worker("w2");
  EXPECT_TRUE(fleet.run_until([&] { return fleet.balanced(); }, 30s));
  const auto result = fleet.shut_down("w1");
  EXPECT_TRUE(result.unfinished.empty());
  EXPECT_TRUE(fleet.run_until([&] { return fleet.balanced(); }, 5s));
  fleet.stop_producing();
  EXPECT_TRUE(fleet.run_until([&] { return fleet.drained(); }, 1min));
  EXPECT_EQ(fleet.journal().repeated(), 0U);
  expect_no_violations(world);
}

TEST(Fleet, SplitsAndMergesKeepTheOrder) {
  World world(5);
  Fleet fleet(world, {.shards = 4});
  fleet.produce(100ms);
  fleet.start_worker("w1");
  fleet.start_worker("w2", {}, CheckpointStyle::every_batch);
  for (int i = 0; i < 6; ++i) {
    fleet.run_for(20s);
    EXPECT_TRUE(i % 2 == 0 ? fleet.split_one() : fleet.merge_one());
  }
  fleet.stop_producing();
  EXPECT_TRUE(fleet.run_until([&] { return fleet.drained() && fleet.balanced(); }, 2min));
  fleet.journal().check_complete();
  expect_no_violations(world);
}

bool all_ended(Fleet& fleet) {
  return std::ranges::all_of(fleet.workers(), [](const auto& named) { return named.second->result.has_value(); });
}

// Whoever crashes is started again, as a supervisor does it; children of splits and merges are finished, too.
TEST(Fleet, WorkersThatStopWhenDoneLeaveNothingUndone) {
  for (std::uint64_t seed = 200; seed < 220; ++seed) {
    SCOPED_TRACE(seed);
    World world(seed);
    Fleet fleet(world, {.shards = 4, .stop_when_done = true});
    fleet.faults().processor.throws = 0.1;
    fleet.faults().processor.longest = 1s;
    fleet.put(1500);
    EXPECT_TRUE(fleet.split_one());
    fleet.put(500);
    for (const char* id : {"w1", "w2", "w3"}) fleet.start_worker(id);
    fleet.run_for(world.random.between(0s, 4s));
    EXPECT_TRUE(fleet.merge_one());
    fleet.run_for(world.random.between(0s, 20s));
    fleet.crash("w2");
    fleet.start_worker("w4");
    EXPECT_TRUE(fleet.run_until([&] { return all_ended(fleet); }, 5min));
    for (const auto& [id, worker] : fleet.workers()) {
      EXPECT_EQ(worker->result.value_or(engine::EngineResult{}).failure, "") << id;
    }
    fleet.journal().check_complete();
    expect_no_violations(world);
  }
}

TEST(Fleet, WhoStopsWhenDoneFinishesForThoseWhoDiedBefore) {
  for (std::uint64_t seed = 220; seed < 230; ++seed) {
    SCOPED_TRACE(seed);
    World world(seed);
    Fleet fleet(world, {.shards = 4, .stop_when_done = true});
    fleet.faults().processor.shortest = 400ms;
    fleet.faults().processor.longest = 1s;
    fleet.put(1000);
    fleet.start_worker("w1");
    fleet.start_worker("w2");
    EXPECT_TRUE(fleet.run_until([&] { return fleet.balanced(); }, 10s));
    fleet.crash("w2");
    EXPECT_TRUE(fleet.run_until([&] { return all_ended(fleet); }, 5min));
    fleet.journal().check_complete();
    expect_no_violations(world);
  }
}

/// Runs one worker that stops when done, to its end.
void run_to_its_end(Fleet& fleet, const std::string& id) {
  fleet.start_worker(id);
  EXPECT_TRUE(fleet.run_until([&] { return all_ended(fleet); }, 10min));
  EXPECT_EQ(fleet.workers().at(id)->result.value_or(engine::EngineResult{}).failure, "");
  fleet.crash(id);
}

// The shard that was split while nobody looked lives so short that no look of the worker's falls into it.
TEST(Fleet, WhoStopsWhenDoneReadsTheChildrenOfAShardThatWasReadBefore) {
  for (const base::Duration failover : {1s, 10s, 60s}) {
    for (std::uint64_t seed = 240; seed < 250; ++seed) {
      SCOPED_TRACE(seed);
      World world(seed);
      Fleet fleet(world, {.shards = 1, .failover = failover, .stop_when_done = true});
      fleet.put(100);
      run_to_its_end(fleet, "w1");
      EXPECT_TRUE(fleet.split_one());
      fleet.put(200);
      run_to_its_end(fleet, "w2");
      fleet.journal().check_complete();
      expect_no_violations(world);
    }
  }
}

// Whoever filled the table died after the first row: the others are holes, and count only when seen twice.
TEST(Fleet, WhoStopsWhenDoneWaitsForRowsThatAreMissing) {
  for (std::uint64_t seed = 260; seed < 270; ++seed) {
    SCOPED_TRACE(seed);
    World world(seed);
    Fleet fleet(world, {.shards = 6, .stop_when_done = true});
    fleet.put(600);
    fleet.start_worker("w1");
    const std::string anchor = fleet.open_shards().front();
    while (!fleet.lease(anchor)) fleet.run_for(1ms);
    fleet.crash("w1");
    run_to_its_end(fleet, "w2");
    fleet.journal().check_complete();
    expect_no_violations(world);
  }
}

TEST(Fleet, AWorkerThatStopsWhenDoneDoesSoAlone) {
  World world(11);
  Fleet fleet(world, {.shards = 4, .stop_when_done = true});
  fleet.put(100);
  fleet.start_worker("w1");
  EXPECT_TRUE(fleet.run_until([&] { return all_ended(fleet); }, 20s));
  EXPECT_TRUE(fleet.drained());
  for (const auto& shard : fleet.open_shards()) EXPECT_FALSE(fleet.lease(shard)->owner) << shard;
  expect_no_violations(world);
}

// lease-traces 12: K1 and K2 wait for P, and the cap forbids P.
TEST(Fleet, ALeaseCapDoesNotStopAncestors) {
  World world(6);
  Fleet fleet(world, {.shards = 1, .max_leases = 2});
  fleet.put(200);
  EXPECT_TRUE(fleet.split_one());
  EXPECT_TRUE(fleet.split_one());
  fleet.put(200);
  fleet.start_worker("w1");
  // Three leaves and a cap of two: with one worker one leaf stays, with two everything is read.
  fleet.run_for(1min);
  fleet.start_worker("w2");
  EXPECT_TRUE(fleet.run_until([&] { return fleet.drained(); }, 3min));
  expect_no_violations(world);
}

// C6: whatever is put after the first worker's start is read, whoever reads it, however shards split meanwhile.
TEST(Fleet, LatestSurvivesSplitsAndRestarts) {
  World world(7);
  Fleet fleet(world, {.shards = 2, .initial = shards::InitialPosition::latest});
  fleet.put(50);
  fleet.run_for(1min);
  fleet.start_worker("w1");
  fleet.start_worker("w2");
  fleet.produce(100ms);
  fleet.run_for(300ms);
  fleet.split_one();
  fleet.run_for(2s);
  fleet.crash("w1");
  fleet.crash("w2");
  fleet.run_for(30s);
  fleet.merge_one();
  fleet.start_worker("w3");
  fleet.run_for(1min);
  fleet.stop_producing();
  EXPECT_TRUE(fleet.run_until([&] { return fleet.drained(); }, 2min));
  fleet.journal().check_complete();
  expect_no_violations(world);
}

TEST(Fleet, ABrownOutShorterThanHalfTheFailoverTimeInterruptsNothing) {
  World world(8);
  Fleet fleet(world, {.shards = 4});
  fleet.produce(100ms);
  fleet.start_worker("w1");
  fleet.start_worker("w2");
  EXPECT_TRUE(fleet.run_until([&] { return fleet.balanced(); }, 30s));
  fleet.run_for(20s);
  const auto moves = fleet.journal().moves();
  for (int i = 0; i < 5; ++i) {
    for (auto& [id, worker] : fleet.workers()) worker->store.set_reachable(false);
    fleet.run_for(4900ms);
    for (auto& [id, worker] : fleet.workers()) worker->store.set_reachable(true);
    fleet.run_for(15s);
  }
  EXPECT_EQ(fleet.journal().moves(), moves);
  // A longer one pauses delivery, and the leases are kept: nobody else could see the table either.
  for (auto& [id, worker] : fleet.workers()) worker->store.set_reachable(false);
  fleet.run_for(25s);
  for (auto& [id, worker] : fleet.workers()) worker->store.set_reachable(true);
  fleet.run_for(30s);
  EXPECT_EQ(fleet.journal().moves(), moves);
  fleet.stop_producing();
  EXPECT_TRUE(fleet.run_until([&] { return fleet.drained(); }, 1min));
  EXPECT_EQ(fleet.journal().repeated(), 0U);
  expect_no_violations(world);
}

// C8: cut off from the lease store but not from the stream, a worker must fall silent before another starts.
TEST(Fleet, AWorkerCutOffFromTheStoreStopsBeforeOthersStart) {
  World world(10);
  Fleet fleet(world, {.shards = 4});
  fleet.faults().processor.longest = 20ms;
  fleet.produce(20ms);
  fleet.start_worker("w1", {.rate = 0.995});
  fleet.start_worker("w2", {.rate = 1.005}, CheckpointStyle::every_batch);
  EXPECT_TRUE(fleet.run_until([&] { return fleet.balanced(); }, 30s));
  for (int i = 0; i < 10; ++i) {
    SimWorker& victim = *fleet.workers().at(i % 2 == 0 ? "w1" : "w2");
    victim.store.set_reachable(false);
    fleet.run_for(30s);
    victim.store.set_reachable(true);
    fleet.run_for(30s);
  }
  EXPECT_GE(fleet.journal().moves(), 20U) << "somebody should have taken over";
  fleet.stop_producing();
  EXPECT_TRUE(fleet.run_until([&] { return fleet.drained() && fleet.balanced(); }, 2min));
  expect_no_violations(world);
}

// The holder's deadline counts from when a renewal was sent, not from its answer (lease-traces 4c): with slow answers
// the two are seconds apart.
TEST(Fleet, SlowAnswersDoNotStretchALease) {
  World world(11);
  Fleet fleet(world, {.shards = 4});
  fleet.faults().processor.longest = 20ms;
  fleet.produce(20ms);
  fleet.start_worker("w1");
  fleet.start_worker("w2");
  EXPECT_TRUE(fleet.run_until([&] { return fleet.balanced(); }, 30s));
  for (int i = 0; i < 10; ++i) {
    // Requests arrive at once, answers after up to 2.4 s, just within the call's deadline of 2.5 s.
    fleet.faults().store.slow_answers = 2400ms;
    fleet.run_for(20s);
    SimWorker& victim = *fleet.workers().at(i % 2 == 0 ? "w1" : "w2");
    fleet.faults().store.slow_answers = 0ms;
    victim.store.set_reachable(false);
    fleet.run_for(25s);
    victim.store.set_reachable(true);
  }
  fleet.stop_producing();
  EXPECT_TRUE(fleet.run_until([&] { return fleet.drained() && fleet.balanced(); }, 2min));
  expect_no_violations(world);
}

TEST(Fleet, APausedWorkerIsFenced) {
  World world(9);
  Fleet fleet(world, {.shards = 4});
  fleet.produce(50ms);
  fleet.start_worker("w1");
  fleet.start_worker("w2", {}, CheckpointStyle::every_batch);
  EXPECT_TRUE(fleet.run_until([&] { return fleet.balanced(); }, 30s));
  for (int i = 0; i < 4; ++i) {
    fleet.run_for(20s);
    fleet.workers().at(i % 2 == 0 ? "w1" : "w2")->loop.pause(25s);
    fleet.run_for(40s);
  }
  fleet.stop_producing();
  EXPECT_TRUE(fleet.run_until([&] { return fleet.drained() && fleet.balanced(); }, 2min));
  expect_no_violations(world);
}

}  // namespace
}  // namespace kcl::simulation
