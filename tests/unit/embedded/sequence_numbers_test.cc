#include "embedded/sequence_numbers.h"

#include <limits>

#include <gtest/gtest.h>
#include <kcl/position.h>

namespace kcl::embedded {
namespace {

constexpr std::uint64_t kLargestSeconds = (std::uint64_t{1} << 36) - 1;

TEST(SequenceNumbers, HaveTheFormOfTheService) {
  // In the form of a real number: 2^185, then birth, ordinal, arrival, index and the version as hex digits.
  const SequenceNumberParts parts{
      .shard_birth_s = 1'400'000'000, .ordinal = 1, .arrival_s = 1'400'000'123, .shard_index = 3};
  EXPECT_EQ(to_sequence_number(parts), "49539394000155529425837504958118426195560503740345614386");
}

TEST(SequenceNumbers, RoundTrip) {
  const SequenceNumberParts cases[] = {
      {},
      {.shard_birth_s = 1'795'000'000, .ordinal = 12'345, .arrival_s = 1'795'000'777, .shard_index = 42},
      {.shard_birth_s = kLargestSeconds,
       .ordinal = std::numeric_limits<std::uint64_t>::max(),
       .arrival_s = kLargestSeconds,
       .shard_index = std::numeric_limits<std::uint32_t>::max()}};
  for (const auto& parts : cases) {
    const std::string text = to_sequence_number(parts);
    EXPECT_EQ(text.size(), 56U) << text;
    EXPECT_EQ(parse_sequence_number(text), parts) << text;
  }
}

TEST(SequenceNumbers, GrowAlongAShardAndAcrossBirths) {
  const SequenceNumberParts ascending[] = {
      {.shard_birth_s = 100, .ordinal = 0, .arrival_s = 900, .shard_index = 9},
      {.shard_birth_s = 100, .ordinal = 1, .arrival_s = 100, .shard_index = 9},
      {.shard_birth_s = 100, .ordinal = 1, .arrival_s = 101, .shard_index = 0},
      {.shard_birth_s = 100, .ordinal = 1'000'000'000'000, .arrival_s = 101, .shard_index = 0},
      {.shard_birth_s = 101, .ordinal = 0, .arrival_s = 0, .shard_index = 0}};
  for (std::size_t i = 1; i < std::size(ascending); ++i) {
    EXPECT_TRUE(compare_sequence_numbers(to_sequence_number(ascending[i - 1]), to_sequence_number(ascending[i])) < 0)
        << i;
  }
}

TEST(SequenceNumbers, OnlyTheirOwnFormIsParsed) {
  const std::string number = to_sequence_number({.shard_birth_s = 5, .ordinal = 7, .arrival_s = 6, .shard_index = 1});
  std::string other_version = number;
  other_version.back() = other_version.back() == '9' ? '8' : static_cast<char>(other_version.back() + 1);
  const std::string garbage[] = {"",
                                 "0",
                                 "TRIM_HORIZON",
                                 "9223372036854775807",
                                 "0" + number,
                                 number.substr(1),
                                 number.substr(0, 55) + 'x',
                                 other_version,
                                 std::string(56, '0'),
                                 std::string(56, '9')};
  for (const auto& text : garbage) EXPECT_EQ(parse_sequence_number(text), std::nullopt) << text;
}

}  // namespace
}  // namespace kcl::embedded
