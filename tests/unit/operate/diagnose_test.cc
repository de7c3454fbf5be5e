// What is said of each shard, and in which order.
#include "operate/diagnose.h"

#include <gtest/gtest.h>

#include "unit/operate/view.h"

namespace kcl::operate {
namespace {

using namespace std::chrono_literals;

TEST(Diagnose, ALeaseWhoseOwnerWritesIsHeld) {
  auto lease = kclpp_lease(0);
  lease.status = R"({"state":"idle","since":"2027-01-15T07:59:00.000Z","behind_ms":250})";
  const Line line = ViewBuilder().row(lease).line();
  EXPECT_EQ(line.verdict, Verdict::held);
  EXPECT_EQ(line.owner, "A");
  EXPECT_EQ(line.by_kclpp, true);
  EXPECT_EQ(line.owned_since, kNow - 1min) << "a take writes the server's time into the counter";
  EXPECT_EQ(line.behind, 250ms);
  EXPECT_FALSE(line.probed);
  EXPECT_EQ(line.state, "idle");
  EXPECT_FALSE(is_stuck(line.verdict));
}

TEST(Diagnose, AnOwnerIsSilentOnlyAfterItsOwnFailoverTime) {
  auto lease = kclpp_lease(0);
  lease.failover = 30s;
  ViewBuilder seen;
  seen.row(lease, false);
  EXPECT_EQ(seen.line().verdict, Verdict::unwatched);
  seen.view.watched = 30s;
  EXPECT_EQ(seen.line().verdict, Verdict::silent);
  EXPECT_TRUE(is_stuck(seen.line().verdict));
}

TEST(Diagnose, WhereARowDoesNotTellTheFailoverTimeIsThatOfTheCaller) {
  ViewBuilder seen;
  seen.row(java_lease(0), false);
  EXPECT_EQ(seen.line().verdict, Verdict::silent);
  seen.view.assumed_failover = 60s;
  EXPECT_EQ(seen.line().verdict, Verdict::unwatched);
}

TEST(Diagnose, NoLagIsMadeUpForASilentOwner) {
  auto lease = kclpp_lease(0);
  lease.status = R"({"state":"idle","behind_ms":0})";
  const Line line = ViewBuilder().row(lease, false).line();
  EXPECT_FALSE(line.behind);
  EXPECT_NE(line.why.find("it last said: idle, 0 ms behind"), std::string::npos) << line.why;
}

TEST(Diagnose, AMeasuredLagCountsWhateverTheRowSays) {
  auto lease = kclpp_lease(0);
  lease.status = R"({"state":"idle","behind_ms":0})";
  ViewBuilder seen;
  seen.row(lease).with(listed(0));
  seen.view.lags[shard(0)].behind = 90s;
  EXPECT_EQ(seen.line().behind, 90s);
  EXPECT_TRUE(seen.line().probed);
  seen.view.lags[shard(0)] = {std::nullopt, "denied"};
  EXPECT_EQ(seen.line().behind, 0ms) << "what the owner says is better than nothing";
  EXPECT_FALSE(seen.line().probed);
  EXPECT_EQ(seen.line().last_error, "lag not measured: denied");
}

TEST(Diagnose, WhatAJavaWorkerHoldsIsNotJudgedByAnOldStatus) {
  auto lease = java_lease(0);
  lease.token = leases::Token{.incarnation = kIncarnation, .counter = 12, .attempt = 1};
  lease.status = R"({"state":"retrying","last_error":"of a kclpp worker that is gone"})";
  const Line line = ViewBuilder().row(lease).line();
  EXPECT_EQ(line.verdict, Verdict::held);
  EXPECT_EQ(line.by_kclpp, false);
  EXPECT_FALSE(line.owned_since);
  EXPECT_TRUE(line.state.empty());
}

TEST(Diagnose, AProgramThatFailsIsStuck) {
  for (const char* status :
       {R"({"state":"retrying","last_error":"db is down"})", R"({"state":"stopped","last_error":"db is down"})",
        R"({"state":"dead_lettering","last_error":"db is down"})",
        R"({"state":"processing","last_error":"db is down"})"}) {
    auto lease = kclpp_lease(0);
    lease.status = status;
    const Line line = ViewBuilder().row(lease).line();
    EXPECT_EQ(line.verdict, Verdict::failing) << status;
    EXPECT_NE(line.why.find("db is down"), std::string::npos);
  }
}

TEST(Diagnose, ALeaseOfNobodyIsUnownedUnlessItsParentsAreNotRead) {
  auto parent = kclpp_lease(0);
  auto child = kclpp_lease(1, "");
  child.owner.reset();
  child.checkpoint = Position::trim_horizon();
  child.parents = {shard(0)};
  EXPECT_EQ(ViewBuilder().row(child, false).line().verdict, Verdict::unowned);

  ViewBuilder seen;
  seen.row(parent).row(child, false);
  const auto lines = seen.diagnosis().lines;
  EXPECT_EQ(lines.at(0).verdict, Verdict::waiting);
  EXPECT_EQ(lines.at(0).why, "waits for parent " + shard(0));

  parent.checkpoint = Position::shard_end();
  seen = ViewBuilder();
  seen.row(parent).row(child, false);
  EXPECT_EQ(seen.diagnosis().lines.at(0).verdict, Verdict::unowned);
}

TEST(Diagnose, AClaimOrAHandOffIsSaid) {
  auto lease = kclpp_lease(0);
  lease.claim = leases::Claim{.incarnation = "b", .worker_id = "B"};
  EXPECT_EQ(ViewBuilder().row(lease).line().verdict, Verdict::changing_hands);
  EXPECT_EQ(ViewBuilder().row(lease).line().claimed_by, "B");

  auto handed = java_lease(1, "K");
  handed.checkpoint_owner = "J";
  EXPECT_EQ(ViewBuilder().row(handed).line().verdict, Verdict::changing_hands);
}

TEST(Diagnose, AShardWithoutALeaseIsTheFirstLine) {
  ViewBuilder seen;
  seen.row(kclpp_lease(0), false).row(kclpp_lease(1)).with(listed(0)).with(listed(1)).with(listed(2));
  seen.view.unreadable.push_back({shard(3), "attribute leaseCounter is not a number"});
  const auto diagnosis = seen.diagnosis();
  ASSERT_EQ(diagnosis.lines.size(), 4U);
  EXPECT_EQ(diagnosis.lines[0].verdict, Verdict::unreadable);
  EXPECT_EQ(diagnosis.lines[1].verdict, Verdict::no_row);
  EXPECT_EQ(diagnosis.lines[1].shard, shard(2));
  EXPECT_EQ(diagnosis.lines[2].verdict, Verdict::silent);
  EXPECT_EQ(diagnosis.lines[3].verdict, Verdict::held);
  EXPECT_EQ(diagnosis.counts.at(Verdict::no_row), 1U);
}

TEST(Diagnose, AShardWhoseRowWasCleanedUpIsNotMissed) {
  ViewBuilder seen;
  seen.row(kclpp_lease(1)).with(listed(0, "", false)).with(listed(1, shard(0)));
  EXPECT_EQ(seen.diagnosis().lines.size(), 1U);
}

TEST(Diagnose, AClosedShardThatJavaNeverLeasedIsNotMissedEither) {
  auto lease = java_lease(1);
  lease.checkpoint = Position::latest();
  ViewBuilder seen;
  seen.row(lease).with(listed(0, "", false)).with(listed(1, shard(0)));
  EXPECT_EQ(seen.diagnosis().lines.size(), 1U) << "nothing says when a Java application began";
}

TEST(Diagnose, ALeaseWithoutAShardIsStuckUnlessItHasEnded) {
  auto ended = kclpp_lease(1);
  ended.checkpoint = Position::shard_end();
  ViewBuilder seen;
  seen.row(kclpp_lease(0)).row(ended).with(listed(2)).row(kclpp_lease(2));
  const auto lines = seen.diagnosis().lines;
  EXPECT_EQ(lines[0].shard, shard(0));
  EXPECT_EQ(lines[0].verdict, Verdict::no_shard);
  EXPECT_EQ(lines[2].verdict, Verdict::ended);
}

TEST(Diagnose, OfTheSameKindTheOneThatIsTheMostBehindComesFirst) {
  ViewBuilder seen;
  for (int index = 0; index < 3; ++index) {
    auto lease = kclpp_lease(index, index == 2 ? "B" : "A");
    lease.status = R"({"state":"processing","behind_ms":)" + std::to_string(index * 1'000) + "}";
    seen.row(lease);
  }
  const auto diagnosis = seen.diagnosis();
  EXPECT_EQ(diagnosis.lines[0].shard, shard(2));
  EXPECT_EQ(diagnosis.lines[2].shard, shard(0));
  EXPECT_EQ(diagnosis.workers, (std::map<std::string, std::size_t>{{"A", 2}, {"B", 1}}));
}

TEST(Diagnose, DifferentFailoverTimesAreNoted) {
  auto slow = kclpp_lease(1, "B");
  slow.failover = 60s;
  ViewBuilder seen;
  seen.row(kclpp_lease(0)).row(slow).with(listed(0)).with(listed(1));
  const auto notes = seen.diagnosis().notes;
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_NE(notes[0].find("10 s, 1 min"), std::string::npos) << notes[0];
}

}  // namespace
}  // namespace kcl::operate
