// What an operator is told before anything is done.
#include "operate/change_plan.h"

#include <gtest/gtest.h>

#include "leases/kcl_row.h"
#include "unit/operate/view.h"

namespace kcl::operate {
namespace {

using namespace std::chrono_literals;
using leases::Start;

Selection all() { return {}; }
Selection only(int index) { return {.shards = {shard(index)}, .force = false}; }
Selection forced() { return {.shards = {}, .force = true}; }
Target after(const char* digits) { return *SequenceNumber::parse(digits); }

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const auto& line : lines) text += line + '\n';
  return text;
}

TEST(ChangePlan, ItsTextIsOneLineForEachStepWhateverRowsSay) {
  Plan plan;
  plan.refusals.emplace_back(
      "shard\x1b[2K\n\xc2\x9b"
      "1A: refused");
  EXPECT_EQ(plan_text(plan), "refused: shard?[2K??1A: refused\n");
}

TEST(PlanRewind, BackwardsRepeatsAndForwardsSkips) {
  ViewBuilder seen;
  seen.row(kclpp_lease(0));
  const auto back = plan_rewind(seen.view, only(0), after("11"));
  ASSERT_EQ(back.steps.size(), 1U);
  EXPECT_EQ(back.steps[0].change.start, (Start{number("11"), std::nullopt}));
  EXPECT_FALSE(back.steps[0].skips);
  EXPECT_EQ(back.steps[0].what, "4711 -> 11: delivers what lies between again");

  const auto forth = plan_rewind(seen.view, only(0), after("9999"));
  EXPECT_TRUE(forth.steps[0].skips);
  EXPECT_NE(forth.steps[0].what.find("SKIPS"), std::string::npos);
}

TEST(PlanRewind, OnAKclppTableEveryTargetKeepsTheShardStarted) {
  ViewBuilder seen;
  seen.row(kclpp_lease(0));
  EXPECT_EQ(plan_rewind(seen.view, all(), Trim{}).steps[0].change.start, Start::from(Timestamp{}))
      << "a sentinel would have parents whose rows are gone read again";
  EXPECT_EQ(plan_rewind(seen.view, all(), Latest{}).steps[0].change.start, Start::from(kNow))
      << "LATEST in a row means the application's start";
  EXPECT_TRUE(plan_rewind(seen.view, all(), Latest{}).steps[0].skips);
  EXPECT_EQ(plan_rewind(seen.view, all(), kNow - 1h).steps[0].change.start, Start::from(kNow - 1h));
}

TEST(PlanRewind, OnAJavaTableSentinelsAreJavasAndTimesAreRefused) {
  ViewBuilder seen;
  seen.row(java_lease(0), false);
  EXPECT_EQ(plan_rewind(seen.view, all(), Trim{}).steps[0].change.start, (Start{Position::trim_horizon(), {}}));
  EXPECT_EQ(plan_rewind(seen.view, all(), Latest{}).steps[0].change.start, (Start{Position::latest(), {}}));
  EXPECT_EQ(plan_rewind(seen.view, all(), kNow - 1h).refusals.size(), 1U);
}

TEST(PlanRewind, ALiveJavaWorkerIsNotRobbedUnlessForced) {
  ViewBuilder seen;
  seen.row(kclpp_lease(0)).row(java_lease(1));
  EXPECT_EQ(plan_rewind(seen.view, all(), Trim{}).refusals.size(), 1U);
  EXPECT_TRUE(plan_rewind(seen.view, only(0), Trim{}).refusals.empty());
  const auto plan = plan_rewind(seen.view, forced(), Trim{});
  EXPECT_TRUE(plan.refusals.empty()) << joined(plan.refusals);
  EXPECT_EQ(plan.steps[0].change.start, (Start{Position::trim_horizon(), {}})) << "Java may take it next";
}

