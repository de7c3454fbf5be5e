// Worker B among rows of vmware-go-kcl, whose workers live beside it. F is ten seconds. "Rule N" are those for
// neighbours of live Go workers.
#include <gtest/gtest.h>

#include "leases/go_time.h"
#include "leases/vmware_go_row.h"
#include "unit/coordinator/coordinator_fixture.h"

namespace kcl::coordinator {
namespace {

using namespace std::chrono_literals;

class VmwareGoTest : public CoordinatorTest {
 protected:
  VmwareGoTest() : CoordinatorTest(LeaseFormat::vmware_go) {}

  std::string in(std::chrono::milliseconds time) {
    const auto at = store.server_time() + time;
    return leases::format_go_time(at.time_since_epoch().count() * 1'000'000 + 123'456);
  }
  /// As vmware-go-kcl writes: the whole row is replaced.
  void go_puts(Item row_of_go) {
    row_of_go.emplace("ShardID", kShard);
    if (store.has(kShard)) store.erase(kShard);
    store.put(std::move(row_of_go));
  }
  void go_holds(std::chrono::milliseconds until, const std::string& owner = "go-1") {
    go_puts({{"AssignedTo", owner}, {"LeaseTimeout", in(until)}, {"Checkpoint", "5"}});
  }
  /// A Go worker renews every 2.5 seconds of `time`, by PutItem from memory.
  void go_renews_for(base::Duration time) {
    for (base::Duration passed{}; passed < time; passed += 2500ms) {
      go_holds(10s);
      loop.run_for(2500ms);
    }
  }
};

TEST_F(VmwareGoTest, AnEmptyTableGetsTheApplicationsRowFirstAndThenRows) {
  auto sync = make_sync(a, shards::InitialPosition::latest);
  this->sync(*sync);
  ASSERT_FALSE(creations().empty());
  EXPECT_EQ(creations().front(), "kclpp");
  EXPECT_EQ(rows(), (Ids{"kclpp", shard_id(0), shard_id(1)}));
  EXPECT_LE(sync->last_view().start_instant, kinesis->server_time() - 2s);
  EXPECT_GE(sync->last_view().start_instant, kinesis->server_time() - 3s);
}

TEST_F(VmwareGoTest, TraceR6EveryWorkersStartIsThatOfTheFirstsRow) {
  auto first = make_sync(a, shards::InitialPosition::latest);
  sync(*first);
  const auto start = first->last_view().start_instant;
  loop.run_for(1h);
  auto second = make_sync(b, shards::InitialPosition::latest);
  sync(*second);
  EXPECT_EQ(second->last_view().start_instant, start);
  auto third = make_sync(b, shards::InitialPosition::trim_horizon);
  sync(*third);
  EXPECT_EQ(third->last_view().start_instant, start);
}

TEST_F(VmwareGoTest, TheStartSurvivesWhoeverDeletesItsRow) {
  auto first = make_sync(a, shards::InitialPosition::latest);
  sync(*first);
  const auto start = first->last_view().start_instant;
  loop.run_for(1h);
  store.erase("kclpp");
  sync(*first);
  EXPECT_TRUE(store.has("kclpp"));
  auto second = make_sync(b, shards::InitialPosition::latest);
  sync(*second);
  EXPECT_EQ(second->last_view().start_instant, start);
}

TEST_F(VmwareGoTest, Defect24ARecreatedStreamIsNoticed) {
  auto first = make_sync(a);
  sync(*first);
  make_stream(2);
  auto second = make_sync(b);
  const auto result = run(second->sync());
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, SyncError::Kind::conflict);
}

// Defect 2: in a Go fleet at LATEST, what is put between a split and the first read of a child is skipped.
TEST_F(VmwareGoTest, Defect2ChildrenOfAShardThatGoReadAreReadFromTheirBeginning) {
  go_holds(10s);
  split(kShard);
  loop.run_for(1min);
  split(shard_id(2));
  loop.run_for(1min);
  // Only now the first worker of ours comes, at LATEST.
  auto joined = make_sync(b, shards::InitialPosition::latest);
  sync(*joined);
  loop.run_for(10s);
  sync(*joined);
  for (const int child : {2, 3, 4, 5}) {
    ASSERT_TRUE(store.has(shard_id(child))) << child;
    leases::Lease lease = store.lease(shard_id(child));
    // Its parents are done.
    store.change(kShard, {Action::set("Checkpoint", "SHARD_END")});
    if (child > 3) store.change(shard_id(2), {Action::set("Checkpoint", "SHARD_END")});
    const auto admission = run(joined->admit(lease));
    ASSERT_TRUE(admission);
    EXPECT_TRUE(admission->blocking_parents.empty()) << child;
    EXPECT_EQ(admission->read_from.kind, shards::ReadFrom::Kind::trim_horizon) << child;
  }
}

TEST_F(VmwareGoTest, AShardThatNobodyReadIsReadFromTheStart) {
  auto joined = make_sync(b, shards::InitialPosition::latest);
  sync(*joined);
  const auto admission = run(joined->admit(store.lease(kShard)));
  ASSERT_TRUE(admission);
  EXPECT_EQ(admission->read_from.kind, shards::ReadFrom::Kind::timestamp);
  EXPECT_EQ(admission->read_from.timestamp, joined->last_view().start_instant);
}

TEST_F(VmwareGoTest, Defect4AParentWithoutACheckpointBlocks) {
  auto mine = make_sync(b);
  sync(*mine);
  split(kShard);
  sync(*mine);
  loop.run_for(10s);
  sync(*mine);
  ASSERT_TRUE(store.has(shard_id(2)));
  ASSERT_FALSE(store.row(kShard).contains("Checkpoint"));
  const auto admission = run(mine->admit(store.lease(shard_id(2))));
  ASSERT_TRUE(admission);
  EXPECT_EQ(admission->blocking_parents, Ids{kShard});
}

TEST_F(VmwareGoTest, Defect4BothParentsOfAMergeBlockThoughOneIsStored) {
  auto mine = make_sync(b);
  sync(*mine);
  merge(shard_id(0), shard_id(1));
  sync(*mine);
  loop.run_for(10s);
  sync(*mine);
  EXPECT_EQ(store.lease(shard_id(2)).parents.size(), 1U);
  const auto admission = run(mine->admit(store.lease(shard_id(2))));
  ASSERT_TRUE(admission);
  EXPECT_EQ(admission->blocking_parents, (Ids{shard_id(0), shard_id(1)}));
}

TEST_F(VmwareGoTest, Rule11EndedRowsStayForAsLongAsTheirShardsAreListed) {
  make_stream(2, 1h);
  auto mine = make_sync(b);
  sync(*mine);
  split(kShard);
  store.change(kShard, {Action::set("Checkpoint", "SHARD_END")});
  base::Stop stop;
  base::Started<void> running(loop, mine->run(stop, [](const std::string&) {}));
  loop.run_for(59min);
  EXPECT_TRUE(store.has(kShard));
  loop.run_for(12min);
  EXPECT_FALSE(store.has(kShard)) << "the service has forgotten it";
  EXPECT_TRUE(store.has(shard_id(2)));
  EXPECT_TRUE(store.has("kclpp"));
  stop.request();
}

TEST_F(VmwareGoTest, ANewRowIsTakenAtOnce) {
  Member member(*this, b);
  loop.run_for(2s);
  EXPECT_TRUE(member.has(kShard));
  EXPECT_TRUE(member.has(shard_id(1)));
}

TEST_F(VmwareGoTest, WhatAWorkerOfOursReleasedIsTakenAtOnce) {
  auto hold = create_and_take(a);
  Member member(*this, b);
  EXPECT_TRUE(run(hold->release(std::nullopt)).committed());
  loop.run_for(2s);
  EXPECT_TRUE(member.has(kShard));
}

TEST_F(VmwareGoTest, WhatAGoWorkerReleasedIsTakenOnceItHasStoodStill) {
  go_holds(10s);
  Member member(*this, b);
  store.change(kShard, {Action::remove("AssignedTo")});
  loop.run_for(9s);
  EXPECT_FALSE(member.has(kShard)) << "a zombie's release says nothing of whoever holds it";
  loop.run_for(3s);
  EXPECT_TRUE(member.has(kShard));
}

TEST_F(VmwareGoTest, TraceR4AnOperatorsReleaseOfALiveLeaseAges) {
  auto hold = create_and_take(a);
  Member member(*this, b);
  EXPECT_TRUE(run(hold->renew()).committed());
  store.change(kShard, {Action::remove("AssignedTo")});
  loop.run_until(hold->valid_until());
  EXPECT_FALSE(member.has(kShard));
  loop.run_for(5s);
  EXPECT_TRUE(member.has(kShard));
}

TEST_F(VmwareGoTest, ALiveGoWorkerKeepsItsLease) {
  go_holds(10s);
  Member member(*this, b);
  go_renews_for(5min);
  EXPECT_FALSE(member.has(kShard));
}

TEST_F(VmwareGoTest, ADeadWorkersLeaseIsTakenAfterTheFailoverTime) {
  for (const bool go : {true, false}) {
    if (store.has(kShard)) store.erase(kShard);
    std::unique_ptr<LeaseHold> hold;
    if (go) {
      go_holds(10s);
    } else {
      hold = create_and_take(a);
    }
    Member member(*this, b);
    loop.run_for(9500ms);
    EXPECT_FALSE(member.has(kShard)) << go;
    loop.run_for(3s);
    EXPECT_TRUE(member.has(kShard)) << go;
    member.stop.request();
    loop.run_for(1s);
  }
}

// Defect 17: a clock that is slow makes expired leases.
TEST_F(VmwareGoTest, Rule5AnExpiredTimeThatMovesIsNoInvitation) {
  go_holds(-30s);
  Member member(*this, b);
  for (int i = 0; i < 60; ++i) {
    go_holds(-30s);
    loop.run_for(2500ms);
  }
  EXPECT_FALSE(member.has(kShard));
}

// Its renewals hang, its checkpoints do not: they leave LeaseTimeout as it was.
TEST_F(VmwareGoTest, Rule5ACheckpointAloneIsASignOfLife) {
  const std::string until = in(10s);
  go_puts({{"AssignedTo", "go-1"}, {"LeaseTimeout", until}, {"Checkpoint", "5"}});
  Member member(*this, b);
  for (int number = 6; number < 66; ++number) {
    go_puts({{"AssignedTo", "go-1"}, {"LeaseTimeout", until}, {"Checkpoint", std::to_string(number)}});
    loop.run_for(1s);
  }
  EXPECT_FALSE(member.has(kShard));
  loop.run_for(12s);
  EXPECT_TRUE(member.has(kShard));
}

TEST_F(VmwareGoTest, Trace16ADeadWorkersFastClockKeepsNobodyForLongerThanAMinute) {
  go_holds(1h);
  Member member(*this, b);
  loop.run_for(59s);
  EXPECT_FALSE(member.has(kShard));
  loop.run_for(4s);
  EXPECT_TRUE(member.has(kShard));
}

TEST_F(VmwareGoTest, Rule4ALiveClaimOfAnotherIsRespectedAndADeadOneIsNot) {
  go_puts({{"LeaseTimeout", in(10s)}, {"Checkpoint", "5"}, {"ClaimRequest", "go-2"}});
  Member member(*this, b);
  loop.run_for(2min);
  EXPECT_FALSE(member.has(kShard)) << "its claimer comes within 90 s";
  loop.run_for(15s);
  EXPECT_TRUE(member.has(kShard));
  EXPECT_FALSE(store.row(kShard).contains("ClaimRequest"));
}

TEST_F(VmwareGoTest, AGrantOfOursIsTakenAtOnceEvenIfTheClaimIsForgotten) {
  auto hold = create_and_take(a);
  claim(b);
  EXPECT_TRUE(run(hold->renew()).committed());
  EXPECT_TRUE(run(hold->grant(std::nullopt)).committed());
  Member member(*this, b);
  loop.run_for(1s);
  EXPECT_TRUE(member.has(kShard));
}

TEST_F(VmwareGoTest, Rule9AFairShareIsClaimedFromAGoWorkerAndTakenWhenItLetsGo) {
  go_holds(10s);
  Item second = store.row(kShard);
  second.insert_or_assign("ShardID", shard_id(1));
  store.put(second);
  Member member(*this, b);
  std::string claimed;
  for (int i = 0; i < 8 && claimed.empty(); ++i) {
    loop.run_for(1s);
    for (const std::string& id : {shard_id(0), shard_id(1)}) {
      if (store.row(id).contains("ClaimRequest")) claimed = id;
    }
  }
  ASSERT_FALSE(claimed.empty());
  EXPECT_EQ(store.row(claimed).at("ClaimRequest"), AttributeValue("B"));
  // It sees the claim instead of renewing, and releases.
  store.change(claimed, {Action::remove("AssignedTo")});
  loop.run_for(14s);
  EXPECT_TRUE(member.has(claimed));
}

// Left on a row without an owner it would keep everyone away for two minutes.
TEST_F(VmwareGoTest, AWorkerThatGoesLeavesNoClaimOnWhatAGoWorkerLetGo) {
  go_holds(10s);
  Item second = store.row(kShard);
  second.insert_or_assign("ShardID", shard_id(1));
  store.put(second);
  Member member(*this, b);
  loop.run_for(8s);
  Ids claimed;
  for (const std::string& id : {shard_id(0), shard_id(1)}) {
    if (!store.row(id).contains("ClaimRequest")) continue;
    claimed.push_back(id);
    store.change(id, {Action::remove("AssignedTo")});
  }
  ASSERT_FALSE(claimed.empty());
  member.stop.request();
  loop.run_for(2s);
  for (const std::string& id : claimed) EXPECT_FALSE(store.row(id).contains("ClaimRequest")) << id;
}

TEST_F(VmwareGoTest, Rule9AClaimThatIsErasedIsMadeAgainAndThenLeftForAWhile) {
  Member member(*this, b);
  loop.run_for(2s);
  member.stop.request();
  loop.run_for(1s);
  int claims = 0;
  const auto go_renews_both = [&] {
    for (const std::string& id : {shard_id(0), shard_id(1)}) {
      claims += store.has(id) && store.row(id).contains("ClaimRequest");
      if (store.has(id)) store.erase(id);
      store.put({{"ShardID", id}, {"AssignedTo", "go-1"}, {"LeaseTimeout", in(10s)}, {"Checkpoint", "5"}});
    }
  };
  go_renews_both();
  Member stubborn(*this, b);
  for (int i = 0; i < 120; ++i) {
    loop.run_for(2500ms);
    go_renews_both();
  }
  EXPECT_GE(claims, 6);
  EXPECT_LE(claims, 40) << "neither in every look nor for ever";
}

TEST_F(VmwareGoTest, Rule10AnAlertTellsOfAZombiesCheckpoint) {
  auto hold = create_and_take(a);
  EXPECT_TRUE(run(hold->checkpoint(leases::at("9"))).committed());
  Member member(*this, b);
  loop.run_for(2s);
  go_puts({{"AssignedTo", "go-1"}, {"LeaseTimeout", in(-20s)}, {"Checkpoint", "4"}});
  loop.run_for(3s);
  EXPECT_EQ(std::ranges::count(member.events, "checkpoint_moved_back"), 1);
}

TEST_F(VmwareGoTest, Rule12ATwinIsReported) {
  leases::LeaseTable twin(loop, store, leases::options_of("B", "another life", format));
  auto its = create_and_take(twin);
  Member member(*this, b);
  renew_for(30s, *its);
  EXPECT_FALSE(member.has(kShard));
  EXPECT_EQ(std::ranges::count(member.events, "worker_id_in_use"), 1);
}

}  // namespace
}  // namespace kcl::coordinator
