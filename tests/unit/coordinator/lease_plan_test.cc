// Which leases a worker takes and asks for: tables.
#include "coordinator/lease_plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace kcl::coordinator {
namespace {

using State = PlanLease::State;
using Keys = std::vector<std::string>;

/// `count` leases called `prefix`0, `prefix`1, …
void add(PlanInput& input, std::size_t count, const std::string& prefix, State state, const std::string& owner = "") {
  for (std::size_t i = 0; i < count; ++i) {
    PlanLease lease;
    lease.key = prefix + std::to_string(i);
    lease.state = state;
    lease.owner = state == State::ours ? input.me : owner;
    input.leases.push_back(std::move(lease));
  }
}

PlanInput plan_of(std::size_t round_limit = 1000) {
  PlanInput input;
  input.me = "me";
  input.round_limit = round_limit;
  return input;
}

template <class Change>
void change(PlanInput& input, const std::string& prefix, Change apply) {
  for (PlanLease& lease : input.leases) {
    if (lease.key.starts_with(prefix)) apply(lease);
  }
}

// ---- fair share

TEST(LeasePlan, TakesItsFairShareOfWhatIsFree) {
  struct Case {
    std::size_t free;
    std::size_t other_workers;  // with one lease each
    std::size_t taken;
  };
  // Alone: everything. Else the ceiling of the average, so that nothing is left over.
  for (const Case& c : {Case{0, 0, 0}, Case{7, 0, 7}, Case{7, 1, 4}, Case{7, 2, 3}, Case{10, 2, 4}, Case{1, 5, 1}}) {
    auto input = plan_of();
    add(input, c.free, "free", State::free);
    for (std::size_t i = 0; i < c.other_workers; ++i) {
      add(input, 1, "theirs of " + std::to_string(i) + " ", State::theirs, "w" + std::to_string(i));
    }
    const auto plan = plan_leases(input);
    EXPECT_EQ(plan.take.size(), c.taken) << c.free << " free, others " << c.other_workers;
    EXPECT_EQ(plan.workers, c.other_workers + 1);
    EXPECT_EQ(plan.load, c.free + c.other_workers);
    EXPECT_EQ(plan.unowned_left, c.free > 0);
    EXPECT_TRUE(plan.claim.empty() || c.free == 0) << "what lies free is spread first";
  }
}

TEST(LeasePlan, ExpiredLeasesAreTakenLikeFreeOnes) {
  auto input = plan_of();
  add(input, 2, "free", State::free);
  add(input, 3, "expired", State::expired, "dead");
  EXPECT_EQ(plan_leases(input).take.size(), 5U);
}

TEST(LeasePlan, NothingIsTakenBeforeItIsOldEnough) {
  auto input = plan_of();
  add(input, 4, "waiting", State::waiting, "me");
  const auto plan = plan_leases(input);
  EXPECT_TRUE(plan.take.empty());
  EXPECT_TRUE(plan.claim.empty());
  EXPECT_FALSE(plan.unowned_left);
}

TEST(LeasePlan, TheDeadAreNoWorkers) {
  auto input = plan_of();
  add(input, 4, "expired", State::expired, "dead");
  add(input, 4, "waiting", State::waiting, "dying");
  add(input, 4, "theirs", State::theirs, "alive");
  EXPECT_EQ(plan_leases(input).workers, 2U);
}

// All renew within a third of the failover time of each other, so the last of a dead worker's leases expires that much
// after the first. Until then nobody would have room for the first.
TEST(LeasePlan, WhoHasLetALeaseExpireIsNoWorker) {
  auto input = plan_of();
  add(input, 4, "ours", State::ours);
  add(input, 3, "not yet", State::theirs, "dead");
  EXPECT_EQ(plan_leases(input).workers, 2U);
  add(input, 1, "expired", State::expired, "dead");
  const auto plan = plan_leases(input);
  EXPECT_EQ(plan.workers, 1U);
  EXPECT_EQ(plan.take, Keys{"expired0"}) << "the share is that of one worker now";
  // A row that names this worker, which does not run it: it is alive all the same.
  change(input, "expired", [](PlanLease& l) { l.owner = "me"; });
  EXPECT_EQ(plan_leases(input).workers, 2U);
  EXPECT_EQ(plan_leases(input).take.size(), 0U);
}

// A worker that leaves releases its leases one after the other, and scans show them late: as long as others still name
// it, it has least of all, and everything was dealt to it.
TEST(LeasePlan, WhoHasLetGoOfALeaseIsNoWorker) {
  auto input = plan_of();
  add(input, 4, "ours", State::ours);
  add(input, 4, "theirs", State::theirs, "other");
  add(input, 1, "not yet", State::theirs, "leaving");
  add(input, 2, "free", State::free);
  EXPECT_EQ(plan_leases(input).workers, 3U);
  EXPECT_EQ(plan_leases(input).take.size(), 0U);
  change(input, "free", [](PlanLease& l) { l.let_go_by = "leaving"; });
  EXPECT_EQ(plan_leases(input).workers, 2U);
  EXPECT_EQ(plan_leases(input).take.size(), 1U);
  // Of this worker itself, whose program gave the shard back: it is alive all the same.
  change(input, "free", [](PlanLease& l) { l.let_go_by = "me"; });
  EXPECT_EQ(plan_leases(input).workers, 3U);
}

// ---- the deal

/// Where leases end up when each of `workers` plans by the same scan: the plans' takes, by worker.
std::map<std::string, Keys> takes_of_all(const std::map<std::string, std::size_t>& workers, std::size_t free) {
  std::map<std::string, Keys> takes;
  for (const auto& [me, load] : workers) {
    PlanInput input;
    input.me = me;
    for (const auto& [other, others_load] : workers)
      add(input, others_load, "of " + other + ' ', other == me ? State::ours : State::theirs, other);
    add(input, free, "free", State::free);
    input.round_limit = 1'000;
    takes[me] = plan_leases(input).take;
  }
  return takes;
}

TEST(LeasePlan, WhatLiesFreeIsDealtOutOnceAndEvenly) {
  for (std::size_t workers = 2; workers <= 12; ++workers) {
    std::map<std::string, std::size_t> loads;
    for (std::size_t i = 0; i < workers; ++i) loads["worker-" + std::to_string(i)] = 20 + i % 3;
    constexpr std::size_t kFree = 29;
    std::set<std::string> taken;
    for (const auto& [worker, keys] : takes_of_all(loads, kFree)) {
      for (const auto& key : keys) EXPECT_TRUE(taken.insert(key).second) << key << " is taken by two";
      loads[worker] += keys.size();
    }
    EXPECT_EQ(taken.size(), kFree);
    const auto [least, most] =
        std::ranges::minmax_element(loads, {}, &std::map<std::string, std::size_t>::value_type::second);
    EXPECT_LE(most->second, least->second + 1) << workers;
  }
}

TEST(LeasePlan, WhatItsTakerLeavesLyingAnotherWithRoomTakes) {
  auto input = plan_of();
  add(input, 2, "ours", State::ours);
  add(input, 1, "theirs", State::theirs, "capped");
  add(input, 1, "free", State::free);
  add(input, 2, "of b ", State::theirs, "b");
  EXPECT_TRUE(plan_leases(input).take.empty()) << "dealt to the other, which has least";
  change(input, "free", [](PlanLease& l) { l.left_lying = true; });
  EXPECT_TRUE(plan_leases(input).take.empty()) << "no room in the fair share of two";
  add(input, 1, "more of b ", State::theirs, "b");
  EXPECT_EQ(plan_leases(input).take, Keys{"free0"});
}

TEST(LeasePlan, AFreeLeaseIsUnsettledUntilItIsOverdue) {
  auto input = plan_of();
  input.max_leases = 0;
  EXPECT_FALSE(plan_leases(input).unsettled);
  add(input, 2, "free", State::free);
  EXPECT_TRUE(plan_leases(input).unsettled);
  change(input, "free", [](PlanLease& l) { l.overdue = true; });
  EXPECT_FALSE(plan_leases(input).unsettled) << "or a fleet at its caps would look without pause";
}

TEST(LeasePlan, EndedAndBlockedLeasesAreNeitherTakenNorLoadNorAskedFor) {
  auto input = plan_of();
  add(input, 10, "ended", State::free);
  add(input, 10, "blocked", State::expired);
  add(input, 10, "their ended", State::theirs, "w");
  add(input, 10, "our blocked", State::ours);
  change(input, "ended", [](PlanLease& l) { l.ended = true; });
  change(input, "their ended", [](PlanLease& l) { l.ended = true; });
  change(input, "blocked", [](PlanLease& l) { l.blocked = true; });
  change(input, "our blocked", [](PlanLease& l) { l.blocked = true; });
  const auto plan = plan_leases(input);
  EXPECT_TRUE(plan.take.empty());
  EXPECT_TRUE(plan.claim.empty());
  EXPECT_EQ(plan.load, 0U);
  EXPECT_EQ(plan.workers, 2U) << "an owner is alive even if all its leases have ended";
  EXPECT_FALSE(plan.unowned_left);
}

// ---- lease-traces 18: doubling rounds

TEST(LeasePlan, Trace18ARoundTakesNoMoreThanItsLimit) {
  for (const std::size_t limit : {0U, 1U, 2U, 4U, 64U}) {
    auto input = plan_of(limit);
    add(input, 10, "free", State::free);
    EXPECT_EQ(plan_leases(input).take.size(), std::min<std::size_t>(limit, 10));
    auto claims = plan_of(limit);
    add(claims, 10, "theirs", State::theirs, "w");
    EXPECT_EQ(plan_leases(claims).claim.size(), std::min<std::size_t>(limit, 5));
  }
}

TEST(LeasePlan, Trace18WhileMostLeasesHaveOwnersNobodyIsStartingAndARoundHasNoLimit) {
  auto input = plan_of(1);
  add(input, 5, "free", State::free);
  add(input, 4, "ours", State::ours);
  EXPECT_EQ(plan_leases(input).take.size(), 1U);
  add(input, 1, "more of ours", State::ours);
  EXPECT_EQ(plan_leases(input).take.size(), 5U);
}

// ---- overdue

TEST(LeasePlan, BeyondItsShareAWorkerTakesOnlyWhatIsOverdue) {
  auto input = plan_of();
  add(input, 2, "ours", State::ours);
  add(input, 2, "theirs", State::theirs, "w");
  add(input, 2, "free", State::free);  // fair share 3
  EXPECT_EQ(plan_leases(input).take.size(), 1U);
  change(input, "free", [](PlanLease& l) { l.overdue = true; });
  EXPECT_EQ(plan_leases(input).take.size(), 2U) << "the other has no room for it, or it would have taken it";
}

// ---- caps, lease-traces 12

TEST(LeasePlan, TheCapHoldsForTakesOverdueOnesAndClaims) {
  auto input = plan_of();
  input.max_leases = 3;
  add(input, 2, "ours", State::ours);
  add(input, 5, "free", State::free);
  change(input, "free", [](PlanLease& l) { l.overdue = true; });
  EXPECT_EQ(plan_leases(input).take.size(), 1U);
  auto claims = plan_of();
  claims.max_leases = 3;
  add(claims, 2, "ours", State::ours);
  add(claims, 20, "theirs", State::theirs, "w");
  EXPECT_EQ(plan_leases(claims).claim.size(), 1U);
}

// One worker, a cap of two, P unfinished, K1 and K2 its children: the cap must not keep P from being read.
TEST(LeasePlan, Trace12TheCapDoesNotKeepAnAncestorFromBeingTaken) {
  auto input = plan_of();
  input.max_leases = 2;
  add(input, 2, "child", State::free);
  change(input, "child", [](PlanLease& l) { l.blocked = true; });
  add(input, 1, "parent", State::free);
  EXPECT_EQ(plan_leases(input).take, Keys{"parent0"});

  // Nor if the children are held already (their parent's row was created late).
  change(input, "child", [](PlanLease& l) { l.state = State::ours; });
  EXPECT_EQ(plan_leases(input).take, Keys{"parent0"});
}

TEST(LeasePlan, ACapOfZeroTakesNothing) {
  auto input = plan_of();
  input.max_leases = 0;
  add(input, 3, "free", State::free);
  EXPECT_TRUE(plan_leases(input).take.empty());
}

// ---- claims: least movement

TEST(LeasePlan, ALeaseIsAskedForOnlyWhileThatEvensTheTwoOut) {
  struct Case {
    std::size_t ours;
    std::size_t theirs;
    std::size_t claimed;
  };
  for (const Case& c : {Case{0, 1, 0}, Case{0, 2, 1}, Case{0, 3, 1}, Case{0, 4, 2}, Case{1, 2, 0}, Case{1, 3, 1},
                        Case{3, 3, 0}, Case{4, 2, 0}, Case{0, 9, 4}, Case{2, 9, 3}}) {
    auto input = plan_of();
    add(input, c.ours, "ours", State::ours);
    add(input, c.theirs, "theirs", State::theirs, "w");
    EXPECT_EQ(plan_leases(input).claim.size(), c.claimed) << c.ours << " and " << c.theirs;
  }
}

TEST(LeasePlan, TheMostLoadedIsAskedFirst) {
  auto input = plan_of(1);
  add(input, 3, "of a ", State::theirs, "a");
  add(input, 6, "of b ", State::theirs, "b");
  add(input, 4, "of c ", State::theirs, "c");
  const auto plan = plan_leases(input);
  ASSERT_EQ(plan.claim.size(), 1U);
  EXPECT_TRUE(plan.claim[0].starts_with("of b ")) << plan.claim[0];
}

TEST(LeasePlan, AClaimUnderWayCountsAsIfItHadBeenGranted) {
  auto input = plan_of();
  add(input, 4, "theirs", State::theirs, "w");
  input.leases[0].claimer = "me";
  input.leases[1].claimer = "me";
  EXPECT_TRUE(plan_leases(input).claim.empty()) << "two and two, once they are granted";
  // Another's claim takes from the same owner.
  input.leases[1].claimer = "x";
  EXPECT_EQ(plan_leases(input).workers, 3U);
  EXPECT_TRUE(plan_leases(input).claim.empty()) << "one, one, and two";
}

TEST(LeasePlan, ALeaseThatIsAskedForIsNotAskedForAgain) {
  auto input = plan_of();
  add(input, 6, "theirs", State::theirs, "w");
  change(input, "theirs", [](PlanLease& l) { l.claimer = "x"; });
  EXPECT_TRUE(plan_leases(input).claim.empty());
}

TEST(LeasePlan, ABalancedFleetMovesNothing) {
  for (const std::size_t each : {1U, 5U}) {
    for (const std::size_t extra_theirs : {0U, 1U}) {
      auto input = plan_of();
      add(input, each, "ours", State::ours);
      add(input, each + extra_theirs, "of a ", State::theirs, "a");
      add(input, each, "of b ", State::theirs, "b");
      const auto plan = plan_leases(input);
      EXPECT_TRUE(plan.take.empty());
      EXPECT_TRUE(plan.claim.empty());
    }
  }
}

// ---- determinism and spread

// ---- by what leases bring

void brings(PlanInput& input, const std::string& prefix, double kbps) {
  change(input, prefix, [&](PlanLease& lease) { lease.throughput_kbps = kbps; });
}

TEST(LeasePlan, ByThroughputTheLeaseThatEvensOutBestIsAskedFor) {
  auto input = plan_of();
  input.balance = LeaseBalance::throughput;
  add(input, 1, "mine", State::ours);
  add(input, 1, "hot", State::theirs, "w1");
  add(input, 1, "warm", State::theirs, "w1");
  add(input, 1, "cool", State::theirs, "w1");
  brings(input, "mine", 1000);
  brings(input, "hot", 3000);
  brings(input, "warm", 900);
  brings(input, "cool", 100);
  EXPECT_EQ(plan_leases(input).claim, (Keys{"warm0", "cool0"})) << "4000 against 1000: half of the gap is 1500";
}

TEST(LeasePlan, ByThroughputOneHotLeaseStaysWhereItIs) {
  auto input = plan_of();
  input.balance = LeaseBalance::throughput;
  add(input, 1, "mine", State::ours);
  add(input, 1, "hot", State::theirs, "w1");
  brings(input, "mine", 10);
  brings(input, "hot", 5000);
  EXPECT_TRUE(plan_leases(input).claim.empty()) << "moving it would only move the load";
}

TEST(LeasePlan, ByThroughputIdleLeasesCountAlike) {
  auto input = plan_of();
  input.balance = LeaseBalance::throughput;
  add(input, 6, "theirs", State::theirs, "w1");
  brings(input, "theirs", 0);
  EXPECT_EQ(plan_leases(input).claim.size(), 3U);
  for (PlanLease& lease : input.leases) lease.throughput_kbps.reset();
  EXPECT_EQ(plan_leases(input).claim.size(), 3U);
}

TEST(LeasePlan, ByThroughputTheCapHolds) {
  auto input = plan_of();
  input.balance = LeaseBalance::throughput;
  input.max_leases = 2;
  add(input, 6, "theirs", State::theirs, "w1");
  brings(input, "theirs", 100);
  EXPECT_EQ(plan_leases(input).claim.size(), 2U);
}

// ---- beside Java

PlanInput beside_java(Neighbours neighbours) {
  auto input = plan_of();
  input.neighbours = neighbours;
  input.may_steal = true;
  add(input, 1, "mine", State::ours);
  add(input, 9, "java", State::theirs, "j");
  change(input, "java", [](PlanLease& lease) { lease.foreign = lease.stealable = true; });
  return input;
}

TEST(LeasePlan, From2xOneLeaseIsStolenAndNoneClaimed) {
  const auto plan = plan_leases(beside_java(Neighbours::java_2x));
  EXPECT_EQ(plan.steal.size(), 1U);
  EXPECT_TRUE(plan.claim.empty());
}

TEST(LeasePlan, From2xNothingIsStolenBeforeItsTime) {
  auto input = beside_java(Neighbours::java_2x);
  input.may_steal = false;
  EXPECT_TRUE(plan_leases(input).steal.empty());
  input = beside_java(Neighbours::java_2x);
  change(input, "java", [](PlanLease& lease) { lease.stealable = false; });
  const auto plan = plan_leases(input);
  EXPECT_TRUE(plan.steal.empty() && plan.claim.empty());
}

TEST(LeasePlan, From2xNothingIsStolenThatWouldNotEvenOut) {
  auto input = plan_of();
  input.neighbours = Neighbours::java_2x;
  input.may_steal = true;
  add(input, 4, "mine", State::ours);
  add(input, 5, "java", State::theirs, "j");
  change(input, "java", [](PlanLease& lease) { lease.foreign = lease.stealable = true; });
  EXPECT_TRUE(plan_leases(input).steal.empty());
}

TEST(LeasePlan, From3xOnlyWhatNobodyHoldsIsTaken) {
  auto input = beside_java(Neighbours::java_3x);
  EXPECT_TRUE(plan_leases(input).steal.empty());
  EXPECT_TRUE(plan_leases(input).claim.empty());
  add(input, 2, "free", State::free);
  EXPECT_EQ(plan_leases(input).take.size(), 2U);
}

TEST(LeasePlan, BesideJavaKclppWorkersHandOverAllTheSame) {
  auto input = beside_java(Neighbours::java_3x);
  add(input, 8, "kclpp", State::theirs, "k");
  const auto plan = plan_leases(input);
  EXPECT_FALSE(plan.claim.empty());
  for (const auto& key : plan.claim) EXPECT_TRUE(key.starts_with("kclpp")) << key;
}

TEST(LeasePlan, TheOrderOfTheInputDoesNotMatter) {
  auto input = plan_of(4);
  add(input, 9, "free", State::free);
  add(input, 6, "theirs", State::theirs, "w");
  auto reversed = input;
  std::reverse(reversed.leases.begin(), reversed.leases.end());
  EXPECT_EQ(plan_leases(input).take, plan_leases(reversed).take);
  EXPECT_EQ(plan_leases(input).take, plan_leases(input).take);
}

TEST(LeasePlan, WorkersDoNotRaceForTheSameRows) {
  std::set<std::string> picked;
  for (int worker = 0; worker < 20; ++worker) {
    auto input = plan_of(1);
    input.me = "worker-" + std::to_string(worker);
    add(input, 100, "shardId-00000000000", State::free);
    picked.insert(plan_leases(input).take.at(0));
  }
  EXPECT_GE(picked.size(), 15U);
}

// The weights are part of the protocol among versions: a fleet in the middle of an upgrade spreads alike.
TEST(LeasePlan, RendezvousWeightsAreTheSameInEveryVersion) {
  EXPECT_EQ(rendezvous_weight("", ""), rendezvous_weight("", ""));
  EXPECT_NE(rendezvous_weight("ab", "c"), rendezvous_weight("a", "bc"));
  EXPECT_EQ(rendezvous_weight("worker-1", "shardId-000000000000"), 0x3463cb289dbbcaeaU);
  EXPECT_EQ(rendezvous_weight("worker-2", "shardId-000000000000"), 0x17b6f944aaf08b4aU);
}

}  // namespace
}  // namespace kcl::coordinator
