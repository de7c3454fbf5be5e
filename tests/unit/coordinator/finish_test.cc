// When a worker that stops once its work is done may go: never while anything it saw is nobody's.
#include "coordinator/finish.h"

#include <gtest/gtest.h>

namespace kcl::coordinator {
namespace {

using namespace std::chrono_literals;

constexpr base::BootTime kNow{1h};

OwnShard working(std::vector<std::string> waits_for = {}) { return {Reach::working, std::move(waits_for)}; }
OwnShard at_tip() { return {Reach::at_tip, {}}; }
OwnShard at_limit() { return {Reach::at_limit, {}}; }

Outlook quiet() {
  Outlook outlook;
  outlook.seen = kNow;
  outlook.work_to_come = false;
  return outlook;
}

TEST(Finish, ThroughMeansAtTheTipOrAtTheLimitEverywhere) {
  EXPECT_TRUE(through_with_all({}, quiet()));
  EXPECT_TRUE(through_with_all({{"a", at_tip()}, {"b", at_limit()}}, quiet()));
  EXPECT_FALSE(through_with_all({{"a", at_tip()}, {"b", working()}}, quiet()));
}

TEST(Finish, TheTipOfAShardThatOthersWaitForIsNotItsEnd) {
  Outlook outlook = quiet();
  outlook.waited_for = {"a"};
  EXPECT_FALSE(through_with_all({{"a", at_tip()}}, outlook));
  EXPECT_TRUE(through_with_all({{"a", at_limit()}}, outlook)) << "what its children have is not wanted either";
}

TEST(Finish, AChildOfShardsThatPassedTheLimitNeedsNoReading) {
  EXPECT_TRUE(through_with_all({{"p", at_limit()}, {"c", working({"p"})}}, quiet()));
  EXPECT_FALSE(through_with_all({{"p", at_tip()}, {"c", working({"p"})}}, quiet()));
  EXPECT_FALSE(through_with_all({{"p", at_limit()}, {"c", working({"p", "q"})}}, quiet())) << "q is another worker's";
}

TEST(Finish, NothingMayBeToCome) {
  Outlook outlook = quiet();
  EXPECT_TRUE(may_finish(outlook, kNow - 1s));
  outlook.work_to_come = true;
  EXPECT_FALSE(may_finish(outlook, kNow - 1s));
}

TEST(Finish, LeftOverIsWhatIsFreeWhenNoMoreMayBeTaken) {
  Outlook outlook = quiet();
  outlook.work_to_come = true;
  outlook.free = 3;
  const OwnShards own{{"a", at_tip()}, {"b", at_limit()}};
  EXPECT_EQ(left_over(own, outlook, 2), 3U);
  EXPECT_EQ(left_over(own, outlook, 3), 0U) << "it will take one more";
  EXPECT_EQ(left_over({{"a", at_tip()}, {"b", working()}}, outlook, 2), 0U) << "it is still at work";
  EXPECT_EQ(left_over({{"a", at_limit()}, {"c", working({"a"})}}, outlook, 2), 0U) << "who waits does not count";
  EXPECT_EQ(left_over({{"a", at_limit()}, {"c", working({"a"})}}, outlook, 1), 3U);
  outlook.free = 0;
  EXPECT_EQ(left_over(own, outlook, 2), 0U) << "what is to come are other workers' leases";
}

TEST(Finish, AScanFromBeforeProvesNothing) { EXPECT_FALSE(may_finish(quiet(), kNow)); }

TEST(Finish, EveryOtherWorkerMustHaveBeenSeenAliveSince) {
  Outlook outlook = quiet();
  outlook.others_unchanged_since = kNow - 2s;
  EXPECT_FALSE(may_finish(outlook, kNow - 1s)) << "it may have died before that";
  outlook.others_unchanged_since = kNow - 500ms;
  EXPECT_TRUE(may_finish(outlook, kNow - 1s));
}

TEST(Finish, WithoutAScanNobodyGoes) { EXPECT_FALSE(may_finish(Outlook{}, {})); }

}  // namespace
}  // namespace kcl::coordinator