TEST(PlanRewind, ParentsComeBeforeTheirChildren) {
  auto parent = kclpp_lease(5);
  parent.checkpoint = Position::shard_end();
  parent.owner.reset();
  auto child = kclpp_lease(1);
  child.parents = {shard(5)};
  auto grandchild = kclpp_lease(0);
  grandchild.parents = {shard(1), "shardId-gone"};
  ViewBuilder seen;
  seen.row(grandchild).row(child).row(parent, false);
  const auto plan = plan_rewind(seen.view, all(), Trim{});
  ASSERT_EQ(plan.steps.size(), 3U);
  EXPECT_EQ(plan.steps[0].change.shard, shard(5));
  EXPECT_EQ(plan.steps[1].change.shard, shard(1));
  EXPECT_EQ(plan.steps[2].change.shard, shard(0));
  EXPECT_EQ(plan.steps[0].how, "free: taken at once");

  const auto latest = plan_rewind(seen.view, all(), Latest{});
  EXPECT_EQ(latest.steps.size(), 2U);
  EXPECT_EQ(latest.left_alone.size(), 1U) << "nothing comes after an end";
}

TEST(PlanRewind, WhatCannotBeMeantIsRefused) {
  ViewBuilder seen;
  seen.row(kclpp_lease(0)).row(kclpp_lease(1));
  seen.view.unreadable.push_back({shard(2), "no counter"});
  EXPECT_EQ(plan_rewind(seen.view, all(), after("11")).refusals.size(), 1U) << "a number is of one shard";
  EXPECT_EQ(plan_rewind(seen.view, all(), kNow + 1h).refusals.size(), 1U);
  EXPECT_EQ(plan_rewind(seen.view, only(7), Trim{}).refusals.size(), 1U);
  EXPECT_EQ(plan_rewind(seen.view, only(2), Trim{}).refusals.size(), 1U);
  const auto rest = plan_rewind(seen.view, all(), Trim{});
  EXPECT_TRUE(rest.refusals.empty());
  EXPECT_EQ(rest.left_alone.size(), 1U);
  EXPECT_EQ(rest.steps.size(), 2U);
}

TEST(PlanRewind, WhatIsThereAlreadyIsLeftAlone) {
  ViewBuilder seen;
  seen.row(kclpp_lease(0));
  const auto plan = plan_rewind(seen.view, all(), after("4711"));
  EXPECT_TRUE(plan.steps.empty());
  EXPECT_EQ(plan.left_alone.size(), 1U);
}

TEST(PlanRelease, OnlyWhatSomebodyHoldsIsLetGo) {
  auto free = kclpp_lease(1);
  free.owner.reset();
  auto ended = kclpp_lease(2);
  ended.checkpoint = Position::shard_end();
  ViewBuilder seen;
  seen.row(kclpp_lease(0)).row(free, false).row(ended);
  const auto plan = plan_release(seen.view, all());
  ASSERT_EQ(plan.steps.size(), 1U);
  EXPECT_EQ(plan.steps[0].change.shard, shard(0));
  EXPECT_FALSE(plan.steps[0].change.start);
  EXPECT_EQ(plan.left_alone.size(), 2U);
}

TEST(PlanImport, SetsBackWhatMovedPutsBackWhatIsGoneAndLeavesTheRest) {
  Export exported{.table = "orders", .taken = kNow, .rows = {}};
  auto same = kclpp_lease(0);
  auto moved = kclpp_lease(1);
  moved.checkpoint = Position::at_timestamp();
  moved.at = kNow - 1h;
  for (const auto& lease : {same, moved, kclpp_lease(2)}) exported.rows.push_back(leases::kcl_row::render(lease));
  Item other;
  other.emplace("leaseKey", "Leader");
  other.emplace("entityType", "LEADER");
  exported.rows.push_back(other);

  ViewBuilder now;
  now.row(same).row(kclpp_lease(1)).row(kclpp_lease(9));
  const auto plan = plan_import(now.view, all(), exported);
  EXPECT_TRUE(plan.refusals.empty()) << joined(plan.refusals);
  ASSERT_EQ(plan.steps.size(), 2U) << plan_text(plan);
  EXPECT_EQ(plan.steps[0].change.start, Start::from(kNow - 1h));
  EXPECT_EQ(plan.steps[1].change.restore, exported.rows[2]);
  EXPECT_EQ(plan.left_alone.size(), 2U) << "the one that is as it was, and Java's";
}

TEST(PlanImport, ARowThatCannotBeReadStandsInTheWay) {
  Export exported{.table = "orders", .taken = kNow, .rows = {leases::kcl_row::render(kclpp_lease(0))}};
  ViewBuilder now;
  now.view.unreadable.push_back({shard(0), "no counter"});
  EXPECT_EQ(plan_import(now.view, all(), exported).refusals.size(), 1U);
}

}  // namespace
}  // namespace kcl::operate
