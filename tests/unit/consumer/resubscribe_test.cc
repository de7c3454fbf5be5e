#include "consumer/resubscribe.h"

#include <gtest/gtest.h>

#include <string>

namespace kcl::consumer {
namespace {

using namespace std::chrono_literals;
using base::BootTime;
using base::Duration;
using Kind = shards::ReadFrom::Kind;

constexpr BootTime kNow = BootTime() + 1h;

class ResubscribeTest : public ::testing::Test {
 protected:
  /// What is waited after a stream that lasted so long.
  Duration wait_after(StreamEnd end, Duration lasted) {
    resubscribe.began(kNow - lasted);
    return resubscribe.after(end, kNow, random) - kNow;
  }
  Duration wait_after_refusal() { return resubscribe.after(StreamEnd::failed, kNow, random) - kNow; }

  base::Random random{1};
  Resubscribe resubscribe;
};

TEST_F(ResubscribeTest, AfterAnOrderlyEndThereIsNoPause) {
  EXPECT_EQ(wait_after(StreamEnd::in_order, 5min), 0s);
  EXPECT_EQ(wait_after(StreamEnd::dropped, 5s), 0s);
}

TEST_F(ResubscribeTest, WhatTheServiceWouldRefuseIsNotSent) {
  for (const StreamEnd end : {StreamEnd::in_order, StreamEnd::dropped, StreamEnd::failed}) {
    for (int i = 0; i < 20; ++i) {
      const Duration wait = Resubscribe().after(end, kNow, random) - kNow;
      EXPECT_GT(wait, 0s);
      Resubscribe fresh;
      fresh.began(kNow - 1s);
      const Duration taken_over = fresh.after(end, kNow, random) - kNow;
      EXPECT_GE(taken_over, 4s);
      EXPECT_LE(taken_over, 5s);
    }
  }
}

TEST_F(ResubscribeTest, AStreamThatBreaksIsOpenedAgainSoonAndNotAtOnce) {
  for (int i = 0; i < 20; ++i) {
    const Duration wait = wait_after(StreamEnd::failed, 1min);
    EXPECT_GE(wait, 250ms);
    EXPECT_LE(wait, 500ms);
  }
}

TEST_F(ResubscribeTest, RefusalsAreTriedEverMoreRarelyAndAStreamThatLastsEndsThat) {
  Duration longest{};
  for (int i = 0; i < 12; ++i) longest = std::max(longest, wait_after_refusal());
  EXPECT_GT(longest, 10s);
  EXPECT_LE(longest, 20s);
  EXPECT_GE(wait_after_refusal(), 10s);
  EXPECT_LE(wait_after(StreamEnd::failed, 10s), 500ms);
}

TEST_F(ResubscribeTest, StreamsThatEndAtOnceAreNoOrderlyOnes) {
  for (int i = 0; i < 12; ++i) wait_after(StreamEnd::in_order, 0s);
  EXPECT_GE(wait_after(StreamEnd::in_order, 0s), 10s);
}

TEST(SubscriptionAt, EachStartIsTheServicesOwn) {
  using Type = GetShardIterator::Type;
  const struct {
    shards::ReadFrom from;
    Type type;
    std::string number;
  } cases[] = {
      {{.kind = Kind::trim_horizon}, Type::trim_horizon, ""},
      {{.kind = Kind::timestamp, .timestamp = Timestamp(7ms)}, Type::at_timestamp, ""},
      {{.kind = Kind::after_sequence_number, .sequence_number = "7"}, Type::after_sequence_number, "7"},
      {{.kind = Kind::after_user_record, .sequence_number = "7"}, Type::at_sequence_number, "7"},
  };
  for (const auto& c : cases) {
    const SubscribeToShard request = subscription_at(c.from, "arn", "shard");
    EXPECT_EQ(request.consumer_arn, "arn");
    EXPECT_EQ(request.shard_id, "shard");
    EXPECT_EQ(request.type, c.type);
    EXPECT_EQ(request.sequence_number, c.number);
    EXPECT_EQ(request.timestamp, c.from.timestamp);
  }
}

TEST(GoOnAfter, AContinuationMovesForwardOnlyAndNeverFromAnUndeliveredStart) {
  const struct {
    const char* what;
    shards::ReadFrom from;
    std::string continuation;
    std::string expected;
  } cases[] = {
      {"further on", {.kind = Kind::after_sequence_number, .sequence_number = "99"}, "100", "100"},
      {"the same", {.kind = Kind::after_sequence_number, .sequence_number = "99"}, "99", "99"},
      {"back", {.kind = Kind::after_sequence_number, .sequence_number = "100"}, "99", "100"},
      {"the shard's start", {.kind = Kind::after_sequence_number, .sequence_number = "100"}, "0", "100"},
      {"inside an aggregate", {.kind = Kind::after_user_record, .sequence_number = "99"}, "100", "99"},
      {"from a time", {.kind = Kind::timestamp, .timestamp = Timestamp(7ms)}, "100", ""},
      {"from the horizon", {.kind = Kind::trim_horizon}, "100", ""},
  };
  for (const auto& c : cases) {
    shards::ReadFrom from = c.from;
    go_on_after(from, c.continuation);
    EXPECT_EQ(from.kind, c.from.kind) << c.what;
    EXPECT_EQ(from.sequence_number, c.expected) << c.what;
  }
}

}  // namespace
}  // namespace kcl::consumer
