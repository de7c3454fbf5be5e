// Looking at a table that others write to, and at its stream.
#include "operate/look.h"

#include <gtest/gtest.h>

#include "leases/lease_key.h"
#include "operate/diagnose.h"
#include "unit/coordinator/sync_fixture.h"
#include "unit/operate/view.h"

namespace kcl::operate {
namespace {

using namespace std::chrono_literals;

class LookTest : public coordinator::SyncTest {
 protected:
  LookTest() : SyncTest(3) {}

  TableView look_at(LookOptions options = {}) {
    base::Stop stop;
    auto view = run(look(loop, a, options, stop));
    EXPECT_TRUE(view) << view.error().message;
    return *std::move(view);
  }
  void list(TableView& view) {
    const auto listed = run(sight.add_listing(view));
    EXPECT_TRUE(listed) << listed.error();
  }
  base::Task<bool> probed(TableView& view, base::Stop& stop) {
    co_await probe_lags(loop, sight, view, stop);
    co_return true;
  }
  void renew_in(base::Duration wait, const std::string& key) {
    store.after(wait, [this, key] { store.java_renews(key); });
  }

  StreamSight sight{loop, random, *kinesis, a, "orders"};
};

TEST_F(LookTest, ItEndsWhenEveryOwnerHasShownLife) {
  store.put_lease(java_lease(0));
  store.put_lease(java_lease(1));
  renew_in(2500ms, shard(0));
  renew_in(3300ms, shard(1));
  const auto begun = loop.now();
  const auto view = look_at();
  EXPECT_EQ(view.moved, (std::set{shard(0), shard(1)}));
  EXPECT_LT(loop.now() - begun, 5s);
}

TEST_F(LookTest, OfATableOfSeveralStreamsOneIsLookedAt) {
  const auto described = run(kinesis->describe_stream("orders", loop.now() + 5s));
  const std::string orders = leases::stream_part_of(*described.value).value();
  auto own = java_lease(0);
  own.key = leases::lease_key(orders, shard(0));
  own.checkpoint = Position::trim_horizon();
  auto other = java_lease(0);
  other.key = "123456789012:refunds:1790000000:" + shard(0);
  store.put_lease(own);
  store.put_lease(other);
  auto view = look_at({.watch = 0s});
  EXPECT_EQ(view.leases.size(), 2U) << "without a stream, all of them";
  list(view);
  ASSERT_EQ(view.leases.size(), 1U);
  EXPECT_EQ(view.leases[0].key, own.key);
  std::map<std::string, Verdict> verdicts;
  for (const Line& line : diagnose(view).lines) verdicts[line.shard] = line.verdict;
  EXPECT_EQ(verdicts.size(), 3U) << "its shards without rows, too";
  EXPECT_EQ(verdicts[leases::lease_key(orders, shard(1))], Verdict::no_row);
  base::Stop stop;
  EXPECT_TRUE(run(probed(view, stop)));
  EXPECT_TRUE(view.lags.contains(own.key));
  EXPECT_EQ(view.lags[own.key].error, "");
}

TEST_F(LookTest, TheDeadAreWatchedForTheirFailoverTime) {
  auto patient = kclpp_lease(0);
  patient.failover = 20s;
  store.put_lease(patient);
  store.put_lease(java_lease(1));
  for (int i = 1; i < 10; ++i) renew_in(i * 3s, shard(1));
  const auto view = look_at();
  EXPECT_EQ(view.moved, std::set{shard(1)});
  EXPECT_GE(view.watched, 20s);
  const auto lines = diagnose(view).lines;
  EXPECT_EQ(lines[0].verdict, Verdict::silent);
  EXPECT_EQ(lines[1].verdict, Verdict::held);
}

TEST_F(LookTest, OneLookWatchesNothing) {
  store.put_lease(java_lease(0));
  LookOptions once;
  once.watch = 0s;
  const auto view = look_at(once);
  EXPECT_EQ(view.watched, 0s);
  EXPECT_EQ(diagnose(view).lines[0].verdict, Verdict::unwatched);
}

TEST_F(LookTest, ARequestedStopEndsIt) {
  store.put_lease(java_lease(0));
  base::Stop stop;
  base::Started looking(loop, look(loop, a, {}, stop));
  loop.run_for(2s);
  EXPECT_FALSE(looking.done());
  stop.request();
  loop.run_for(100ms);
  EXPECT_TRUE(looking.done());
}

TEST_F(LookTest, ATableThatCannotBeReadIsAnError) {
  store.set_reads_fail(true);
  base::Stop stop;
  EXPECT_FALSE(run(look(loop, a, {}, stop)));
}

TEST_F(LookTest, ShardsWithoutALeaseShowWithTheStream) {
  store.put_lease(java_lease(0));
  store.put_lease(java_lease(5));
  LookOptions once;
  once.watch = 0s;
  auto view = look_at(once);
  list(view);
  const auto lines = diagnose(view).lines;
  EXPECT_EQ(lines[0].verdict, Verdict::no_row);
  EXPECT_EQ(lines[0].shard, shard(1));
  EXPECT_EQ(lines[1].shard, shard(2));
  EXPECT_EQ(lines[2].verdict, Verdict::no_shard);
}

TEST_F(LookTest, TheLagOfACheckpointIsTheAgeOfTheFirstRecordBehindIt) {
  const auto put = [&](const char* key) {
    return stream->put_record({.partition_key = key, .data = "x"}, kinesis->server_time());
  };
  const auto first = put("a");
  ASSERT_TRUE(first);
  loop.run_for(30s);
  ASSERT_TRUE(put("a"));
  loop.run_for(10s);
  auto behind = kclpp_lease(0);
  behind.key = first->shard_id;
  behind.checkpoint = Position::at(*SequenceNumber::parse(first->sequence_number));
  store.put_lease(behind);
  LookOptions once;
  once.watch = 0s;
  auto view = look_at(once);
  list(view);
  base::Stop stop;
  run(probed(view, stop));
  ASSERT_TRUE(view.lags.at(behind.key).behind) << view.lags.at(behind.key).error;
  EXPECT_GE(*view.lags.at(behind.key).behind, 10s);
  EXPECT_LT(*view.lags.at(behind.key).behind, 11s);
}

TEST_F(LookTest, WhereJavaBeginsIsNotGuessed) {
  auto lease = java_lease(0);
  lease.checkpoint = Position::latest();
  store.put_lease(lease);
  LookOptions once;
  once.watch = 0s;
  auto view = look_at(once);
  list(view);
  base::Stop stop;
  run(probed(view, stop));
  EXPECT_FALSE(view.lags.at(shard(0)).behind);
  EXPECT_FALSE(view.lags.at(shard(0)).error.empty());
  EXPECT_EQ(kinesis->reads(), 0);
}

}  // namespace
}  // namespace kcl::operate
