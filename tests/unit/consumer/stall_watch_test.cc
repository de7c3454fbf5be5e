// When a shard counts as stalled (C9), and when it is told.
#include "consumer/stall_watch.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "unit/leases/lease_fixture.h"

namespace kcl::consumer {
namespace {

using namespace std::chrono_literals;
using base::BootTime;
using base::Duration;

constexpr Duration kAfter = 5min;

class StallWatchTest : public ::testing::Test {
 protected:
  static ShardLook busy(std::string mark = "1") {
    return {.key = "s", .epoch = 1, .busy = true, .mark = std::move(mark), .cause = "a callback"};
  }
  static ShardLook idle() { return {.key = "s", .epoch = 1}; }

  /// Looks every interval for so long; what was told, as "began 300", with the age in seconds.
  std::vector<std::string> pass(Duration duration, const std::vector<ShardLook>& shards) {
    std::vector<std::string> told;
    for (const BootTime end = now + duration; now < end;) {
      now += watch.interval();
      append(told, watch.look(shards, now));
    }
    return told;
  }
  static void append(std::vector<std::string>& told, const std::vector<StallWatch::Alarm>& alarms) {
    for (const auto& alarm : alarms) {
      const char* kind = alarm.kind == StallWatch::Alarm::Kind::began   ? "began "
                         : alarm.kind == StallWatch::Alarm::Kind::lasts ? "lasts "
                                                                        : "ended ";
      told.push_back(kind + std::to_string(std::chrono::duration_cast<std::chrono::seconds>(alarm.age).count()));
      EXPECT_EQ(alarm.key, "s");
      EXPECT_EQ(alarm.cause, "a callback");
    }
  }
  using Told = std::vector<std::string>;

  StallWatch watch{kAfter};
  BootTime now{1h};
};

TEST_F(StallWatchTest, NothingIsToldBeforeItsTime) {
  EXPECT_EQ(pass(kAfter, {busy()}), Told()) << "the first look is the beginning";
  EXPECT_TRUE(watch.stalls().empty());
  EXPECT_EQ(pass(watch.interval(), {busy()}), Told{"began 300"});
  EXPECT_EQ(watch.stalls().at("s").age, kAfter);
  EXPECT_EQ(watch.stalls().at("s").cause, "a callback");
}

TEST_F(StallWatchTest, AStallIsToldAgainAtTwiceTheTimeAndThenEveryHour) {
  EXPECT_EQ(pass(4h, {busy()}),
            (Told{"began 300", "lasts 600", "lasts 1200", "lasts 2400", "lasts 4800", "lasts 8400", "lasts 12000"}));
}

TEST_F(StallWatchTest, AnIdleShardIsNeverStalled) { EXPECT_EQ(pass(24h, {idle()}), Told()); }

TEST_F(StallWatchTest, WhatMovesIsNotStalled) {
  for (int i = 0; i < 100; ++i) EXPECT_EQ(pass(4min, {busy(std::to_string(i))}), Told());
}

TEST_F(StallWatchTest, TheEndIsToldOnceAndTheNextStallAnew) {
  pass(7min, {busy()});
  EXPECT_EQ(pass(1min, {busy("2")}), Told{"ended 405"});
  EXPECT_TRUE(watch.stalls().empty());
  EXPECT_EQ(pass(5min, {busy("2")}), Told{"began 300"});
  EXPECT_EQ(pass(1min, {idle()}).size(), 1U);
  EXPECT_EQ(pass(1h, {idle()}), Told());
}

TEST_F(StallWatchTest, AShardThatIsLetGoOfIsNotStalledAnyMore) {
  pass(7min, {busy()});
  EXPECT_EQ(pass(1min, {}), Told{"ended 405"});
  EXPECT_EQ(pass(1h, {}), Told());
}

TEST_F(StallWatchTest, AnotherEpochIsAnotherBeginning) {
  pass(7min, {busy()});
  ShardLook taken_again = busy();
  taken_again.epoch = 2;
  EXPECT_EQ(pass(4min, {taken_again}), Told{"ended 405"});
  EXPECT_EQ(pass(2min, {taken_again}), Told{"began 300"});
}

// SIGSTOP, a debugger, a host that sleeps: the clock goes on, and nobody could move.
TEST_F(StallWatchTest, AWorkerThatWasPausedRaisesNoAlarmForIt) {
  pass(1min, {busy()});
  now += 10h;
  EXPECT_EQ(pass(3min, {busy()}), Told());
  EXPECT_EQ(pass(2min, {busy()}), Told{"began 300"}) << "but what stands on is noticed";
}

TEST_F(StallWatchTest, AClockThatStandsStillOrGoesBackHarmsNothing) {
  pass(1min, {busy()});
  now -= 30min;
  EXPECT_EQ(pass(3min, {busy()}), Told());
}

TEST_F(StallWatchTest, AnOldMarkIsWaitedForLonger) {
  ShardLook child = busy();
  child.mark_age = 1min;
  EXPECT_EQ(pass(6min, {child}), Told());
  EXPECT_EQ(pass(watch.interval(), {child}), Told{"began 360"});
}

TEST_F(StallWatchTest, EachShardIsWatchedByItself) {
  const auto look = [&](const std::string& mark) {
    ShardLook second = busy(mark);
    second.key = "t";
    now += watch.interval();
    return watch.look({busy(), second}, now);
  };
  std::size_t told = 0;
  for (int i = 0; i < 100; ++i) {
    for (const auto& alarm : look(std::to_string(i))) {
      EXPECT_EQ(alarm.key, "s");
      ++told;
    }
  }
  EXPECT_GE(told, 1U);
}

TEST(AncestorsMark, ChangesWithWhateverIsReadAmongTheAncestors) {
  shards::LeasesByShard rows;
  const auto add = [&](const std::string& key, std::set<std::string> parents) {
    rows[key].key = key;
    rows[key].parents = std::move(parents);
  };
  add("grandparent", {"long gone"});
  add("parent", {"grandparent"});
  add("coparent", {});
  add("child", {"parent", "coparent"});
  add("stranger", {});
  std::string last = ancestors_mark("child", rows);
  for (const std::string moved : {"grandparent", "parent", "coparent"}) {
    rows[moved].checkpoint = leases::at("7");
    const std::string mark = ancestors_mark("child", rows);
    EXPECT_NE(mark, last) << moved;
    last = mark;
  }
  rows["grandparent"].checkpoint = Position::shard_end();
  EXPECT_NE(ancestors_mark("child", rows), last);
  last = ancestors_mark("child", rows);
  rows["stranger"].checkpoint = leases::at("7");
  rows["child"].counter = 100;
  rows["parent"].counter = 100;
  EXPECT_EQ(ancestors_mark("child", rows), last) << "a renewal is no movement";
  EXPECT_EQ(ancestors_mark("unknown", rows), "");
}

}  // namespace
}  // namespace kcl::consumer
