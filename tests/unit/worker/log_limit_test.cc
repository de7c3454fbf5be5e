#include "worker/log_limit.h"

#include <gtest/gtest.h>

#include <utility>

namespace kcl::worker {
namespace {

using std::chrono::seconds;

constexpr base::BootTime kStart{std::chrono::hours(1)};

LogEvent warning(const std::string& shard, std::string error = "throttled") {
  LogEvent event{.level = LogLevel::warning, .name = "read_failed"};
  event.fields = {{"error", std::move(error)}, {"worker", "w"}, {"stream", "orders"}, {"shard", shard}, {"epoch", 7}};
  return event;
}

std::size_t admitted(LogLimit& limit, const LogEvent& event, std::size_t times) {
  std::size_t passed = 0;
  for (std::size_t i = 0; i < times; ++i) passed += limit.admit(event, kStart) ? 1 : 0;
  return passed;
}

TEST(LogLimit, WhatSaysTheSamePassesThreeTimesAMinute) {
  LogLimit limit;
  EXPECT_EQ(admitted(limit, warning("1"), 50), 3U);
  LogEvent next_epoch = warning("1");
  next_epoch.fields.back().second = 8;
  EXPECT_FALSE(limit.admit(next_epoch, kStart)) << "the same trouble";
  EXPECT_EQ(admitted(limit, warning("2"), 50), 3U) << "another shard";
  EXPECT_EQ(admitted(limit, warning("1", "refused"), 50), 3U) << "another error";
}

TEST(LogLimit, ErrorsAreLimitedTooAndTheLifeOfLeasesIsNot) {
  LogLimit limit;
  LogEvent event = warning("1");
  event.level = LogLevel::error;
  EXPECT_EQ(admitted(limit, event, 50), 3U);
  for (const LogLevel level : {LogLevel::info, LogLevel::debug}) {
    event.level = level;
    EXPECT_EQ(admitted(limit, event, 50), 50U);
  }
}

TEST(LogLimit, AThousandShardsWithOneTroubleAreAHundredWarningsAndAThousandErrors) {
  LogLimit warnings;
  LogLimit errors;
  std::size_t warned = 0;
  std::size_t failed = 0;
  for (int shard = 0; shard < 2'000; ++shard) {
    LogEvent event = warning(std::to_string(shard));
    warned += warnings.admit(event, kStart) ? 1 : 0;
    event.level = LogLevel::error;
    failed += errors.admit(event, kStart) ? 1 : 0;
  }
  EXPECT_EQ(warned, LogLimit::kWarnings);
  EXPECT_EQ(failed, LogLimit::kErrors);
}

TEST(LogLimit, WhatWasLeftOutIsToldWhenTheMinuteEndsAndThenItBeginsAnew) {
  LogLimit limit;
  EXPECT_FALSE(limit.due());
  admitted(limit, warning("1"), 3);
  EXPECT_FALSE(limit.due()) << "nothing was left out";
  admitted(limit, warning("1"), 4);
  admitted(limit, warning("2"), 5);
  ASSERT_EQ(limit.due(), kStart + LogLimit::kWindow);
  EXPECT_TRUE(limit.take_left_out({}, kStart + LogLimit::kWindow - seconds(1)).empty());

  const auto told = limit.take_left_out({}, kStart + LogLimit::kWindow);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told.front().name, "log_repeats_left_out");
  EXPECT_EQ(told.front().level, LogLevel::warning);
  const LogFields fields{{"repeated", "read_failed"}, {"count", 6}, {"worker", "w"}, {"stream", "orders"}};
  EXPECT_EQ(told.front().fields, fields);
  EXPECT_FALSE(limit.due());
  EXPECT_EQ(admitted(limit, warning("1"), 50), 3U);
}

}  // namespace
}  // namespace kcl::worker
