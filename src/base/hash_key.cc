#include <kcl/hash_key.h>

namespace kcl {

namespace {

// Both compilers have it; the warning is about ISO C++, which has no 128-bit integer.
__extension__ using Uint128 = unsigned __int128;

}  // namespace

std::optional<HashKey> HashKey::parse(std::string_view decimal) {
  if (decimal.empty() || decimal.size() > 39) return std::nullopt;
  Uint128 value = 0;
  constexpr Uint128 kMax = ~Uint128{0};
  for (const char c : decimal) {
    if (c < '0' || c > '9') return std::nullopt;
    const auto digit = static_cast<unsigned>(c - '0');
    if (value > (kMax - digit) / 10) return std::nullopt;
    value = value * 10 + digit;
  }
  return HashKey{.high = static_cast<std::uint64_t>(value >> 64), .low = static_cast<std::uint64_t>(value)};
}

std::string HashKey::text() const {
  Uint128 value = (Uint128{high} << 64) | low;
  std::string digits;
  do {
    digits.insert(digits.begin(), static_cast<char>('0' + static_cast<int>(value % 10)));
    value /= 10;
  } while (value != 0);
  return digits;
}

}  // namespace kcl
