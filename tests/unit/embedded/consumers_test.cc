#include "embedded/consumers.h"

#include <gtest/gtest.h>

#include <string>

namespace kcl::embedded {
namespace {

using Kind = KinesisError::Kind;
using Status = StreamConsumer::Status;
using std::chrono::seconds;

constexpr Timestamp kNow{std::chrono::sys_days{std::chrono::year{2026} / 1 / 1}};
const std::string kStream = "arn:aws:kinesis:us-east-1:000000000000:stream/orders";

TEST(Consumers, AConsumerIsCreatingThenActiveThenDeletingThenGone) {
  Consumers consumers(kStream, {.creation_time = seconds(10), .deletion_time = seconds(5)});
  const StreamConsumer made = consumers.add("app", kNow).value();
  EXPECT_EQ(made.name, "app");
  EXPECT_EQ(made.arn, kStream + "/consumer/app:1767225600");
  EXPECT_EQ(made.status, Status::creating);
  EXPECT_EQ(made.created, kNow);
  EXPECT_EQ(consumers.find("app", kNow + seconds(9)).value().status, Status::creating);
  EXPECT_EQ(consumers.find(made.arn, kNow + seconds(10)).value().status, Status::active);
  EXPECT_EQ(consumers.remove(made.arn, kNow + seconds(20)).value().status, Status::deleting);
  EXPECT_EQ(consumers.find("app", kNow + seconds(24)).value().status, Status::deleting);
  EXPECT_EQ(consumers.remove("app", kNow + seconds(24)).error().kind, Kind::in_use);
  EXPECT_EQ(consumers.find("app", kNow + seconds(25)).error().kind, Kind::not_found);
  EXPECT_EQ(consumers.remove("app", kNow + seconds(25)).error().kind, Kind::not_found);
}

TEST(Consumers, TheAnswerSaysCreatingEvenWhenThatTakesNoTime) {
  Consumers consumers(kStream, {});
  EXPECT_EQ(consumers.add("app", kNow).value().status, Status::creating);
  EXPECT_EQ(consumers.find("app", kNow).value().status, Status::active);
}

TEST(Consumers, ANameIsTakenOnceAndMustBeOne) {
  Consumers consumers(kStream, {});
  ASSERT_TRUE(consumers.add("app", kNow));
  EXPECT_EQ(consumers.add("app", kNow).error().kind, Kind::in_use);
  for (const std::string& name : {std::string(), std::string("a b"), std::string(129, 'x')}) {
    EXPECT_EQ(consumers.add(name, kNow).error().kind, Kind::invalid_argument) << name;
  }
}

TEST(Consumers, ThereAreAtMostTwentyAndFiveInCreation) {
  Consumers consumers(kStream, {.creation_time = seconds(1)});
  Timestamp now = kNow;
  for (int i = 0; i < 20; ++i) {
    if (i > 0 && i % 5 == 0) {
      EXPECT_EQ(consumers.add("sixth", now).error().kind, Kind::throttled);
      now += seconds(1);
    }
    ASSERT_TRUE(consumers.add("app-" + std::to_string(i), now)) << i;
  }
  EXPECT_EQ(consumers.add("app-20", now + seconds(1)).error().kind, Kind::throttled);
  const auto all = consumers.list(now + seconds(1));
  ASSERT_EQ(all.size(), 20U);
  EXPECT_EQ(all.front().name, "app-0");
  EXPECT_EQ(all.back().name, "app-19");
  ASSERT_TRUE(consumers.remove("app-3", now + seconds(1)));
  EXPECT_TRUE(consumers.add("app-20", now + seconds(1)));
}

}  // namespace
}  // namespace kcl::embedded
