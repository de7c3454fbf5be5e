// What an exporter sees of a table that others write to, and says of it.
#include "operate/fleet_watch.h"

#include <gtest/gtest.h>

#include "operate/fleet_metrics.h"
#include "unit/coordinator/sync_fixture.h"
#include "unit/operate/view.h"

namespace kcl::operate {
namespace {

using namespace std::chrono_literals;

class FleetWatchTest : public coordinator::SyncTest {
 protected:
  FleetView look(FleetWatch& watch) {
    auto view = run(watch.look());
    EXPECT_TRUE(view) << view.error();
    return *std::move(view);
  }
  static Verdict verdict_of(const FleetView& view, const std::string& key) {
    for (const Line& line : diagnose(view.table).lines) {
      if (line.shard == key) return line.verdict;
    }
    ADD_FAILURE() << key;
    return Verdict::ended;
  }
};

TEST_F(FleetWatchTest, TellsTheLivingFromTheDeadOnceItHasWatchedForLongEnough) {
  store.put_lease(java_lease(0));
  store.put_lease(java_lease(1));
  FleetWatch watch(loop, a, nullptr, {.interval = 5s});
  EXPECT_EQ(verdict_of(look(watch), shard(0)), Verdict::unwatched);
  for (int i = 0; i < 3; ++i) {
    loop.run_for(4s);
    store.java_renews(shard(0));
    const auto view = look(watch);
    EXPECT_EQ(verdict_of(view, shard(0)), Verdict::held);
    EXPECT_EQ(verdict_of(view, shard(1)), i < 2 ? Verdict::unwatched : Verdict::silent);
  }
}

TEST_F(FleetWatchTest, WhoStopsWritingIsSilentAfterItsFailoverTimeAndALook) {
  store.put_lease(java_lease(0));
  FleetWatch watch(loop, a, nullptr, {.interval = 5s});
  look(watch);
  loop.run_for(5s);
  store.java_renews(shard(0));
  look(watch);
  loop.run_for(14s);
  EXPECT_EQ(verdict_of(look(watch), shard(0)), Verdict::held);
  loop.run_for(5s);
  const auto view = look(watch);
  EXPECT_EQ(verdict_of(view, shard(0)), Verdict::silent);
  EXPECT_GE(view.still_for.at(shard(0)), 19s);
}

TEST_F(FleetWatchTest, TheStreamIsListedNowAndThen) {
  store.put_lease(java_lease(0));
  StreamSight stream_of_table(loop, random, *kinesis, a, "orders");
  FleetWatch watch(loop, a, &stream_of_table, {.interval = 5s, .listing_interval = 60s});
  EXPECT_EQ(verdict_of(look(watch), shard(1)), Verdict::no_row);
  const int listings = kinesis->listings();
  loop.run_for(30s);
  EXPECT_EQ(verdict_of(look(watch), shard(1)), Verdict::no_row);
  EXPECT_EQ(kinesis->listings(), listings);
  loop.run_for(31s);
  look(watch);
  EXPECT_GT(kinesis->listings(), listings);
}

TEST_F(FleetWatchTest, ATableThatCannotBeReadIsAnError) {
  FleetWatch watch(loop, a, nullptr, {});
  store.set_reads_fail(true);
  EXPECT_FALSE(run(watch.look()));
}

TEST_F(FleetWatchTest, MetricsSayWhatWasSeenAndNothingElse) {
  auto lease = kclpp_lease(0, "A \"quoted\"\\");
  lease.status = R"({"state":"idle","behind_ms":1500})";
  FleetSample sample;
  sample.application = "orders";
  sample.looks = 3;
  sample.failures = 1;
  EXPECT_EQ(fleet_metrics({&sample}).find("kclpp_fleet_leases"), std::string::npos);

  sample.view.emplace();
  sample.view->table = ViewBuilder().row(lease).row(java_lease(1), false).view;
  sample.view->still_for = {{shard(0), 2s}, {shard(1), 40s}};
  sample.up = true;
  const std::string text = fleet_metrics({&sample});
  for (const char* line : {
           "kclpp_fleet_up{application=\"orders\"} 1\n",
           "kclpp_fleet_failed_looks_total{application=\"orders\"} 1\n",
           "kclpp_fleet_leases{application=\"orders\",verdict=\"silent\"} 1\n",
           "kclpp_fleet_leases{application=\"orders\",verdict=\"unowned\"} 0\n",
           "kclpp_fleet_owner_leases{application=\"orders\",owner=\"A \\\"quoted\\\"\\\\\"} 1\n",
           "kclpp_fleet_shard_behind_seconds{application=\"orders\",shard=\"shardId-000000000000\"} 1.5\n",
           "kclpp_fleet_lease_stuck{application=\"orders\",shard=\"shardId-000000000001\",verdict=\"silent\"} "
           "1\n",
           "kclpp_fleet_lease_still_seconds{application=\"orders\",shard=\"shardId-000000000001\"} 40\n",
       }) {
    EXPECT_NE(text.find(line), std::string::npos) << line << text;
  }
  EXPECT_EQ(text.find("behind_seconds{application=\"orders\",shard=\"shardId-000000000001\""), std::string::npos);

  sample.up = false;
  EXPECT_EQ(fleet_metrics({&sample}).find("kclpp_fleet_leases"), std::string::npos) << "not measured any more";
}

}  // namespace
}  // namespace kcl::operate
