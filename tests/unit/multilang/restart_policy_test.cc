#include "multilang/restart_policy.h"

#include <gtest/gtest.h>

namespace kcl::multilang {
namespace {

using namespace std::chrono_literals;

const Position kStart = Position::trim_horizon();
const Position kLater = *Position::parse("4959");
constexpr base::BootTime kNow{1h};

TEST(RestartPolicy, PausesDoubleUpToAMinuteAndThenItGivesUp) {
  RestartPolicy policy(8);
  base::BootTime now = kNow;
  EXPECT_LE(policy.may_start("s"), now);
  for (const auto pause : {1s, 2s, 4s, 8s, 16s, 32s, 60s, 60s}) {
    const auto ruling = policy.failed("s", kStart, now);
    EXPECT_FALSE(ruling.give_up);
    EXPECT_EQ(ruling.next_start, now + pause);
    EXPECT_EQ(policy.may_start("s"), now + pause);
    now = ruling.next_start;
  }
  const auto last = policy.failed("s", kStart, now);
  EXPECT_TRUE(last.give_up);
  EXPECT_EQ(last.failures, 9U);
}

TEST(RestartPolicy, ACheckpointThatMovedOnBeginsANewCount) {
  RestartPolicy policy(2);
  EXPECT_FALSE(policy.failed("s", kStart, kNow).give_up);
  EXPECT_FALSE(policy.failed("s", kStart, kNow).give_up);
  EXPECT_EQ(policy.failed("s", kLater, kNow).failures, 1U);
  EXPECT_FALSE(policy.failed("s", kLater, kNow).give_up);
  EXPECT_TRUE(policy.failed("s", kLater, kNow).give_up);
}

TEST(RestartPolicy, ALongTimeWithoutAFailureBeginsANewCount) {
  RestartPolicy policy(1);
  policy.failed("s", kStart, kNow);
  EXPECT_EQ(policy.failed("s", kStart, kNow + 16min).failures, 1U);
  EXPECT_EQ(policy.failed("s", kStart, kNow + 30min).failures, 2U);
}

TEST(RestartPolicy, ShardsCountApart) {
  RestartPolicy policy(1);
  policy.failed("a", kStart, kNow);
  EXPECT_FALSE(policy.failed("b", kStart, kNow).give_up);
  EXPECT_TRUE(policy.failed("a", kStart, kNow).give_up);
}

TEST(RestartPolicy, WithoutRestartsTheFirstFailureIsTheLast) {
  EXPECT_TRUE(RestartPolicy(0).failed("s", kStart, kNow).give_up);
}

}  // namespace
}  // namespace kcl::multilang
