// The life of rows while shards come and go: holes, a shard's end, admission, clean-up. Names in brackets are of
// lease-traces.
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "coordinator/shard_sync.h"
#include "unit/coordinator/sync_fixture.h"

namespace kcl::coordinator {
namespace {

using namespace std::chrono_literals;
using leases::at;

// ---- [7]: nothing is resurrected

TEST_F(ShardSyncTest, Trace7aACreationAfterAPauseIsNotMadeByTheOldLook) {
  constexpr std::size_t kShards = 400;
  make_stream(kShards);
  auto sync_a = make_sync(a);
  // So slow that the look gets too old before the last row.
  store.set_latency(2s);
  EXPECT_FALSE(run(sync_a->sync()));
  const std::size_t made = rows().size();
  EXPECT_GE(made, 13 * leases::kWritesAtOnce) << "for thirty seconds";
  EXPECT_LE(made, 16 * leases::kWritesAtOnce + 1) << "and no longer";
  // The next pass looks again.
  store.set_latency(0s);
  sync(*sync_a);
  loop.run_for(11s);
  sync(*sync_a);
  EXPECT_EQ(rows().size(), kShards);
}

TEST_F(ShardSyncTest, Trace7aAChildsCreationAfterAPauseIsNotMadeByTheOldLookEither) {
  auto sync_a = make_sync(a);
  sync(*sync_a);
  split(shard_id(0));
  store.before_next_write([&] { loop.run_for(31s); });
  EXPECT_FALSE(run(sync_a->prepare_end(shard_id(0), {})));
  EXPECT_EQ(creations(), (Ids{shard_id(0), shard_id(1), shard_id(2)}));
  EXPECT_EQ(prepare_end(*sync_a, shard_id(0)), (std::set<std::string>{shard_id(2), shard_id(3)}));
}

TEST_F(ShardSyncTest, Trace7bAHoleCountsWhenItIsSeenTwiceAFailoverTimeApart) {
  auto sync_a = make_sync(a);
  sync(*sync_a);
  store.erase(shard_id(1));
  sync(*sync_a);
  EXPECT_FALSE(store.has(shard_id(1)));
  loop.run_for(9s);
  sync(*sync_a);
  EXPECT_FALSE(store.has(shard_id(1))) << "a scan may have been torn";
  loop.run_for(1s);
  sync(*sync_a);
  EXPECT_TRUE(store.has(shard_id(1)));
}

TEST_F(ShardSyncTest, Trace7bAHoleThatWasNoneStartsAnew) {
  auto sync_a = make_sync(a);
  sync(*sync_a);
  const Lease second = store.lease(shard_id(1));
  store.erase(shard_id(1));
  sync(*sync_a);
  loop.run_for(6s);
  store.put_lease(second);
  sync(*sync_a);
  store.erase(shard_id(1));
  loop.run_for(6s);
  sync(*sync_a);
  EXPECT_FALSE(store.has(shard_id(1))) << "missing for a moment only, twice";
}

TEST_F(ShardSyncTest, TraceR7ARowThatAnOperatorDeletedComesBackInAGreaterEpoch) {
  auto sync_a = make_sync(a);
  sync(*sync_a);
  auto hold = take(a, shard_id(1));
  store.erase(shard_id(1));
  sync(*sync_a);
  loop.run_for(10s);
  sync(*sync_a);
  EXPECT_GT(take(b, shard_id(1))->epoch(), hold->epoch());
}

// ---- rows that an operator deletes while their leases are run (C8)

TEST_F(ShardSyncTest, ACoParentsRowThatWasDeletedIsNotFreeWhenItComesBack) {
  auto sync_a = make_sync(a);
  sync(*sync_a);
  EXPECT_TRUE(store.lease(shard_id(1)).last_written_by_kclpp()) << "new, and free";
  merge(shard_id(0), shard_id(1));
  auto patient = leases::options_of("C", "cccccccc-0000-4000-8000-000000000003");
  patient.failover = 60s;
  leases::LeaseTable c(loop, store, patient);
  take(b, shard_id(1));
  store.erase(shard_id(1));
  take(c, shard_id(0));
  prepare_end(*sync_a, shard_id(0));
  EXPECT_FALSE(store.lease(shard_id(1)).last_written_by_kclpp());
  EXPECT_EQ(store.lease(shard_id(1)).failover, 60s) << "the longest that any row tells";
}

TEST_F(ShardSyncTest, AMergeChildsRowThatWasDeletedIsNotFreeOnceAParentHasEnded) {
  auto sync_a = make_sync(a);
  sync(*sync_a);
  merge(shard_id(0), shard_id(1));
  prepare_end(*sync_a, shard_id(0));
  store_checkpoint(shard_id(0), "SHARD_END");
  store.erase(shard_id(2));
  prepare_end(*sync_a, shard_id(1));
  EXPECT_FALSE(store.lease(shard_id(2)).last_written_by_kclpp());
}

TEST_F(ShardSyncTest, AHoleThatIsRepairedIsNotFree) {
  auto sync_a = make_sync(a);
  sync(*sync_a);
  store.erase(shard_id(1));
  sync(*sync_a);
  loop.run_for(10s);
  sync(*sync_a);
  EXPECT_FALSE(store.lease(shard_id(1)).last_written_by_kclpp());
}

TEST_F(ShardSyncTest, ATableThatWasEmptiedUnderUsIsFilledWithRowsThatAge) {
  auto sync_a = make_sync(a);
  sync(*sync_a);
  for (const auto& id : rows()) store.erase(id);
  sync(*sync_a);
  for (const auto& id : {shard_id(0), shard_id(1)}) EXPECT_FALSE(store.lease(id).last_written_by_kclpp()) << id;
}

// ---- beside Java, which does not read strongly consistent

TEST_F(ShardSyncTest, BesideJavaAChildsRowIsCreatedLongAfterItsParents) {
  auto sync_a = make_sync(a);
  sync(*sync_a);
  store.java_takes(shard_id(0), "java");
  split(shard_id(1));
  loop.run_for(1min);
  store.erase(shard_id(1));
  sync(*sync_a);
  loop.run_for(10s);
  sync(*sync_a);
  EXPECT_EQ(rows(), (Ids{shard_id(0), shard_id(1)})) << "a parent alone";
  loop.run_for(10s);
  sync(*sync_a);
  EXPECT_EQ(rows(), (Ids{shard_id(0), shard_id(1), shard_id(2), shard_id(3)}));
}

TEST_F(ShardSyncTest, BesideJavaAMergeChildsRowIsCreatedLongAfterTheOtherParents) {
  auto sync_a = make_sync(a);
  sync(*sync_a);
  store.java_takes(shard_id(0), "java");
  merge(shard_id(0), shard_id(1));
  loop.run_for(1min);
  store.erase(shard_id(1));
  EXPECT_FALSE(run(sync_a->prepare_end(shard_id(0), {})));
  EXPECT_EQ(rows(), (Ids{shard_id(0), shard_id(1)}));
  loop.run_for(4s);
  EXPECT_FALSE(run(sync_a->prepare_end(shard_id(0), {})));
  loop.run_for(1s);
  EXPECT_EQ(prepare_end(*sync_a, shard_id(0)), (std::set<std::string>{shard_id(2)}));
}

// ---- [13]: a shard's end

TEST_F(ShardSyncTest, Trace13CoParentsGetRowsBeforeAMergeChild) {
  auto sync_a = make_sync(a);
  sync(*sync_a);
  merge(shard_id(0), shard_id(1));
  store.erase(shard_id(1));  // a hole
  const auto before = creations().size();
  EXPECT_EQ(prepare_end(*sync_a, shard_id(0)), std::set<std::string>{shard_id(2)});
  auto created = creations();
  created.erase(created.begin(), created.begin() + static_cast<std::ptrdiff_t>(before));
  EXPECT_EQ(created, (Ids{shard_id(1), shard_id(2)}));
  EXPECT_EQ(store.lease(shard_id(2)).parents, (std::set<std::string>{shard_id(0), shard_id(1)}));
}

TEST_F(ShardSyncTest, Trace13TheAncestorsOfACoParentComeBeforeIt) {
  make_stream(3);
  auto sync_a = make_sync(a);
  sync(*sync_a);
  split(shard_id(2));               // 3 and 4
  merge(shard_id(1), shard_id(3));  // 5
  merge(shard_id(0), shard_id(5));  // 6
  store.erase(shard_id(2));
  store.erase(shard_id(1));
  const auto before = creations().size();
  prepare_end(*sync_a, shard_id(0));
  auto created = creations();
  created.erase(created.begin(), created.begin() + static_cast<std::ptrdiff_t>(before));
  EXPECT_EQ(created, (Ids{shard_id(1), shard_id(2), shard_id(3), shard_id(5), shard_id(6)}));
}

TEST_F(ShardSyncTest, Trace13TwoParentsOnTwoWorkersMakeOneChildWithBoth) {
  auto sync_a = make_sync(a);
  auto sync_b = make_sync(b);
  sync(*sync_a);
  sync(*sync_b);
  merge(shard_id(0), shard_id(1));
  // Each was told of itself alone.
  std::vector<ChildShard> of_a{{.id = shard_id(2), .parents = {shard_id(0)}, .hash_keys = {}}};
  std::vector<ChildShard> of_b{{.id = shard_id(2), .parents = {shard_id(1)}, .hash_keys = {}}};
  base::Started one(loop, sync_a->prepare_end(shard_id(0), of_a));
  base::Started two(loop, sync_b->prepare_end(shard_id(1), of_b));
  EXPECT_EQ(*one.get(), std::set<std::string>{shard_id(2)});
  EXPECT_EQ(*two.get(), std::set<std::string>{shard_id(2)});
  EXPECT_TRUE(store.lease(shard_id(2)).last_written_by_kclpp()) << "new: its parents are still being read";
  EXPECT_EQ(store.lease(shard_id(2)).parents, (std::set<std::string>{shard_id(0), shard_id(1)}));
  store_checkpoint(shard_id(0), "SHARD_END");
  EXPECT_EQ(admitted(*sync_a, shard_id(2)).blocking_parents, Ids{shard_id(1)});
  store_checkpoint(shard_id(1), "SHARD_END");
  EXPECT_TRUE(admitted(*sync_b, shard_id(2)).blocking_parents.empty());
}

TEST_F(ShardSyncTest, Trace13ACrashBetweenAnyTwoWritesOfAShardsEndHeals) {
  for (std::size_t crash_after = 0; crash_after < 3; ++crash_after) {
    for (const std::string& id : rows()) store.erase(id);
    make_stream(2);
    auto sync_a = make_sync(a);
    sync(*sync_a);
    split(shard_id(0));
    for (std::size_t i = 0; i < crash_after; ++i) store.next_writes({Fate::answer});
    store.next_writes({Fate::lose_request});
    const bool crashed = !run(sync_a->prepare_end(shard_id(0), {}));
    EXPECT_EQ(crashed, crash_after < 2);
    // Whoever takes the lease next comes here again.
    auto sync_b = make_sync(b);
    EXPECT_EQ(prepare_end(*sync_b, shard_id(0)), (std::set<std::string>{shard_id(2), shard_id(3)}));
    EXPECT_EQ(rows().size(), 4U);
  }
}

TEST_F(ShardSyncTest, NoChildrenAreKnownUntilTheServiceTells) {
  auto sync_a = make_sync(a);
  sync(*sync_a);
  EXPECT_TRUE(prepare_end(*sync_a, shard_id(0)).empty());
  // Told, and not listed yet: neither are its siblings and its other parent, which must have rows before it.
  std::vector<ChildShard> told{{.id = shard_id(2), .parents = {}, .hash_keys = {}}};
  EXPECT_FALSE(run(sync_a->prepare_end(shard_id(0), told)));
  EXPECT_FALSE(store.has(shard_id(2)));
  split(shard_id(0));
  EXPECT_EQ(prepare_end(*sync_a, shard_id(0), told), (std::set<std::string>{shard_id(2), shard_id(3)}));
}

TEST_F(ShardSyncTest, AListingTooOldToShowAShardSaysNothingAboutItsParents) {
  auto sync_a = make_sync(a);
  sync(*sync_a);
  leases::Lease child;
  child.key = shard_id(9);
  child.parents = {shard_id(8)};
  EXPECT_FALSE(run(sync_a->admit(child)));
}

TEST_F(ShardSyncTest, WhileTheStreamCannotBeListedNoShardEnds) {
  auto sync_a = make_sync(a);
  sync(*sync_a);
  split(shard_id(0));
  kinesis->fail_all(KinesisError::Kind::not_found);
  const auto refused = run(sync_a->prepare_end(shard_id(0), {}));
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().kind, SyncError::Kind::conflict) << "[1]: an endpoint may be wrong for a minute";
  EXPECT_EQ(rows().size(), 2U);
}

// ---- what a consumer is told

TEST_F(ShardSyncTest, AdmissionReadsParentsStronglyConsistent) {
  auto sync_a = make_sync(a);
  sync(*sync_a);
  split(shard_id(0));
  prepare_end(*sync_a, shard_id(0));
  EXPECT_EQ(admitted(*sync_a, shard_id(2)).blocking_parents, Ids{shard_id(0)});
  store.freeze();
  store_checkpoint(shard_id(0), "SHARD_END");
  EXPECT_TRUE(admitted(*sync_a, shard_id(2)).blocking_parents.empty());
}

TEST_F(ShardSyncTest, AdmissionNeedsNoLookWhileItsParentsHaveRows) {
  auto sync_a = make_sync(a);
  sync(*sync_a);
  split(shard_id(0));
  prepare_end(*sync_a, shard_id(0));
  const int before = kinesis->listings();
  for (int i = 0; i < 10; ++i) admitted(*sync_a, shard_id(2));
  EXPECT_EQ(kinesis->listings(), before);
}

TEST_F(ShardSyncTest, ConcurrentLooksShareOneListing) {
  auto sync_a = make_sync(a);
  sync(*sync_a);
  split(shard_id(0));
  split(shard_id(1));
  const int before = kinesis->listings();
  base::Started one(loop, sync_a->prepare_end(shard_id(0), {}));
  base::Started two(loop, sync_a->prepare_end(shard_id(1), {}));
  EXPECT_TRUE(one.get());
  EXPECT_TRUE(two.get());
  EXPECT_LE(kinesis->listings(), before + 2);
}

// Once failed: a row that names one of its two parents (partial ChildShards, a Java row) waits for ever. admit() reads
// the rows of the parents that the row names; the one that only the listing names then looks like one without a row.
TEST_F(ShardSyncTest, Trace13AParentThatOnlyTheListingNamesIsReadToo) {
  auto sync_a = make_sync(a);
  sync(*sync_a);
  merge(shard_id(0), shard_id(1));
  Lease child;
  child.key = shard_id(2);
  child.parents = {shard_id(0)};
  store.put_lease(child);
  store_checkpoint(shard_id(0), "SHARD_END");
  store_checkpoint(shard_id(1), "SHARD_END");
  loop.run_for(1min);
  sync(*sync_a);
  EXPECT_EQ(admitted(*sync_a, shard_id(2)).blocking_parents, Ids{}) << "both have ended";
}

// Once failed: the application was off for longer than the retention; its parent shard is forgotten by the service, and
// its row is not at SHARD_END. Nobody can ever end it, and the children wait for ever (C9). lease-traces 1: "shard
// gone: delete the row conditionally".
TEST_F(ShardSyncTest, Trace1ARowWhoseShardACompleteListingNoLongerShowsGoes) {
  make_stream(2, 1h);
  auto sync_a = make_sync(a);
  sync(*sync_a);
  split(shard_id(0));
  prepare_end(*sync_a, shard_id(0));
  store_checkpoint(shard_id(0), "17");
  loop.run_for(3h);
  base::Stop stop;
  base::Started<void> running(loop, sync_a->run(stop, [](const std::string&) {}));
  loop.run_for(10min);
  EXPECT_EQ(admitted(*sync_a, shard_id(2)).blocking_parents, Ids{});
  stop.request();
  running.get();
}

// Once failed: as above, and this worker has not looked since the merge. Neither its row nor the old listing names the
// second parent, and nothing makes it look again.
TEST_F(ShardSyncTest, Trace13APartialRowIsNotTrustedByALookThatDoesNotKnowTheShard) {
  auto sync_a = make_sync(a);
  sync(*sync_a);
  merge(shard_id(0), shard_id(1));
  Lease child;
  child.key = shard_id(2);
  child.parents = {shard_id(0)};
  store.put_lease(child);
  store_checkpoint(shard_id(0), "SHARD_END");
  EXPECT_EQ(admitted(*sync_a, shard_id(2)).blocking_parents, Ids{shard_id(1)}) << "it is being read";
}

// Once failed: a row that Java created carries no kclppStream, so it never counted as vanished, and its children waited
// for ever if the application was off for longer than the retention. One taken row tells of which stream all are.
TEST_F(ShardSyncTest, Trace1ARowThatJavaCreatedGoesTooOnceItsShardIsForgotten) {
  make_stream(2, 1h);
  auto sync_a = make_sync(a);
  sync(*sync_a);
  split(shard_id(0));
  prepare_end(*sync_a, shard_id(0));
  for (const std::string& id : rows()) store.change(id, {Action::remove("kclppStream"), Action::remove("kclppToken")});
  store_checkpoint(shard_id(0), "17");
  loop.run_for(3h);
  sync(*sync_a);
  ASSERT_FALSE(sync_a->marks_for(shard_id(0)).stream_created) << "no longer listed";
  EXPECT_TRUE(run(a.take(store.lease(shard_id(1)), sync_a->marks_for(shard_id(1)))).hold);
  base::Stop stop;
  base::Started<void> running(loop, sync_a->run(stop, [](const std::string&) {}));
  loop.run_for(10min);
  EXPECT_EQ(admitted(*sync_a, shard_id(2)).blocking_parents, Ids{});
  stop.request();
  running.get();
}

// A listing that lacks a live shard for a moment (a partial page, a lagging replica) costs nothing.
TEST_F(ShardSyncTest, Trace1AShardThatIsNotListedForAMinuteKeepsItsRow) {
  auto sync_a = make_sync(a);
  sync(*sync_a);
  store_checkpoint(shard_id(0), "17");
  base::Stop stop;
  base::Started<void> running(loop, sync_a->run(stop, [](const std::string&) {}));
  for (int i = 0; i < 20; ++i) {
    kinesis->edit_listings([](ShardPage& page) { page.shards.erase(page.shards.begin()); });
    loop.run_for(2min);
    kinesis->edit_listings(nullptr);
    loop.run_for(2min);
    ASSERT_TRUE(store.has(shard_id(0)));
  }
  EXPECT_EQ(store.lease(shard_id(0)).checkpoint, at("17"));
  stop.request();
  running.get();
}

// ---- clean-up

TEST_F(ShardSyncTest, EndedRowsGoAnHourAfterTheirChildrenStarted) {
  auto sync_a = make_sync(a);
  sync(*sync_a);
  split(shard_id(0));
  prepare_end(*sync_a, shard_id(0));
  store_checkpoint(shard_id(0), "SHARD_END");
  base::Stop stop;
  base::Started<void> running(loop, sync_a->run(stop, [](const std::string&) {}));
  loop.run_for(3h);
  EXPECT_TRUE(store.has(shard_id(0))) << "its children have not started";
  store_checkpoint(shard_id(2), "5");
  store_checkpoint(shard_id(3), "SHARD_END");
  loop.run_for(59min);
  EXPECT_TRUE(store.has(shard_id(0)));
  loop.run_for(5min);
  EXPECT_FALSE(store.has(shard_id(0)));
  loop.run_for(3h);
  EXPECT_FALSE(store.has(shard_id(0))) << "and it stays away, though it is still listed";
  stop.request();
  running.get();
}

// By a look of long ago, a child may have lost its row again: to an operator who deletes it.
TEST_F(ShardSyncTest, WhatASlowStoreLeavesUndoneWaitsForTheNextLook) {
  constexpr int kParents = 40;
  make_stream(kParents);
  auto sync_a = make_sync(a);
  sync(*sync_a);
  for (int i = 0; i < kParents; ++i) {
    split(shard_id(i));
    prepare_end(*sync_a, shard_id(i));
    store_checkpoint(shard_id(i), "SHARD_END");
  }
  for (int child = kParents; child < 3 * kParents; ++child) store_checkpoint(shard_id(child), "5");
  const auto parents_left = [&] {
    int left = 0;
    for (int i = 0; i < kParents; ++i) left += store.has(shard_id(i)) ? 1 : 0;
    return left;
  };
  base::Stop stop;
  base::Started<void> running(loop, sync_a->run(stop, [](const std::string&) {}));
  loop.run_for(59min);
  for (int i = 0; i < 60'000 && parents_left() == kParents; ++i) loop.run_for(5ms);
  ASSERT_GE(parents_left(), kParents - 2) << "the first removals";
  store.set_latency(2s);
  loop.run_for(45s);
  EXPECT_GE(parents_left(), kParents - 18) << "half a minute of two seconds each";
  store.set_latency(10ms);
  loop.run_for(10min);
  EXPECT_EQ(parents_left(), 0);
  stop.request();
  running.get();
}

}  // namespace
}  // namespace kcl::coordinator
