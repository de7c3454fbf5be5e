#include "embedded/hash_space.h"

#include <cstdint>

namespace kcl::embedded {

namespace {

// Both compilers have it; the warning is about ISO C++, which has no 128-bit integer.
__extension__ using Uint128 = unsigned __int128;

constexpr Uint128 number(const HashKey& key) { return (Uint128{key.high} << 64) | key.low; }

constexpr HashKey hash_key(Uint128 value) {
  return {.high = static_cast<std::uint64_t>(value >> 64), .low = static_cast<std::uint64_t>(value)};
}

}  // namespace

std::vector<HashKeyRange> even_ranges(std::size_t count) {
  // floor(2^128 / count), of which the dividend itself does not fit.
  const Uint128 max = number(HashKey::max());
  const Uint128 width = max / count + (max % count == count - 1 ? 1 : 0);
  std::vector<HashKeyRange> ranges(count);
  for (std::size_t i = 1; i < count; ++i) {
    ranges[i].start = hash_key(width * i);
    ranges[i - 1].end = hash_key(width * i - 1);
  }
  return ranges;
}

HashKey middle(const HashKeyRange& range) {
  const Uint128 start = number(range.start);
  return hash_key(start + (number(range.end) - start) / 2 + 1);
}

HashKey predecessor(const HashKey& key) { return hash_key(number(key) - 1); }

bool may_split_at(const HashKeyRange& range, const HashKey& key) {
  return range.contains(key) && number(key) - number(range.start) > 1 && key < range.end;
}

bool adjacent(const HashKeyRange& lower, const HashKeyRange& upper) {
  return upper.start != HashKey{} && lower.end == predecessor(upper.start);
}

}  // namespace kcl::embedded
