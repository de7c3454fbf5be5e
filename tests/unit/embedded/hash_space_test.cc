#include "embedded/hash_space.h"

#include <gtest/gtest.h>

namespace kcl::embedded {
namespace {

HashKey key(const char* decimal) { return HashKey::parse(decimal).value(); }

TEST(HashSpace, IsCutAsTheServiceCutsIt) {
  // AWS: the ranges of a new stream of three shards.
  const std::vector<HashKeyRange> expected{
      {.start = key("0"), .end = key("113427455640312821154458202477256070484")},
      {.start = key("113427455640312821154458202477256070485"), .end = key("226854911280625642308916404954512140969")},
      {.start = key("226854911280625642308916404954512140970"), .end = HashKey::max()}};
  EXPECT_EQ(even_ranges(3), expected);
}

TEST(HashSpace, EvenRangesAdjoinAndCoverEverything) {
  for (const std::size_t count : {1, 2, 5, 16, 1'000, 10'000}) {
    const auto ranges = even_ranges(count);
    ASSERT_EQ(ranges.size(), count);
    EXPECT_EQ(ranges.front().start, HashKey{});
    EXPECT_EQ(ranges.back().end, HashKey::max());
    for (std::size_t i = 1; i < count; ++i) EXPECT_TRUE(adjacent(ranges[i - 1], ranges[i])) << count << ' ' << i;
  }
}

TEST(HashSpace, TheMiddleStartsTheUpperHalf) {
  EXPECT_EQ(middle({}), key("170141183460469231731687303715884105728"));
  EXPECT_EQ(middle({.start = key("10"), .end = key("13")}), key("12"));
}

TEST(HashSpace, ASplitLeavesRoomOnBothSides) {
  const HashKeyRange range{.start = key("10"), .end = key("20")};
  const struct {
    const char* at;
    bool allowed;
  } cases[] = {{"0", false}, {"9", false}, {"10", false}, {"11", false},
               {"12", true}, {"19", true}, {"20", false}, {"21", false}};
  for (const auto& c : cases) EXPECT_EQ(may_split_at(range, key(c.at)), c.allowed) << c.at;
}

TEST(HashSpace, RangesAdjoinInOneDirectionOnly) {
  const HashKeyRange lower{.start = {}, .end = key("99")};
  const HashKeyRange upper{.start = key("100"), .end = HashKey::max()};
  EXPECT_TRUE(adjacent(lower, upper));
  EXPECT_FALSE(adjacent(upper, lower));
  EXPECT_FALSE(adjacent(lower, lower));
}

}  // namespace
}  // namespace kcl::embedded
