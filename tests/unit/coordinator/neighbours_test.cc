// Workers that are not like this one: earlier lives and twins of it, and Java. Names in brackets are of lease-traces.
#include "coordinator/neighbours.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "unit/coordinator/coordinator_fixture.h"

namespace kcl::coordinator {
namespace {

using namespace std::chrono_literals;

// ---- static identity [5]

CoordinatorOptions static_identity() {
  CoordinatorOptions options;
  options.static_identity = true;
  return options;
}

TEST_F(CoordinatorTest, StaticIdentityTakesItsOwnBackAtOnceInANewEpoch) {
  leases::LeaseTable earlier(loop, store, leases::options_of("B", "an earlier life"));
  create(earlier);
  auto before = take(earlier);
  Member member(*this, b, static_identity());
  loop.run_for(100ms);
  ASSERT_TRUE(member.has(kShard));
  EXPECT_GT(member.holds.at(kShard)->epoch(), before->epoch());
  EXPECT_EQ(run(before->checkpoint(leases::at("5"))).kind, leases::HolderResult::Kind::lost) << "fenced";
}

TEST_F(CoordinatorTest, Trace5StaticIdentityReclaimsOnceAndNeverFightsATwin) {
  create(a);
  leases::LeaseTable twin(loop, store, leases::options_of("B", "a twin"));
  Member member(*this, b, static_identity());
  loop.run_for(500ms);
  ASSERT_TRUE(member.has(kShard));
  // The twin starts now, with the same flag, and takes it.
  auto theirs = take(twin);
  member.holds.clear();
  for (int i = 0; i < 30; ++i) {
    loop.run_for(3s);
    EXPECT_TRUE(run(theirs->renew()).committed()) << "left alone";
  }
  EXPECT_FALSE(member.has(kShard));
  EXPECT_TRUE(std::ranges::count(member.events, "worker_id_in_use") == 1) << "told, once in ten minutes";
}

TEST_F(CoordinatorTest, StaticIdentityTakesNothingOfOthersOrOfJavas) {
  create(a);
  auto hold = take(a);
  store.put_lease([] {
    Lease lease;
    lease.key = "other";
    lease.owner = "B";  // as Java's leader assigns
    lease.counter = 7;
    return lease;
  }());
  Member member(*this, b, static_identity());
  loop.run_for(5s);
  EXPECT_TRUE(member.holds.empty());
}

TEST_F(CoordinatorTest, WithoutStaticIdentityAPredecessorsLeasesAgeLikeAnyones) {
  leases::LeaseTable earlier(loop, store, leases::options_of("B", "an earlier life"));
  create(earlier);
  take(earlier);
  Member member(*this, b);
  loop.run_for(9s);
  EXPECT_FALSE(member.has(kShard));
  EXPECT_EQ(std::ranges::count(member.events, "worker_id_in_use"), 0) << "it is dead";
}

// ---- beside Java [8, 9, 17, R3]

class BesideJavaTest : public CoordinatorTest {
 protected:
  static Ids keys(int count) {
    Ids keys;
    for (int i = 0; i < count; ++i) keys.push_back("s" + std::to_string(i));
    return keys;
  }
  void java_holds(const Ids& keys) {
    for (const std::string& key : keys) {
      Lease lease;
      lease.key = key;
      lease.owner = "J";
      lease.counter = 100;
      store.put_lease(lease);
    }
  }
  /// Java renews what it owns every 3.3 s.
  void java_lives_for(base::Duration time) {
    for (base::Duration passed{}; passed < time; passed += 3300ms) {
      loop.run_for(3300ms);
      for (const std::string& key : rows()) {
        if (store.lease(key).owner == "J") store.java_renews(key);
      }
    }
  }
};

TEST_F(BesideJavaTest, ItsShareIsStolenFrom2xOneByOneAndLessOften) {
  java_holds(keys(6));
  Member member(*this, b);
  java_lives_for(9s);
  EXPECT_TRUE(member.holds.empty()) << "a kclpp holder from before might be within its deadline";
  java_lives_for(15s);
  EXPECT_EQ(member.holds.size(), 1U);
  java_lives_for(20s);
  EXPECT_EQ(member.holds.size(), 2U);
  java_lives_for(2min);
  EXPECT_EQ(member.holds.size(), 3U) << "its share, and no more";
  EXPECT_EQ(std::ranges::count(member.events, "neighbours"), 1);
}

TEST(Neighbours, AreToldByWhoRenewsAndByJavasOwnVersion) {
  EXPECT_EQ(neighbours_of(false, "CLIENT_VERSION_3X"), Neighbours::none) << "it has left";
  EXPECT_EQ(neighbours_of(true, std::nullopt), Neighbours::java_2x);
  EXPECT_EQ(neighbours_of(true, "CLIENT_VERSION_2X"), Neighbours::java_2x);
  EXPECT_EQ(neighbours_of(true, "CLIENT_VERSION_UPGRADE_FROM_2X"), Neighbours::java_2x);
  EXPECT_EQ(neighbours_of(true, "CLIENT_VERSION_3X_WITH_ROLLBACK"), Neighbours::java_3x);
  EXPECT_EQ(neighbours_of(true, "CLIENT_VERSION_3X"), Neighbours::java_3x);
}

// An operator's hand leaves the counter where no kclpp worker put it, once.
TEST_F(BesideJavaTest, AnOperatorIsNoJavaWorker) {
  create(a);
  auto hold = take(a);
  Member member(*this, b);
  loop.run_for(1s);
  store.java_renews(kShard);
  loop.run_for(40s);
  EXPECT_EQ(std::ranges::count(member.events, "neighbours"), 0);
}

TEST_F(BesideJavaTest, NothingIsStolenFrom3x) {
  java_holds(keys(6));
  store.put({{"leaseKey", "Migration3.0"}, {"entityType", "CLIENT_VERSION_MIGRATION"}, {"cv", "CLIENT_VERSION_3X"}});
  Member member(*this, b);
  loop.run_for(1s);
  for (int i = 0; i < 20; ++i) {
    loop.run_for(3300ms);
    for (const std::string& key : keys(6)) store.java_renews(key);
  }
  EXPECT_TRUE(member.holds.empty());
}

TEST_F(BesideJavaTest, TheVersionIsReadFromTheTableOfTheCoordinatorTooWhileJavaLives) {
  java_holds(keys(6));
  leases::ScriptedStore state(loop, "key");
  state.put({{"key", "Migration3.0"}, {"cv", "CLIENT_VERSION_3X_WITH_ROLLBACK"}});
  CoordinatorOptions options;
  options.java_state = &state;
  Member member(*this, b, options);
  java_lives_for(2min);
  EXPECT_TRUE(member.holds.empty());
}

// Once failed: a worker that was to end once caught up found leases of a Java fleet that was gone, took them for those
// of workers that live, and ended without having read anything.
TEST_F(BesideJavaTest, WhoWasNeverSeenToMoveIsNotTakenForAlive) {
  java_holds(keys(2));
  Member member(*this, b);
  const auto begin = loop.now() - 1ms;
  loop.run_for(5s);
  EXPECT_FALSE(may_finish(member.coordinator.outlook(), begin));
  java_lives_for(4s);
  loop.run_for(2s);
  EXPECT_TRUE(may_finish(member.coordinator.outlook(), begin));
}

TEST_F(BesideJavaTest, WhatJavaLetsDieIsTakenAfterTwiceTheFailoverTime) {
  java_holds(keys(2));
  Member member(*this, b);
  java_lives_for(7s);
  loop.run_for(12s);
  EXPECT_LE(member.holds.size(), 1U) << "its share, stolen: nobody can tell yet that it is dead";
  loop.run_for(12s);
  EXPECT_EQ(member.holds.size(), 2U);
}

}  // namespace
}  // namespace kcl::coordinator
