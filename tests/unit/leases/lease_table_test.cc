// Creating, taking, claiming and removing leases. Names in brackets are of lease-traces.
#include "leases/lease_table.h"

#include <gtest/gtest.h>

#include <string>

#include "unit/leases/lease_fixture.h"

namespace kcl::leases {
namespace {

using namespace std::chrono_literals;
class LeaseTableTest : public LeaseTest {
 protected:
  Lease java_row(std::optional<std::string> owner, std::int64_t counter) {
    Lease lease;
    lease.key = kShard;
    lease.owner = std::move(owner);
    lease.counter = counter;
    lease.checkpoint = Position::latest();
    return lease;
  }
};

// ---- creating

TEST_F(LeaseTableTest, ARowIsCreatedOnceWhoeverIsFirst) {
  Lease lease;
  lease.key = kShard;
  base::Started one(loop, a.create(lease, Origin::fresh));
  base::Started two(loop, b.create(lease, Origin::fresh));
  EXPECT_EQ(one.get().kind, CreateResult::Kind::created);
  EXPECT_EQ(two.get().kind, CreateResult::Kind::exists);
  EXPECT_EQ(row().token->incarnation, a.options().me.incarnation);
  EXPECT_FALSE(row().owner);
  EXPECT_TRUE(row().last_written_by_kclpp()) << "free at once (R4)";
}

TEST_F(LeaseTableTest, ALostAnswerToACreationIsSettledByItsToken) {
  Lease lease;
  lease.key = kShard;
  store.next_writes({Fate::lose_answer});
  EXPECT_EQ(run(a.create(lease, Origin::fresh)).kind, CreateResult::Kind::created);
  store.next_writes({Fate::lose_request});
  EXPECT_EQ(run(b.create(lease, Origin::fresh)).kind, CreateResult::Kind::exists) << "there, but another's";
}

TEST_F(LeaseTableTest, ACreationThatMayYetLandIsUnsettled) {
  Lease lease;
  lease.key = kShard;
  store.next_writes({Fate::hold_back, Fate::throttle, Fate::misuse});
  EXPECT_EQ(run(a.create(lease, Origin::fresh)).kind, CreateResult::Kind::unsettled);
  EXPECT_EQ(run(a.create(lease, Origin::fresh)).kind, CreateResult::Kind::unsettled);
  EXPECT_EQ(run(a.create(lease, Origin::fresh)).kind, CreateResult::Kind::misuse);
  store.land_next();
  EXPECT_EQ(run(a.create(lease, Origin::fresh)).kind, CreateResult::Kind::exists);
}

TEST_F(LeaseTableTest, ARepairedRowIsNotFreeAndItsLostAnswerIsSettledAllTheSame) {
  Lease lease;
  lease.key = kShard;
  store.next_writes({Fate::lose_answer});
  EXPECT_EQ(run(a.create(lease, Origin::repair)).kind, CreateResult::Kind::created);
  EXPECT_FALSE(row().last_written_by_kclpp());
  EXPECT_GT(row().counter, 0) << "nor one of Java's that nobody ever owned";
  EXPECT_EQ(run(b.create(lease, Origin::repair)).kind, CreateResult::Kind::exists);
}

TEST_F(LeaseTableTest, CreatingNamesNoOwnerEvenIfAsked) {
  Lease lease;
  lease.key = kShard;
  lease.owner = "someone";
  lease.counter = 77;
  EXPECT_EQ(run(a.create(std::move(lease), Origin::fresh)).kind, CreateResult::Kind::created);
  EXPECT_FALSE(row().owner);
  EXPECT_NE(row().counter, 77);
}

// ---- [R7]: epochs

TEST_F(LeaseTableTest, TraceR7AnEpochGrowsWithEachTakeAlsoByTheSameWorker) {
  create(a);
  std::uint64_t last = 0;
  for (int i = 0; i < 5; ++i) {
    auto hold = take(i % 2 == 0 ? a : b);
    EXPECT_GT(hold->epoch(), last);
    EXPECT_EQ(hold->epoch(), static_cast<std::uint64_t>(row().counter)) << "the counter written by the take";
    EXPECT_TRUE(run(hold->renew()).committed());
    last = hold->epoch();
  }
}

// Whole seconds would be too coarse: a row written more than once a second outruns such a clock.
TEST_F(LeaseTableTest, TraceR7ACreatedRowCountsFromTheServersMilliseconds) {
  store.set_clock_ahead(1h);
  ASSERT_TRUE(run(a.get(kShard)));
  const auto server_ms = store.server_time().time_since_epoch().count();
  create(a);
  EXPECT_EQ(row().counter, server_ms);
  EXPECT_EQ(row().token->counter, server_ms);
}

TEST_F(LeaseTableTest, TraceR7EpochsGrowAcrossDeletionAndCreationWithinTheSameSecond) {
  auto first = create_and_take(a);
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(run(first->renew()).committed());
  store.erase(kShard);
  auto second = create_and_take(b);
  EXPECT_LT(loop.wall() - kStart, 1s) << "all of it within one second";
  EXPECT_GT(second->epoch(), first->epoch());
  EXPECT_EQ(run(first->checkpoint(at("5"))).kind, HolderResult::Kind::lost);
}

TEST_F(LeaseTableTest, TraceR7ARowThatJavaCreatedAtZeroGetsTheServersTimeAsItsEpoch) {
  store.put_lease(java_row(std::nullopt, 0));
  auto first = take(a);
  const auto server_ms = loop.wall().time_since_epoch().count();
  EXPECT_LE(server_ms - static_cast<std::int64_t>(first->epoch()), 1000);
  store.erase(kShard);
  loop.run_for(1s);
  store.put_lease(java_row(std::nullopt, 0));
  EXPECT_GT(take(b)->epoch(), first->epoch());
}

TEST_F(LeaseTableTest, TraceR7ACounterAheadOfTheClockStillGrows) {
  const std::int64_t ahead = kStart.time_since_epoch().count() * 2;
  store.put_lease(java_row("J", ahead));
  EXPECT_EQ(take(a)->epoch(), static_cast<std::uint64_t>(ahead) + 1);
}

// ---- taking

TEST_F(LeaseTableTest, ATakeIsConditionalOnTheRowAsItWasObserved) {
  struct Case {
    const char* name;
    std::function<void(ScriptedStore&)> change;
  };
  const std::vector<Case> cases{
      {"counter", [](ScriptedStore& s) { s.java_renews(kShard); }},
      {"owner", [](ScriptedStore& s) { s.change(kShard, {Action::set("leaseOwner", "X")}); }},
      {"owner removed", [](ScriptedStore& s) { s.change(kShard, {Action::remove("leaseOwner")}); }},
      {"token", [](ScriptedStore& s) { s.change(kShard, {Action::set("kclppToken", "i:1:1")}); }},
      {"row", [](ScriptedStore& s) { s.erase(kShard); }},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    auto hold = create_and_take(a);
    const Lease observed = row();
    c.change(store);
    const auto taken = run(b.take(observed, TakeMarks{}));
    EXPECT_FALSE(taken.hold);
    EXPECT_TRUE(taken.refused);
    if (store.has(kShard)) store.erase(kShard);
    loop.run_for(2s);
  }
}

TEST_F(LeaseTableTest, OfTwoTakesOneWins) {
  create(a);
  base::Started one(loop, a.take(row(), TakeMarks{}));
  base::Started two(loop, b.take(row(), TakeMarks{}));
  EXPECT_TRUE(one.get().hold);
  const auto refused = two.get();
  EXPECT_FALSE(refused.hold);
  EXPECT_EQ(refused.message, "taken by A");
}

TEST_F(LeaseTableTest, TraceR11ATakeWritesItsHoldersFailoverTime) {
  create(a);
  auto options = options_of("S", "5");
  options.failover = 60s;
  LeaseTable slow(loop, store, options);
  auto hold = take(slow);
  EXPECT_EQ(row().failover, 60s);
  EXPECT_EQ(hold->row().failover, 60s);
}

TEST_F(LeaseTableTest, ATakeRemovesTheClaimAndJavasHandOffAndCountsTheSwitch) {
  auto held = java_row("J", 3);
  held.checkpoint_owner = "J0";
  held.claim = Claim{"incarnation", "C"};
  store.put_lease(held);
  auto hold = take(a);
  EXPECT_FALSE(row().claim);
  EXPECT_FALSE(row().checkpoint_owner);
  EXPECT_EQ(row().owner_switches_since_checkpoint, 1);
  EXPECT_EQ(row().checkpoint, Position::latest()) << "Java must be able to read it";
  EXPECT_TRUE(run(hold->release({})).committed());
  take(b);
  EXPECT_EQ(row().owner_switches_since_checkpoint, 1) << "from nobody is no switch";
}

// [2c]: a row that Java created at LATEST is pinned by the same write that takes it.
TEST_F(LeaseTableTest, Trace2ATakePinsTheStartInstantOfARowThatHasNone) {
  store.put_lease(java_row(std::nullopt, 0));
  const Timestamp instant = kStart - 5s;
  EXPECT_TRUE(run(a.take(row(), {.start_instant = instant})).hold);
  EXPECT_EQ(row().from, instant);
  store.change(kShard, {Action::remove("leaseOwner")});
  EXPECT_TRUE(run(b.take(row(), {.start_instant = instant + 1h})).hold);
  EXPECT_EQ(row().from, instant) << "once";
}

TEST_F(LeaseTableTest, ATakeTellsOfWhichStreamARowOfJavasIs) {
  store.put_lease(java_row(std::nullopt, 0));
  const std::chrono::sys_seconds created(1'700'000'000s);
  EXPECT_TRUE(run(a.take(row(), {.start_instant = {}, .stream_created = created})).hold);
  EXPECT_EQ(row().stream_created, created);
}

TEST_F(LeaseTableTest, WhatAShardBringsIsStoredAsJavaStoresIt) {
  auto hold = create_and_take(a);
  hold->set_throughput(1234.5);
  EXPECT_TRUE(run(hold->renew()).committed());
  EXPECT_EQ(row().throughput_kbps, 1234.5);
  EXPECT_EQ(store.row(kShard).at("throughputKBps").get_if<Number>()->text, "1234.500000");
  store.change(kShard, {Action::set("throughputKBps", "much")});
  EXPECT_FALSE(row().throughput_kbps) << "no reason not to read the lease";
}

TEST_F(LeaseTableTest, AScanTellsWhatVersionJavaSaysItRunsAs) {
  EXPECT_FALSE(run(a.scan(true))->java_version);
  store.put({{"leaseKey", "Migration3.0"}, {"entityType", "CLIENT_VERSION_MIGRATION"}, {"cv", "CLIENT_VERSION_3X"}});
  const auto scan = run(a.scan(true));
  EXPECT_EQ(scan->java_version, "CLIENT_VERSION_3X");
  EXPECT_TRUE(scan->leases.empty());
}

TEST_F(LeaseTableTest, ALostAnswerToATakeIsSettledByItsToken) {
  create(a);
  store.next_writes({Fate::lose_answer});
  const auto sent = loop.now();
  const auto taken = run(a.take(row(), TakeMarks{}));
  ASSERT_TRUE(taken.hold);
  EXPECT_EQ(taken.hold->valid_until(), sent + a.options().holding_time());
}

// Go's defect 8: a take that lands after it was given up names us, and we do not run it. It must not pass for ours.
TEST_F(LeaseTableTest, Trace6ATakeThatLandsLateIsNobodysHold) {
  create(a);
  store.next_writes({Fate::hold_back});
  EXPECT_FALSE(run(a.take(row(), TakeMarks{})).hold);
  store.land_next();
  EXPECT_EQ(row().owner, "A");
  auto hold = take(b);
  EXPECT_EQ(row().owner, "B");
  EXPECT_TRUE(run(hold->renew()).committed());
}

TEST_F(LeaseTableTest, TraceR2ATakeWhoseAnswerIsLostIsNotOursOnceJavaStole) {
  create(a);
  store.next_writes({Fate::lose_answer});
  store.after(1s, [&] { store.java_takes(kShard, "J"); });
  const auto taken = run(a.take(row(), TakeMarks{}));
  EXPECT_FALSE(taken.hold);
  EXPECT_EQ(taken.message, "taken by J");
}

TEST_F(LeaseTableTest, Trace5ATakeOfATwinIsNotOurs) {
  LeaseTable twin(loop, store, options_of("A", "aaaaaaaa-0000-4000-8000-00000000000f"));
  create(a);
  store.next_writes({Fate::lose_request});
  base::Started ours(loop, a.take(row(), TakeMarks{}));
  loop.run_for(100ms);
  auto theirs = take(twin);
  EXPECT_FALSE(ours.get().hold) << "the row names our worker id, and another incarnation";
}

// ---- claims

TEST_F(LeaseTableTest, AClaimTouchesNeitherCounterNorToken) {
  auto hold = create_and_take(a);
  const Lease before = row();
  claim(b);
  EXPECT_EQ(row().counter, before.counter);
  EXPECT_EQ(row().token, before.token);
  EXPECT_EQ(row().owner, "A");
  EXPECT_TRUE(run(hold->checkpoint(at("3"))).committed());
  EXPECT_EQ(hold->claimed_by()->worker_id, "B") << "any holder's write shows it, a checkpoint too";
}

TEST_F(LeaseTableTest, ThereIsOneClaimAtATime) {
  auto hold = create_and_take(a);
  claim(b);
  LeaseTable c(loop, store, options_of("C", "c"));
  EXPECT_EQ(run(c.claim(row())).kind, ChangeResult::Kind::refused);
  EXPECT_EQ(row().claim->worker_id, "B");
}

TEST_F(LeaseTableTest, AClaimIsOnlyMadeToTheOwnerThatWasSeen) {
  auto hold = create_and_take(a);
  const Lease observed = row();
  store.java_takes(kShard, "J");
  EXPECT_EQ(run(b.claim(observed)).kind, ChangeResult::Kind::refused);
}

TEST_F(LeaseTableTest, TraceR8AWithdrawalIsRefusedOnceTheLeaseWasGranted) {
  auto hold = create_and_take(a);
  claim(b);
  const Lease observed = row();
  EXPECT_TRUE(run(hold->renew()).committed());
  EXPECT_TRUE(run(hold->grant({})).committed());
  EXPECT_EQ(run(b.withdraw_claim(observed)).kind, ChangeResult::Kind::refused);
  EXPECT_EQ(row().claim, Claim::of(b.options().me)) << "by which B knows that the row was given to it";
}

TEST_F(LeaseTableTest, OnlyItsOwnClaimIsWithdrawn) {
  auto hold = create_and_take(a);
  claim(b);
  LeaseTable next_life(loop, store, options_of("B", "bbbbbbbb-0000-4000-8000-00000000000f"));
  EXPECT_EQ(run(next_life.withdraw_claim(row())).kind, ChangeResult::Kind::refused);
  EXPECT_EQ(run(b.withdraw_claim(row())).kind, ChangeResult::Kind::done);
  EXPECT_FALSE(row().claim);
}

TEST_F(LeaseTableTest, AClaimedRowIsNotReserved) {
  auto hold = create_and_take(a);
  claim(b);
  LeaseTable c(loop, store, options_of("C", "c"));
  EXPECT_TRUE(run(c.take(row(), TakeMarks{})).hold);
  EXPECT_FALSE(row().claim);
}

// ---- removing

TEST_F(LeaseTableTest, OnlyARowThatNobodyTouchedIsRemoved) {
  auto hold = create_and_take(a);
  const Lease before = row();
  EXPECT_TRUE(run(hold->renew()).committed());
  EXPECT_EQ(run(b.remove(before)).kind, ChangeResult::Kind::refused);
  EXPECT_TRUE(run(hold->end_shard({"k"})).committed());
  const Lease ended = row();
  store.java_renews(kShard);
  EXPECT_EQ(run(b.remove(ended)).kind, ChangeResult::Kind::refused);
  EXPECT_EQ(run(b.remove(row())).kind, ChangeResult::Kind::done);
  EXPECT_FALSE(store.has(kShard));
}

// ---- reading (C14)

TEST_F(LeaseTableTest, RowsThatAreNoLeasesAreNoneOfOurBusiness) {
  create(a);
  for (const char* type : {"LEADER", "STREAM", "WORKER_METRIC_STATS", "CLIENT_VERSION_MIGRATION", "TABLE_MIGRATION"}) {
    store.put({{"leaseKey", std::string("row of type ") + type}, {"entityType", type}});
  }
  store.put({{"leaseKey", "lease of 3.5"},
             {"entityType", "LEASE"},
             {"leaseCounter", Number::of(0)},
             {"checkpoint", "TRIM_HORIZON"},
             {"ownerSwitchesSinceCheckpoint", Number::of(0)}});
  const auto scan = run(a.scan(true));
  ASSERT_TRUE(scan);
  ASSERT_EQ(scan->leases.size(), 2U);
  EXPECT_EQ(scan->leases[0].key, "lease of 3.5");
  EXPECT_EQ(scan->leases[1].key, kShard);
  EXPECT_TRUE(scan->unreadable.empty());
}

TEST_F(LeaseTableTest, ARowThatDoesNotParseDoesNotStopTheOthers) {
  create(a);
  store.put({{"leaseKey", "broken"}, {"checkpoint", "TRIM_HORIZON"}});
  store.put({{"leaseKey", "stranger"}});
  const auto scan = run(a.scan(false));
  ASSERT_TRUE(scan);
  ASSERT_EQ(scan->leases.size(), 1U);
  ASSERT_EQ(scan->unreadable.size(), 2U);
  EXPECT_EQ(scan->unreadable[0].key, "broken");
  EXPECT_NE(scan->unreadable[0].problem.find("leaseCounter"), std::string::npos) << scan->unreadable[0].problem;
}

TEST_F(LeaseTableTest, AScanIsAsOldAsItsFirstPageAndAsNewAsItsLast) {
  for (int i = 0; i < 5; ++i) create(a, "shard-" + std::to_string(i));
  const auto sent = loop.now();
  const auto scan = run(a.scan(true));
  ASSERT_TRUE(scan);
  EXPECT_EQ(scan->leases.size(), 5U);
  EXPECT_EQ(scan->timing.sent, sent);
  EXPECT_EQ(scan->timing.received, sent + 2 * 10ms) << "two pages";
}

TEST_F(LeaseTableTest, AScanThatFailsIsAnErrorAndNotAnEmptyTable) {
  create(a);
  store.set_reads_fail(true);
  EXPECT_FALSE(run(a.scan(true)));
  EXPECT_FALSE(run(a.get(kShard)));
}

TEST_F(LeaseTableTest, TheServersClockCountsAndNotTheHosts) {
  store.set_clock_ahead(1h);
  EXPECT_EQ(a.server_now(), loop.wall()) << "before anyone told, the host's is all there is";
  EXPECT_TRUE(run(a.get(kShard)));
  loop.run_for(5s);
  EXPECT_EQ(a.server_now(), store.server_time());
  auto hold = create_and_take(a);
  EXPECT_GE(Timestamp(std::chrono::milliseconds(hold->epoch())), loop.wall() + 59min);
}

}  // namespace
}  // namespace kcl::leases
