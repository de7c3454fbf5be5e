// 128-bit hash keys: Kinesis maps a partition key to a shard by the MD5 of its UTF-8 bytes, read as a big-endian
// number.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kcl {

struct HashKey {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  static constexpr HashKey max() { return {.high = ~std::uint64_t{0}, .low = ~std::uint64_t{0}}; }
  /// Empty when `decimal` is not a decimal number below 2^128.
  static std::optional<HashKey> parse(std::string_view decimal);
  /// Decimal, as the service and lease rows write it.
  std::string text() const;

  friend auto operator<=>(const HashKey&, const HashKey&) = default;
};

/// Inclusive at both ends, as the service gives it.
struct HashKeyRange {
  HashKey start;
  HashKey end = HashKey::max();

  bool contains(const HashKey& key) const { return start <= key && key <= end; }
  friend bool operator==(const HashKeyRange&, const HashKeyRange&) = default;
};

}  // namespace kcl
