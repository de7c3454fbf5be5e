// Processors that fail for good (C5), in a fleet with crashes, reshards and bad weather: under `bisect` every record is
// processed or dead-lettered, under `stop` the shard stands still and loses nothing.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <set>
#include <string>

#include "simulation/fleet.h"

namespace kcl::simulation {
namespace {

using namespace std::chrono_literals;

void expect_no_violations(const World& world) {
  if (world.violations().empty()) return;
  ADD_FAILURE() << world.violations().front();
  const auto& lines = world.trace_lines();
  const auto found =
      std::ranges::find_if(lines, [](const std::string& line) { return line.find("VIOLATION") != std::string::npos; });
  const auto end = found == lines.end() ? found : std::next(found);
  for (auto line = end - std::min<std::ptrdiff_t>(end - lines.begin(), 60); line != end; ++line)
    std::cerr << *line << '\n';
}

/// Names `count` of the records that are put next, which the fleet numbers from `first` on.
std::set<std::string, std::less<>> draw_poison(World& world, std::size_t first, std::size_t among, std::size_t count) {
  std::set<std::string, std::less<>> poison;
  while (poison.size() < count) poison.insert("record-" + std::to_string(first + world.random.below(among)));
  return poison;
}

std::set<std::string, std::less<>> dead_letters(Fleet& fleet) {
  return {fleet.journal().dead_letters().begin(), fleet.journal().dead_letters().end()};
}

TEST(Failures, BisectDeadLettersExactlyThePoison) {
  World world(400);
  Fleet fleet(world, {.shards = 4, .on_error = OnError::bisect});
  fleet.faults().processor.poison = draw_poison(world, 1, 1'000, 20);
  fleet.put(1'000);
  fleet.start_worker("w1");
  EXPECT_TRUE(fleet.run_until([&] { return fleet.drained(); }, 30min));
  EXPECT_EQ(dead_letters(fleet), fleet.faults().processor.poison);
  EXPECT_EQ(fleet.journal().repeated(), 0U) << "a half that returned does not come again";
  EXPECT_TRUE(fleet.shut_down("w1").failure.empty());
  fleet.journal().check_complete();
  expect_no_violations(world);
}

// Crashes and shutdowns in the middle of bisections, calls that fail now and then and a sink that refuses often, splits
// and merges, lost and late writes.
class FailuresBySeed : public ::testing::TestWithParam<std::uint64_t> {};

/// Twelve seeds, or as many as KCLPP_SIMULATION_SEEDS says.
std::uint64_t seed_count() {
  const char* asked = std::getenv("KCLPP_SIMULATION_SEEDS");
  return asked == nullptr ? 12 : std::strtoull(asked, nullptr, 10);
}

INSTANTIATE_TEST_SUITE_P(Simulation, FailuresBySeed, ::testing::Range<std::uint64_t>(500, 500 + seed_count()));

TEST_P(FailuresBySeed, UnderBisectEveryRecordIsProcessedOrDeadLettered) {
  World world(GetParam());
  auto& random = world.random;
  Fleet fleet(world, {.shards = 4, .on_error = OnError::bisect});
  fleet.faults().store = {.lose_request = 0.01, .lose_answer = 0.03, .land_late = 0.02, .throttle = 0.01};
  fleet.faults().kinesis = {.unavailable = 0.02, .throttle = 0.02, .expire_iterator = 0.01, .forget_children = 0.3};
  // Five failures of a good record in a row are as good as none.
  fleet.faults().processor.throws = 0.01;
  fleet.faults().processor.refuses_dead_letters = 0.5;
  constexpr std::size_t kRecords = 2'000;
  fleet.faults().processor.poison = draw_poison(world, 1, kRecords, 40);

  int started = 0;
  const auto start = [&] {
    fleet.start_worker("w" + std::to_string(++started), {}, static_cast<CheckpointStyle>(random.below(3)));
  };
  for (int i = 0; i < 3; ++i) start();
  for (std::size_t put = 0; put < kRecords; put += 100) {
    fleet.put(100);
    fleet.run_for(random.between(2s, 15s));
    auto victim = fleet.workers().begin();
    std::advance(victim, random.below(fleet.workers().size()));
    const std::string id = victim->first;
    switch (random.below(5)) {
      case 0:
        fleet.crash(id);
        start();
        break;
      case 1:
        fleet.shut_down(id);
        start();
        break;
      case 2:
        fleet.split_one();
        break;
      case 3:
        fleet.merge_one();
        break;
      case 4:
        victim->second->loop.pause(random.between(1s, 20s));
        break;
    }
  }
  EXPECT_TRUE(fleet.run_until([&] { return fleet.drained(); }, 2h));
  EXPECT_EQ(dead_letters(fleet), fleet.faults().processor.poison) << "all of the poison, and nothing else";
  fleet.journal().check_complete();
  expect_no_violations(world);
}

TEST(Failures, UnderStopTheShardStandsStillAndTheOthersGoOn) {
  World world(401);
  Fleet fleet(world, {.shards = 4, .on_error = OnError::stop});
  fleet.put(200);
  fleet.faults().processor.poison = {"record-100"};
  fleet.start_worker("w1");
  fleet.start_worker("w2");
  fleet.run_for(2min);
  fleet.put(400);
  fleet.run_for(10min);
  std::size_t stopped = 0;
  std::string shard;
  for (const auto& [id, worker] : fleet.workers()) {
    for (const ShardStatus& status : worker->engine.status().shards) {
      if (status.state != ShardState::stopped) continue;
      ++stopped;
      shard = status.shard_id;
    }
  }
  ASSERT_EQ(stopped, 1U);
  const auto undone = fleet.journal().undone();
  EXPECT_GT(undone, 0U);
  EXPECT_LT(undone, 300U) << "all other shards were read to their tips";
  const auto row = fleet.lease(shard);
  ASSERT_TRUE(row);
  EXPECT_TRUE(row->owner) << "held";
  const auto moves = fleet.journal().moves();
  fleet.run_for(30min);
  EXPECT_EQ(fleet.journal().moves(), moves) << "it does not hop from worker to worker";
  EXPECT_EQ(fleet.journal().undone(), undone);

  // What failed is mended, and the workers are restarted: everything is read.
  fleet.faults().processor.poison.clear();
  for (const char* id : {"w1", "w2"}) EXPECT_TRUE(fleet.shut_down(id).unfinished.empty());
  fleet.start_worker("w3");
  EXPECT_TRUE(fleet.run_until([&] { return fleet.drained(); }, 2min));
  EXPECT_TRUE(fleet.journal().dead_letters().empty());
  fleet.journal().check_complete();
  expect_no_violations(world);
}

// A holder that dies gives its successor a try of its own, with the same outcome, and nothing is skipped.
TEST(Failures, UnderStopASuccessorStopsAtTheSameBatch) {
  World world(402);
  Fleet fleet(world, {.shards = 1, .on_error = OnError::stop});
  fleet.put(100);
  fleet.faults().processor.poison = {"record-50"};
  fleet.start_worker("w1");
  fleet.run_for(2min);
  const auto undone = fleet.journal().undone();
  EXPECT_GT(undone, 0U);
  fleet.crash("w1");
  fleet.start_worker("w2");
  fleet.run_for(5min);
  EXPECT_EQ(fleet.journal().undone(), undone);
  fleet.faults().processor.poison.clear();
  fleet.crash("w2");
  fleet.start_worker("w3");
  EXPECT_TRUE(fleet.run_until([&] { return fleet.drained(); }, 2min));
  fleet.journal().check_complete();
  expect_no_violations(world);
}

// ---- stalls (C9)

std::size_t told(const World& world, const std::string& event) {
  return static_cast<std::size_t>(std::ranges::count_if(
      world.trace_lines(), [&](const std::string& line) { return line.find(' ' + event + ' ') != std::string::npos; }));
}

TEST(Stalls, AFailingBatchIsToldWithItsCauseAndItsEnd) {
  World world(410);
  Fleet fleet(world, {.shards = 4});
  fleet.put(200);
  fleet.faults().processor.poison = {"record-100"};
  SimWorker& worker = fleet.start_worker("w1");
  fleet.run_for(4min);
  EXPECT_EQ(told(world, "shard_stalled"), 0U);
  fleet.run_for(3min);
  EXPECT_EQ(told(world, "shard_stalled"), 1U);
  std::size_t stalled = 0;
  for (const ShardStatus& shard : worker.engine.status().shards) {
    if (!shard.stalled) continue;
    ++stalled;
    EXPECT_GE(*shard.stalled, 5min);
    EXPECT_NE(shard.stall_cause.find("process_records: poison"), std::string::npos) << shard.stall_cause;
  }
  EXPECT_EQ(stalled, 1U);
  fleet.run_for(1h);
  EXPECT_EQ(told(world, "shard_stalled"), 4U) << "after 5, 10, 20 and 40 minutes";
  fleet.faults().processor.poison.clear();
  fleet.run_for(2min);
  EXPECT_EQ(told(world, "shard_stall_ended"), 1U);
  for (const ShardStatus& shard : worker.engine.status().shards) EXPECT_FALSE(shard.stalled) << shard.shard_id;
  EXPECT_TRUE(fleet.drained());
  expect_no_violations(world);
}

TEST(Stalls, HealthyFleetsRaiseNoAlarm) {
  World world(411);
  Fleet fleet(world, {.shards = 4});
  fleet.start_worker("w1");
  fleet.start_worker("w2");
  fleet.run_for(30min);  // nothing is put at all
  fleet.produce(1min);
  for (int i = 0; i < 4; ++i) {
    fleet.run_for(15min);
    EXPECT_TRUE(i % 2 == 0 ? fleet.split_one() : fleet.merge_one());
  }
  EXPECT_EQ(told(world, "shard_stalled"), 0U);
  expect_no_violations(world);
}

// Its children wait without an alarm of their own: one cause, one alarm.
TEST(Stalls, AParentThatFailsIsToldForItsChildren) {
  World world(413);
  Fleet fleet(world, {.shards = 2});
  fleet.put(100);
  fleet.faults().processor.poison = {"record-50"};
  EXPECT_TRUE(fleet.merge_one());
  fleet.put(100);
  SimWorker& worker = fleet.start_worker("w1");
  fleet.run_for(8min);
  std::size_t stalled = 0;
  for (const ShardStatus& shard : worker.engine.status().shards) stalled += shard.stalled ? 1 : 0;
  EXPECT_EQ(stalled, 1U);
  EXPECT_EQ(told(world, "shard_stalled"), 1U);
  fleet.faults().processor.poison.clear();
  EXPECT_TRUE(fleet.run_until([&] { return fleet.drained(); }, 2min));
  fleet.run_for(1min);
  EXPECT_EQ(told(world, "shard_stall_ended"), 1U);
  expect_no_violations(world);
}

// A worker that was stopped for longer than any stall, with batches in hand, and then goes on.
TEST(Stalls, APausedWorkerRaisesNoAlarm) {
  World world(414);
  Fleet fleet(world, {.shards = 2});
  // At any time a call is under way.
  fleet.faults().processor.shortest = 40s;
  fleet.faults().processor.longest = 80s;
  fleet.produce(5s);
  fleet.start_worker("w1");
  for (int i = 0; i < 5; ++i) {
    fleet.run_for(1min);
    fleet.workers().at("w1")->loop.pause(20min);
    fleet.run_for(21min);
  }
  EXPECT_EQ(told(world, "shard_stalled"), 0U);
  fleet.stop_producing();
  fleet.faults().processor = {};
  EXPECT_TRUE(fleet.run_until([&] { return fleet.drained(); }, 10min));
  expect_no_violations(world);
}

}  // namespace
}  // namespace kcl::simulation
