// Workers that read several streams at once: one fleet, one lease table. With everything else at once:
// streams.scenario.
#include <gtest/gtest.h>

#include <map>

#include "simulation/fleet.h"

namespace kcl::simulation {
namespace {

using namespace std::chrono_literals;

void expect_no_violations(const World& world) { EXPECT_TRUE(world.violations().empty()) << world.violations().front(); }

TEST(Streams, AreSharedByOneFleetAndCountedTogether) {
  World world(1);
  Fleet fleet(world, {.streams = 3, .shards = 8});
  fleet.put(200);
  fleet.start_worker("w1");
  fleet.start_worker("w2");
  EXPECT_TRUE(fleet.run_until([&] { return fleet.drained() && fleet.balanced(); }, 1min));
  EXPECT_EQ(fleet.loads().at("w1"), 4U) << "not rounded up for each stream";
  std::map<std::string, std::size_t> of_stream;
  for (const std::string& key : fleet.open_shards()) {
    const auto row = fleet.store().get(key);
    ASSERT_TRUE(row) << key;
    EXPECT_EQ(row->at("streamName"), AttributeValue(std::string(leases::stream_part(key))));
    EXPECT_EQ(row->at("shardId"), AttributeValue(std::string(leases::shard_part(key))));
    ++of_stream[std::string(leases::stream_part(key))];
  }
  EXPECT_EQ(of_stream.size(), 3U);
  for (const auto& [name, worker] : fleet.workers()) {
    for (const ShardStatus& shard : worker->engine.status().shards) {
      EXPECT_TRUE(shard.stream.starts_with("simulated-")) << shard.stream;
      EXPECT_TRUE(shard.shard_id.starts_with("shardId-")) << shard.shard_id;
    }
  }
  EXPECT_TRUE(fleet.shut_down("w1").failure.empty());
  EXPECT_TRUE(fleet.shut_down("w2").failure.empty());
  fleet.journal().check_complete();
  expect_no_violations(world);
}

TEST(Streams, OneThatIsSplitEndsBehindItsOwnParentsAlone) {
  World world(2);
  Fleet fleet(world, {.streams = 2, .shards = 2});
  fleet.produce(200ms);
  fleet.start_worker("w1");
  fleet.start_worker("w2");
  for (int i = 0; i < 6; ++i) {
    fleet.run_for(20s);
    EXPECT_TRUE(fleet.split_one());
  }
  fleet.stop_producing();
  EXPECT_TRUE(fleet.run_until([&] { return fleet.drained() && fleet.balanced(); }, 3min));
  fleet.journal().check_complete();
  expect_no_violations(world);
}

TEST(Streams, EachHasItsOwnStart) {
  World world(3);
  Fleet fleet(world, {.streams = 2, .shards = 2, .initial = shards::InitialPosition::latest});
  fleet.produce(200ms);
  fleet.run_for(30s);
  fleet.start_worker("w1");
  EXPECT_TRUE(fleet.run_until([&] { return fleet.balanced(); }, 1min));
  EXPECT_EQ(fleet.journal().truth().starts.size(), 2U);
  fleet.crash("w1");
  fleet.run_for(1min);
  fleet.start_worker("w2");
  fleet.run_for(30s);
  fleet.stop_producing();
  EXPECT_TRUE(fleet.run_until([&] { return fleet.drained(); }, 3min));
  fleet.journal().check_complete();
  expect_no_violations(world);
}

TEST(Streams, AWorkerThatIsToFinishHasReadAllOfThem) {
  World world(4);
  Fleet fleet(world, {.streams = 3, .shards = 6, .stop_when_done = true});
  fleet.put(300);
  SimWorker& worker = fleet.start_worker("w1");
  EXPECT_TRUE(fleet.run_until([&] { return worker.result.has_value(); }, 5min));
  EXPECT_TRUE(worker.result->failure.empty()) << worker.result->failure;
  EXPECT_TRUE(fleet.drained());
  fleet.journal().check_complete();
  expect_no_violations(world);
}

}  // namespace
}  // namespace kcl::simulation
