// What a worker takes, asks for and leaves alone, on a table that others write to as well. Names in brackets are of
// lease-traces.
#include "coordinator/coordinator.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "unit/coordinator/coordinator_fixture.h"

namespace kcl::coordinator {
namespace {

using namespace std::chrono_literals;

// ---- free at once, or by age [R4]

TEST_F(CoordinatorTest, ANewRowIsTakenAtOnce) {
  create(a);
  Member member(*this, b);
  loop.run_for(1s);
  EXPECT_TRUE(member.has(kShard));
}

TEST_F(CoordinatorTest, AReleasedLeaseIsTakenAtOnce) {
  auto hold = create_and_take(a);
  Member member(*this, b);
  loop.run_for(500ms);
  EXPECT_FALSE(member.has(kShard));
  EXPECT_TRUE(run(hold->release({})).committed());
  loop.run_for(1200ms);
  EXPECT_TRUE(member.has(kShard)) << "a scan every tenth of F";
}

// vmware-go-kcl's defect 23: there local state is cleared before the table's, and the shard is taken again meanwhile.
TEST_F(CoordinatorTest, Defect23AShardWhoseReleaseIsUnderWayIsNotTakenAgainByTheSameWorker) {
  create(a);
  Member member(*this, b);
  loop.run_for(1s);
  ASSERT_TRUE(member.has(kShard));
  const LeaseHold* releasing = member.holds.at(kShard).get();
  const std::uint64_t epoch = releasing->epoch();
  EXPECT_TRUE(run(member.holds.at(kShard)->release({})).committed());
  EXPECT_FALSE(row().owner) << "free, as the table has it; its consumer has not come to its end";
  loop.run_for(30s);
  EXPECT_EQ(member.holds.at(kShard).get(), releasing);
  EXPECT_FALSE(row().owner);
  member.holds.clear();
  loop.run_for(2s);
  ASSERT_TRUE(member.has(kShard)) << "once its consumer has ended";
  EXPECT_GT(member.holds.at(kShard)->epoch(), epoch);
}

TEST_F(CoordinatorTest, ARowThatJavaCreatedAndNeverOwnedIsTakenAtOnce) {
  java_row(std::nullopt, 0);
  Member member(*this, b);
  loop.run_for(1s);
  EXPECT_TRUE(member.has(kShard));
}

// A is still within its deadline when an operator takes its lease away.
TEST_F(CoordinatorTest, TraceR4UnownedIsNotAlwaysFree) {
  auto hold = create_and_take(a);
  Member member(*this, b);
  loop.run_for(1s);
  store.operator_releases(kShard);
  ASSERT_TRUE(hold->may_deliver());
  while (hold->may_deliver()) {
    loop.run_for(100ms);
    ASSERT_FALSE(member.has(kShard)) << "A may deliver until " << (hold->valid_until() - loop.now()).count();
  }
  loop.run_for(30s);
  EXPECT_TRUE(member.has(kShard)) << "by age";
}

// A is still within its deadline when an operator deletes its row, and somebody makes it anew.
TEST_F(CoordinatorTest, ARepairedRowIsTakenByAge) {
  auto hold = create_and_take(a);
  Lease lease;
  lease.key = kShard;
  store.erase(kShard);
  ASSERT_EQ(run(a.create(std::move(lease), leases::Origin::repair)).kind, leases::CreateResult::Kind::created);
  Member member(*this, b);
  ASSERT_TRUE(hold->may_deliver());
  while (hold->may_deliver()) {
    loop.run_for(100ms);
    ASSERT_FALSE(member.has(kShard)) << "A may deliver until " << (hold->valid_until() - loop.now()).count();
  }
  loop.run_for(30s);
  EXPECT_TRUE(member.has(kShard));
}

// Rows that Java released (evicted) or whose owner left: the counter moved, and not by us.
TEST_F(CoordinatorTest, TraceR4AnUnownedRowThatMovedOnceAges) {
  java_row(std::nullopt, 4711);
  Member member(*this, b);
  loop.run_for(19s);
  EXPECT_FALSE(member.has(kShard));
  loop.run_for(3s);
  EXPECT_TRUE(member.has(kShard));
}

TEST_F(CoordinatorTest, AHandOffOfJavaIsNotDisturbed) {
  create(a);
  store.change(kShard, {Action::set("checkpointOwner", "J")});
  Member member(*this, b);
  loop.run_for(5s);
  EXPECT_FALSE(member.has(kShard)) << "unowned, but its old owner is at work";
}

// ---- by age (C7)

TEST_F(CoordinatorTest, ALiveHolderKeepsItsLease) {
  auto hold = create_and_take(a);
  Member member(*this, b);
  renew_for(2min, *hold);
  EXPECT_FALSE(member.has(kShard));
}

TEST_F(CoordinatorTest, ADeadHoldersLeaseIsTakenAfterTheFailoverTimeAndNotBeforeItsDeadline) {
  auto hold = create_and_take(a);
  Member member(*this, b);
  renew_for(9s, *hold);
  const auto last = loop.now();
  loop.run_until(hold->valid_until());
  EXPECT_FALSE(member.has(kShard));
  loop.run_until(last + 10s);
  EXPECT_FALSE(member.has(kShard));
  loop.run_until(last + 11500ms);
  EXPECT_TRUE(member.has(kShard)) << "failover in F and about a second";
}

// Every eventually consistent scan is stale: the deciding read is not.
TEST_F(CoordinatorTest, Trace9StaleScansTakeNothingFromALiveHolder) {
  auto hold = create_and_take(a);
  store.freeze();
  Member member(*this, b);
  renew_for(2min, *hold);
  EXPECT_FALSE(member.has(kShard));
  for (const ItemUpdate& update : store.sent()) {
    for (const Action& action : update.actions) {
      EXPECT_FALSE(action.attribute == leases::kcl_row::kOwner && action.value == AttributeValue("B"))
          << "a futile take";
    }
  }
}

// Each round of a starting fleet would aim again at what others have taken since.
TEST_F(CoordinatorTest, ARefusedTakeIsNotTriedAgainOnTheWordOfAStaleScan) {
  create(a);
  store.freeze();
  auto lease = run(a.get(kShard))->lease;
  auto taken = run(a.take(*std::move(lease), {}));
  ASSERT_TRUE(taken.hold);
  const auto sent_before = store.sent().size();
  Member member(*this, b);
  loop.run_for(5s);
  EXPECT_FALSE(member.has(kShard));
  EXPECT_EQ(store.sent().size() - sent_before, 1U);
}

// The conditions of a take are what was aged: a renewal in between refuses it.
TEST_F(CoordinatorTest, Trace9ARenewalBetweenTheDecidingReadAndTheTakeWins) {
  auto hold = create_and_take(a);
  Member member(*this, b);
  store.before_next_write([&] {
    // B's take is about to be sent; A was only slow.
    store.java_renews(kShard);
  });
  loop.run_for(15s);
  EXPECT_FALSE(member.has(kShard));
  EXPECT_EQ(row().owner, "A");
}

TEST_F(CoordinatorTest, Trace10ABrownOutOfTheStoreCostsNobodyItsLease) {
  auto hold = create_and_take(a);
  Member member(*this, b);
  renew_for(9s, *hold);
  store.set_reads_fail(true);
  loop.run_for(12s);
  store.set_reads_fail(false);
  // B reads first; A's renewal comes a tenth of F later.
  loop.run_for(1500ms);
  EXPECT_FALSE(member.has(kShard));
  EXPECT_TRUE(run(hold->renew()).committed());
  renew_for(30s, *hold);
  EXPECT_FALSE(member.has(kShard));
}

TEST_F(CoordinatorTest, TraceR3AfterJavaStoleTheOldHoldersTimeCountsToo) {
  auto options = leases::options_of("A", "a");
  options.failover = 60s;
  leases::LeaseTable slow(loop, store, options);
  create(slow);
  auto hold = take(slow);
  Member member(*this, b);
  renew_for(6s, *hold);
  store.java_takes(kShard, "J");
  while (hold->may_deliver()) {
    loop.run_for(1s);
    ASSERT_FALSE(member.has(kShard));
  }
  loop.run_for(20s);
  EXPECT_TRUE(member.has(kShard));
}

// ---- [6]: own-named rows

// A take of ours that was given up lands later: the row names us, and we do not run it.
TEST_F(CoordinatorTest, Trace6ARowThatNamesUsIsTakenByAgeLikeAnyones) {
  create(a);
  Member member(*this, b);
  store.next_writes({Fate::hold_back});
  loop.run_for(2600ms);
  ASSERT_EQ(store.held(), 1U);
  store.land_next();
  ASSERT_EQ(row().owner, "B");
  loop.run_for(9s);
  EXPECT_FALSE(member.has(kShard)) << "a twin, or an earlier life of ours, may run it";
  loop.run_for(5s);
  EXPECT_TRUE(member.has(kShard));
}

TEST_F(CoordinatorTest, Trace5ATwinsLeasesAreNotOurs) {
  leases::LeaseTable twin(loop, store, leases::options_of("B", "another incarnation"));
  create(twin);
  auto hold = take(twin);
  Member member(*this, b);
  renew_for(1min, *hold);
  EXPECT_FALSE(member.has(kShard));
}

// ---- grants [R5]

TEST_F(CoordinatorTest, AGrantIsTakenAtOnceEvenIfTheClaimIsForgotten) {
  auto hold = create_and_take(a);
  claim(b);
  EXPECT_TRUE(run(hold->renew()).committed());
  EXPECT_TRUE(run(hold->grant({})).committed());
  Member member(*this, b);  // it never claimed anything
  loop.run_for(100ms);
  EXPECT_TRUE(member.has(kShard));
  EXPECT_FALSE(row().claim);
  EXPECT_GT(member.holds.at(kShard)->epoch(), hold->epoch());
}

// B claimed; Java's leader assigns the lease to B, and claim and token stay. Nobody has given B anything: A may be at
// work.
TEST_F(CoordinatorTest, TraceR5AStaleClaimWithAnOwnerAssignedByJavaIsNoGrant) {
  auto hold = create_and_take(a);
  claim(b);
  Member member(*this, b);
  loop.run_for(1s);
  store.java_takes(kShard, "B");
  ASSERT_EQ(row().claim, Claim::of(b.options().me));
  while (hold->may_deliver()) {
    loop.run_for(100ms);
    ASSERT_FALSE(member.has(kShard));
  }
  loop.run_for(30s);
  EXPECT_TRUE(member.has(kShard)) << "by age";
}

TEST_F(CoordinatorTest, TraceR5AGrantIsNoneWhileJavasHandOffGoesOn) {
  auto hold = create_and_take(a);
  claim(b);
  EXPECT_TRUE(run(hold->renew()).committed());
  EXPECT_TRUE(run(hold->grant({})).committed());
  store.change(kShard, {Action::set("checkpointOwner", "J")});
  Member member(*this, b);
  loop.run_for(5s);
  EXPECT_FALSE(member.has(kShard));
}

TEST_F(CoordinatorTest, AGrantToAnEarlierLifeIsNotOurs) {
  leases::LeaseTable earlier(loop, store, leases::options_of("B", "an earlier life"));
  auto hold = create_and_take(a);
  claim(earlier);
  EXPECT_TRUE(run(hold->renew()).committed());
  EXPECT_TRUE(run(hold->grant({})).committed());
  Member member(*this, b);
  loop.run_for(5s);
  EXPECT_FALSE(member.has(kShard)) << "that process may be alive";
  loop.run_for(10s);
  EXPECT_TRUE(member.has(kShard));
}

// ---- claims

TEST_F(CoordinatorTest, AWorkerThatJoinsAsksForItsShareAndGetsIt) {
  for (const char* key : {"s1", "s2", "s3", "s4"}) create(a, key);
  Member first(*this, a);
  loop.run_for(3s);
  EXPECT_EQ(first.holds.size(), 4U);
  Member second(*this, b);
  loop.run_for(2s);
  std::set<std::string> claimed;
  for (const auto& [key, hold] : first.holds) {
    EXPECT_TRUE(run(hold->renew()).committed());
    if (hold->claimed_by()) claimed.insert(key);
  }
  EXPECT_EQ(claimed.size(), 2U);
  for (const std::string& key : claimed) {
    EXPECT_TRUE(run(first.holds.at(key)->grant({})).committed());
    first.holds.erase(key);
  }
  loop.run_for(1500ms);
  EXPECT_EQ(second.holds.size(), 2U);
}

// A holder that does not hand over (a long callback) is left alone for a while.
TEST_F(CoordinatorTest, AClaimThatIsNotGrantedIsWithdrawnAndNotRepeatedSoon) {
  for (const char* key : {"s1", "s2"}) create(a, key);
  Member first(*this, a);
  loop.run_for(2s);
  ASSERT_EQ(first.holds.size(), 2U);
  Member second(*this, b);
  const auto pass = [&](base::Duration time) {
    for (base::Duration passed{}; passed < time; passed += 1s) {
      for (const auto& [key, hold] : first.holds) EXPECT_TRUE(run(hold->renew()).committed());
      loop.run_for(1s);
    }
  };
  pass(3s);
  const std::string claimed = store.lease("s1").claim ? "s1" : "s2";
  EXPECT_TRUE(store.lease(claimed).claim);
  pass(25s);
  EXPECT_TRUE(store.lease(claimed).claim);
  for (int i = 0; i < 5; ++i) {
    pass(5s);
    EXPECT_FALSE(store.lease(claimed).claim) << i;
  }
  EXPECT_TRUE(second.holds.empty());
}

// The grant lands just before the withdrawal: B must not forget the lease that was given to it.
TEST_F(CoordinatorTest, TraceR8AGrantThatBeatsTheWithdrawalIsTaken) {
  auto hold = create_and_take(a);
  create(a, "second");
  auto other = take(a, "second");
  Member member(*this, b);
  renew_for(3s, *hold);
  auto& claimed = hold->claimed_by() ? *hold : *other;
  ASSERT_TRUE(run(claimed.renew()).committed());
  ASSERT_TRUE(claimed.claimed_by());
  // B stops; its withdrawal finds that the lease is B's.
  EXPECT_TRUE(run(claimed.grant({})).committed());
  member.stop.request();
  member.running.get();
  EXPECT_TRUE(member.has(claimed.key())) << "to be released: left alone it would name a worker that is gone";
}

TEST_F(CoordinatorTest, AWorkerThatGoesTakesItsClaimsBack) {
  auto hold = create_and_take(a);
  create(a, "second");
  auto other = take(a, "second");
  Member member(*this, b);
  loop.run_for(2s);
  EXPECT_TRUE(store.lease(kShard).claim || store.lease("second").claim);
  member.stop.request();
  member.running.get();
  EXPECT_FALSE(store.lease(kShard).claim || store.lease("second").claim);
  EXPECT_TRUE(member.holds.empty());
}

// By count the next free lease would be A's, who has fewer. But A has just let go of it.
TEST_F(CoordinatorTest, WhoLetsGoOfALeaseIsDealtNone) {
  for (const char* key : {"s1", "s2", "s3", "s4"}) create(a, key);
  auto released = take(a, "s3");
  auto kept = take(a, "s4");
  Member member(*this, b);
  loop.run_for(2s);
  ASSERT_EQ(member.holds.size(), 2U);
  ASSERT_TRUE(run(kept->renew()).committed());
  ASSERT_TRUE(run(released->release({})).committed());
  while (!member.coordinator.last_plan().unowned_left) loop.run_for(10ms);
  EXPECT_EQ(member.coordinator.last_plan().take, std::vector<std::string>{"s3"}) << "with the first look";
}

// ---- ancestors first [12]

TEST_F(CoordinatorTest, Trace12ABlockedChildIsNotTakenBeforeItsParentIsDone) {
  create(a);
  for (const char* key : {"k1", "k2"}) {
    Lease child;
    child.key = key;
    child.parents = {kShard};
    ASSERT_EQ(run(a.create(std::move(child), leases::Origin::fresh)).kind, leases::CreateResult::Kind::created);
  }
  Member member(*this, b, {.max_leases = 2});
  loop.run_for(5s);
  EXPECT_TRUE(member.has(kShard));
  EXPECT_EQ(member.holds.size(), 1U);
  EXPECT_TRUE(run(member.holds.at(kShard)->end_shard({"k1", "k2"})).committed());
  member.holds.erase(kShard);
  loop.run_for(5s);
  EXPECT_EQ(member.holds.size(), 2U);
}

TEST_F(CoordinatorTest, Trace18AColdStartDoesNotGiveAllToTheFirst) {
  for (int i = 0; i < 16; ++i) create(a, "s" + std::to_string(i));
  Member first(*this, a);
  loop.run_for(15ms);  // it has looked, and taken one
  Member second(*this, b);
  loop.run_for(5s);
  EXPECT_EQ(first.holds.size() + second.holds.size(), 16U);
  EXPECT_GE(second.holds.size(), 6U);
  EXPECT_GE(first.holds.size(), 6U);
}

}  // namespace
}  // namespace kcl::coordinator
