// The small values that everything is said in: positions, sequence numbers, timestamps, hash keys.
#include <gtest/gtest.h>
#include <kcl/hash_key.h>
#include <kcl/position.h>
#include <kcl/timestamp.h>

#include <string>
#include <utility>
#include <vector>

namespace kcl {
namespace {

using namespace std::chrono_literals;

// ---- SequenceNumber

TEST(SequenceNumber, IsADecimalNumberWithoutLeadingZeros) {
  const std::string longest(128, '9');
  const std::vector<std::pair<std::string, std::string>> good{
      {"0", "0"},
      {"7", "7"},
      {"007", "7"},
      {"000", "0"},
      {"49668899999999999999999999999999999999999999999999999998",
       "49668899999999999999999999999999999999999999999999999998"},
      {longest, longest}};
  for (const auto& [text, kept] : good) {
    const auto number = SequenceNumber::parse(text);
    ASSERT_TRUE(number) << text;
    EXPECT_EQ(number->text(), kept);
  }
  for (const std::string& bad : {std::string(), std::string("-1"), std::string("+1"), std::string("1 "),
                                 std::string("1.0"), std::string("1e5"), std::string("LATEST"), std::string("12a"),
                                 std::string("\xd9\xa1"), std::string(129, '9'), std::string("1\0", 2)}) {
    EXPECT_FALSE(SequenceNumber::parse(bad)) << bad;
  }
}

TEST(SequenceNumber, ComparesAsANumber) {
  const std::vector<std::string> ascending{"0",
                                           "1",
                                           "2",
                                           "9",
                                           "10",
                                           "11",
                                           "99",
                                           "100",
                                           "18446744073709551616",
                                           "49668899999999999999999999999999999999999999999999999998",
                                           "49668899999999999999999999999999999999999999999999999999"};
  for (std::size_t i = 0; i < ascending.size(); ++i) {
    for (std::size_t j = 0; j < ascending.size(); ++j) {
      EXPECT_EQ(*SequenceNumber::parse(ascending[i]) <=> *SequenceNumber::parse(ascending[j]), i <=> j);
      EXPECT_EQ(compare_sequence_numbers(ascending[i], ascending[j]), i <=> j);
    }
  }
  EXPECT_EQ(*SequenceNumber::parse("007"), *SequenceNumber::parse("7"));
}

// ---- Position

TEST(Position, OrdersAsJavasExtendedSequenceNumber) {
  const auto at = [](const char* number, std::uint64_t sub = 0) {
    return Position::at(*SequenceNumber::parse(number), sub);
  };
  const std::vector<Position> ascending{Position::at_timestamp(),
                                        Position::trim_horizon(),
                                        Position::latest(),
                                        at("0"),
                                        at("5"),
                                        at("5", 1),
                                        at("5", 10),
                                        at("6"),
                                        at("10"),
                                        at("10", 1),
                                        Position::shard_end()};
  for (std::size_t i = 0; i < ascending.size(); ++i) {
    for (std::size_t j = 0; j < ascending.size(); ++j) {
      EXPECT_EQ(ascending[i] <=> ascending[j], i <=> j) << ascending[i].text() << " and " << ascending[j].text();
      EXPECT_EQ(ascending[i] == ascending[j], i == j);
    }
  }
}

TEST(Position, TextReadsBack) {
  for (const char* text : {"TRIM_HORIZON", "LATEST", "AT_TIMESTAMP", "SHARD_END", "0", "4711"}) {
    const auto position = Position::parse(text, 0);
    ASSERT_TRUE(position) << text;
    EXPECT_EQ(position->text(), text);
  }
  EXPECT_EQ(Position::parse("17", 3)->sub_sequence(), 3U);
  EXPECT_EQ(Position::parse("LATEST", 3)->sub_sequence(), 0U) << "sentinels have none";
  for (const char* bad : {"", "latest", "TRIM HORIZON", " 1", "-3"}) EXPECT_FALSE(Position::parse(bad)) << bad;
}

TEST(Position, OnlyANumberOrTheEndIsARealCheckpoint) {
  EXPECT_TRUE(Position::parse("0")->is_real());
  EXPECT_TRUE(Position::shard_end().is_real());
  EXPECT_FALSE(Position::trim_horizon().is_real());
  EXPECT_FALSE(Position::latest().is_real());
  EXPECT_FALSE(Position::at_timestamp().is_real());
  EXPECT_FALSE(Position::shard_end().is_sequence());
  EXPECT_FALSE(Position::parse("0")->is_shard_end());
}

// ---- Timestamp

TEST(Timestamp, IsWrittenWithMillisecondsSoThatTextsSortLikeTimes) {
  const std::vector<std::pair<std::int64_t, std::string>> cases{{0, "1970-01-01T00:00:00.000Z"},
                                                                {1, "1970-01-01T00:00:00.001Z"},
                                                                {-1, "1969-12-31T23:59:59.999Z"},
                                                                {951'782'400'000, "2000-02-29T00:00:00.000Z"},
                                                                {1'795'389'973'250, "2026-11-22T23:26:13.250Z"},
                                                                {4'102'444'799'999, "2099-12-31T23:59:59.999Z"}};
  for (const auto& [milliseconds, text] : cases) {
    const Timestamp time{std::chrono::milliseconds(milliseconds)};
    EXPECT_EQ(to_iso8601(time), text);
    EXPECT_EQ(parse_iso8601(text), time);
  }
}

TEST(Timestamp, WhatParses) {
  const Timestamp time{1'795'389'973'000ms};
  const std::vector<std::pair<const char*, Timestamp>> cases{{"2026-11-22T23:26:13Z", time},
                                                             {"2026-11-22T23:26:13.2Z", time + 200ms},
                                                             {"2026-11-22T23:26:13.25Z", time + 250ms},
                                                             {"2026-11-22T23:26:13.250999999Z", time + 250ms},
                                                             {"2026-11-23T01:26:13+02:00", time},
                                                             {"2026-11-22T17:56:13.000-05:30", time},
                                                             {"2026-11-22T23:26:13+00:00", time}};
  for (const auto& [text, expected] : cases) EXPECT_EQ(parse_iso8601(text), expected) << text;
}

TEST(Timestamp, WhatDoesNot) {
  for (const char* bad : {"",
                          "2026",
                          "2026-11-22",
                          "2026-11-22T23:26Z",
                          "2026-11-22T23:26:13",
                          "2026-11-22 23:26:13Z",
                          "2026-11-22T23:26:13.Z",
                          "2026-11-22T23:26:13.0123456789Z",
                          "2026-11-22T23:26:13z",
                          "2026-11-22T23:26:13+2:00",
                          "2026-11-22T23:26:13+0200",
                          "2026-11-22T23:26:13+24:00",
                          "2026-11-22T23:26:13+02:60",
                          "2026-11-22T23:26:13Z ",
                          "2026-13-01T00:00:00Z",
                          "2026-02-29T00:00:00Z",
                          "2026-11-00T00:00:00Z",
                          "2026-11-22T24:00:00Z",
                          "2026-11-22T23:60:00Z",
                          "2026-11-22T23:26:60Z",
                          "26-11-22T23:26:13Z",
                          "+2026-11-22T23:26:13Z",
                          "1795389973"}) {
    EXPECT_FALSE(parse_iso8601(bad)) << bad;
  }
}

// ---- HashKey

TEST(HashKey, ReadsAndWrites128Bits) {
  const std::vector<std::pair<std::string, HashKey>> cases{
      {"0", {.high = 0, .low = 0}},
      {"1", {.high = 0, .low = 1}},
      {"18446744073709551615", {.high = 0, .low = ~std::uint64_t{0}}},
      {"18446744073709551616", {.high = 1, .low = 0}},
      {"170141183460469231731687303715884105728", {.high = std::uint64_t{1} << 63, .low = 0}},
      {"340282366920938463463374607431768211455", HashKey::max()}};
  for (const auto& [text, key] : cases) {
    EXPECT_EQ(HashKey::parse(text), key) << text;
    EXPECT_EQ(key.text(), text);
  }
  EXPECT_EQ(HashKey::parse("007"), HashKey::parse("7"));
  for (const char* bad : {"", "-1", "+1", "1 ", "0x1", "340282366920938463463374607431768211456",
                          "999999999999999999999999999999999999999", "1000000000000000000000000000000000000000"}) {
    EXPECT_FALSE(HashKey::parse(bad)) << bad;
  }
}

TEST(HashKey, OrdersAsANumber) {
  const std::vector<HashKey> ascending{
      {.high = 0, .low = 0}, {.high = 0, .low = 1}, {.high = 0, .low = ~std::uint64_t{0}},
      {.high = 1, .low = 0}, {.high = 1, .low = 1}, HashKey::max()};
  for (std::size_t i = 0; i < ascending.size(); ++i) {
    for (std::size_t j = 0; j < ascending.size(); ++j) EXPECT_EQ(ascending[i] <=> ascending[j], i <=> j);
  }
}

TEST(HashKeyRange, BothEndsBelongToIt) {
  const HashKeyRange range{.start = {.high = 1, .low = 5}, .end = {.high = 2, .low = 0}};
  EXPECT_TRUE(range.contains({.high = 1, .low = 5}));
  EXPECT_TRUE(range.contains({.high = 1, .low = ~std::uint64_t{0}}));
  EXPECT_TRUE(range.contains({.high = 2, .low = 0}));
  EXPECT_FALSE(range.contains({.high = 1, .low = 4}));
  EXPECT_FALSE(range.contains({.high = 2, .low = 1}));
  EXPECT_TRUE(HashKeyRange{}.contains(HashKey::max()));
}

}  // namespace
}  // namespace kcl
