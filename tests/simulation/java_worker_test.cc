#include "simulation/java_worker.h"

#include <gtest/gtest.h>

#include "simulation/fleet.h"

namespace kcl::simulation {
namespace {

using namespace std::chrono_literals;

TEST(JavaWorker, OneOfTheOwnersLeads) {
  EXPECT_EQ(java_leader({}), "");
  EXPECT_EQ(java_leader({"a"}), "a");
  std::set<std::string> owners;
  std::set<std::string> leaders;
  for (int i = 0; i < 20; ++i) {
    owners.insert("worker-" + std::to_string(i));
    EXPECT_TRUE(owners.contains(java_leader(owners)));
    EXPECT_EQ(java_leader(owners), java_leader(owners));
    leaders.insert(java_leader(owners));
  }
  EXPECT_GT(leaders.size(), 3U) << "it is not always the first";
}

TEST(JavaWorker, ReadsAStreamAloneAndThroughReshards) {
  World world(1);
  Fleet fleet(world, {.shards = 3});
  fleet.produce(200ms);
  fleet.start_java_worker("java1");
  fleet.run_for(2min);
  EXPECT_TRUE(fleet.all_owned());
  EXPECT_TRUE(fleet.split_one());
  fleet.run_for(2min);
  EXPECT_TRUE(fleet.merge_one());
  fleet.run_for(2min);
  fleet.stop_producing();
  EXPECT_TRUE(fleet.run_until([&] { return fleet.drained() && fleet.all_owned(); }, 2min));
  EXPECT_TRUE(world.violations().empty()) << world.violations().front();
}

TEST(JavaWorker, StealsItsShareFromUsAndLosesNothingByUs) {
  World world(2);
  Fleet fleet(world, {.shards = 6});
  fleet.produce(200ms);
  fleet.start_worker("w1");
  fleet.run_for(1min);
  fleet.start_java_worker("java1");
  fleet.run_for(5min);
  EXPECT_GE(fleet.loads()["java1"], 2U);
  EXPECT_GE(fleet.loads()["w1"], 2U);
  fleet.crash("java1");
  fleet.stop_producing();
  EXPECT_TRUE(fleet.run_until([&] { return fleet.drained() && fleet.all_owned(); }, 2min));
  EXPECT_EQ(fleet.loads()["w1"], 6U);
  EXPECT_TRUE(world.violations().empty()) << world.violations().front();
}

}  // namespace
}  // namespace kcl::simulation
