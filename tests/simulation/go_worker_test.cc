// Fleets on a table of vmware-go-kcl's rows: ours alone, and beside its workers with their defects.
#include "simulation/go_worker.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "simulation/fleet.h"
#include "simulation/run.h"

namespace kcl::simulation {
namespace {

using namespace std::chrono_literals;

FleetOptions rows_of_go(std::size_t shards) { return {.shards = shards, .format = LeaseFormat::vmware_go}; }

void expect_no_violations(const World& world) { EXPECT_TRUE(world.violations().empty()) << world.violations().front(); }

TEST(VmwareGoFleet, AWorkerThatJoinsGetsItsShareAndNothingComesTwice) {
  World world(1);
  Fleet fleet(world, rows_of_go(8));
  fleet.produce(200ms);
  fleet.start_worker("w1");
  EXPECT_TRUE(fleet.run_until([&] { return fleet.balanced(); }, 30s));
  fleet.start_worker("w2");
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

// Defect 13: there a dead worker's shards are absorbed one in a minute.
TEST(VmwareGoFleet, Defect13ACrashedWorkersShardsAreTakenOverAfterTheFailoverTime) {
  World world(2);
  Fleet fleet(world, rows_of_go(8));
  fleet.produce(200ms);
  fleet.start_worker("w1");
  fleet.start_worker("w2");
  EXPECT_TRUE(fleet.run_until([&] { return fleet.balanced(); }, 30s));
  fleet.run_for(20s);
  fleet.crash("w1");
  EXPECT_TRUE(fleet.run_until([&] { return fleet.balanced(); }, 13s)) << "failover + 3 s";
  const auto result = fleet.shut_down("w2");
  EXPECT_TRUE(result.unfinished.empty());
  fleet.start_worker("w3");
  EXPECT_TRUE(fleet.run_until([&] { return fleet.balanced(); }, 5s)) << "what is released is taken at once";
  fleet.stop_producing();
  EXPECT_TRUE(fleet.run_until([&] { return fleet.drained(); }, 1min));
  expect_no_violations(world);
}

TEST(VmwareGoFleet, Defect17AWrongWallClockHarmsNobody) {
  World world(3);
  Fleet fleet(world, rows_of_go(6));
  fleet.produce(200ms);
  fleet.start_worker("w1", {.wall_error = 1h});
  fleet.start_worker("w2", {.wall_error = -1h});
  EXPECT_TRUE(fleet.run_until([&] { return fleet.balanced(); }, 30s));
  const auto moves = fleet.journal().moves();
  fleet.run_for(10min);
  EXPECT_EQ(fleet.journal().moves(), moves);
  fleet.crash("w1");
  EXPECT_TRUE(fleet.run_until([&] { return fleet.balanced(); }, 13s));
  expect_no_violations(world);
}

TEST(GoWorker, ReadsAStreamAloneAndThroughReshards) {
  World world(4);
  Fleet fleet(world, rows_of_go(3));
  fleet.produce(200ms);
  fleet.start_go_worker("go1");
  EXPECT_TRUE(fleet.run_until([&] { return fleet.all_owned(); }, 5min));
  EXPECT_TRUE(fleet.split_one());
  EXPECT_TRUE(fleet.run_until([&] { return fleet.all_owned(); }, 5min));
  EXPECT_TRUE(fleet.merge_one());
  EXPECT_TRUE(fleet.run_until([&] { return fleet.all_owned(); }, 5min));
  fleet.stop_producing();
  EXPECT_TRUE(fleet.run_until([&] { return fleet.drained(); }, 5min));
  expect_no_violations(world);
}

TEST(GoWorker, GetsItsShareFromUsByItsClaims) {
  World world(5);
  Fleet fleet(world, rows_of_go(6));
  fleet.produce(200ms);
  fleet.start_worker("w1");
  fleet.run_for(1min);
  fleet.start_go_worker("go1");
  EXPECT_TRUE(fleet.run_until([&] { return fleet.loads()["go1"] >= 3; }, 30min));
  EXPECT_EQ(fleet.loads()["w1"], 3U);
  expect_no_violations(world);
}

TEST(GoWorker, GivesOursTheirShareAndLosesTheRestWhenItDies) {
  World world(6);
  Fleet fleet(world, rows_of_go(4));
  fleet.produce(500ms);
  fleet.start_go_worker("go1");
  EXPECT_TRUE(fleet.run_until([&] { return fleet.loads()["go1"] == 4; }, 30min));
  fleet.start_worker("w1");
  EXPECT_TRUE(fleet.run_until([&] { return fleet.loads()["w1"] >= 2; }, 30min));
  EXPECT_GE(fleet.loads()["go1"], 1U);
  fleet.crash("go1");
  EXPECT_TRUE(fleet.run_until([&] { return fleet.loads()["w1"] == 4; }, 30s));
  fleet.stop_producing();
  EXPECT_TRUE(fleet.run_until([&] { return fleet.drained(); }, 1min));
  expect_no_violations(world);
}

// Defect 1: it is paused past its lease, comes back, and writes what it remembers over the row of whoever has it now.
TEST(GoWorker, Defect1AZombiesCheckpointsLoseNothingOfOurs) {
  World world(7);
  Fleet fleet(world, rows_of_go(4));
  fleet.produce(100ms);
  fleet.start_go_worker("go1");
  EXPECT_TRUE(fleet.run_until([&] { return fleet.loads()["go1"] == 4; }, 30min));
  fleet.start_worker("w1");
  for (int i = 0; i < 10; ++i) {
    fleet.go_workers().at("go1")->pause(25s);
    fleet.run_for(2min);
  }
  fleet.stop_producing();
  EXPECT_TRUE(fleet.run_until([&] { return fleet.drained() && fleet.all_owned(); }, 10min));
  fleet.journal().check_complete();
  expect_no_violations(world);
}

RunOptions drawn(std::uint64_t seed) {
  RunOptions options{.seed = seed, .scenario = draw_scenario(seed), .trouble = 10min, .tracing = Tracing::off};
  options.scenario.vmware_go = true;
  options.scenario.streams = 1;
  options.scenario.failover = std::max<base::Duration>(options.scenario.failover, 10s);
  return options;
}

// KCLPP_SIMULATION_VMWARE_GO says how many.
TEST(VmwareGoSeeds, OursAloneKeepThePromises) {
  const char* asked = std::getenv("KCLPP_SIMULATION_VMWARE_GO");
  const std::uint64_t count = asked == nullptr ? 10 : std::strtoull(asked, nullptr, 10);
  for (std::uint64_t seed = 0; seed < count; ++seed) {
    const RunReport report = run_scenario(drawn(seed));
    EXPECT_TRUE(report.violations.empty()) << "seed " << seed << ": " << report.violations.front();
  }
}

}  // namespace
}  // namespace kcl::simulation
