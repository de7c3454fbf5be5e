#include "leases/go_time.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

namespace kcl::leases {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

TEST(GoTime, IsWrittenAsGoFormatsIt) {
  struct Case {
    std::int64_t nanoseconds;
    const char* text;
  };
  // time.Unix(0, n).UTC().Format(time.RFC3339Nano)
  for (const auto& [nanoseconds, text] :
       {Case{1'767'366'245 * kSecond + 123'456'789, "2026-01-02T15:04:05.123456789Z"},
        Case{1'767'366'245 * kSecond + 120'000'000, "2026-01-02T15:04:05.12Z"},
        Case{1'767'366'245 * kSecond + 37, "2026-01-02T15:04:05.000000037Z"},
        Case{1'767'366'245 * kSecond, "2026-01-02T15:04:05Z"}, Case{0, "1970-01-01T00:00:00Z"}}) {
    EXPECT_EQ(format_go_time(nanoseconds), text);
    EXPECT_EQ(parse_go_time(text), nanoseconds) << text;
  }
}

TEST(GoTime, IsReadHoweverItIsWritten) {
  const std::int64_t time = 1'767'366'245 * kSecond;
  EXPECT_EQ(parse_go_time("2026-01-02T15:04:05.000Z"), time);
  EXPECT_EQ(parse_go_time("2026-01-02T17:04:05+02:00"), time);
  EXPECT_EQ(parse_go_time("2026-01-02T17:04:05.1200+02:00"), time + 120'000'000);
  EXPECT_EQ(parse_go_time("2026-01-02T15:04:05.123456Z"), time + 123'456'000);
}

TEST(GoTime, WhatIsNoTimeOfOurAgeIsNone) {
  for (const char* text : {"", "soon", "2026-01-02", "0001-01-01T00:00:00Z", "1969-12-31T23:59:59Z",
                           "2200-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z", "2026-01-02T15:04:05.1234567891Z"})
    EXPECT_FALSE(parse_go_time(text)) << text;
}

RC_GTEST_PROP(GoTimeProperty, IsReadAsItWasWritten, ()) {
  const auto nanoseconds = *rc::gen::inRange<std::int64_t>(0, 7'258'118'399 * kSecond);
  RC_ASSERT(parse_go_time(format_go_time(nanoseconds)) == nanoseconds);
}

}  // namespace
}  // namespace kcl::leases
