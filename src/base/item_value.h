// The exact decimals behind kcl::Number. Pure; nothing here throws on any text, however long or wrong.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <kcl/item_store.h>

namespace kcl::base {

/// DynamoDB's limit on how deep lists and maps nest; an attribute that is no list and no map has depth 1.
inline constexpr int kMaxNesting = 32;

/// (negative ? -1 : 1) * digits * 10^exponent, in the one form that each value has.
struct Decimal {
  bool negative = false;
  /// Without leading or trailing zeros; empty for zero.
  std::string digits;
  std::int64_t exponent = 0;

  /// The power of ten just above the first digit.
  std::int64_t top() const noexcept { return exponent + static_cast<std::int64_t>(digits.size()); }
  friend bool operator==(const Decimal&, const Decimal&) = default;
  friend std::strong_ordering operator<=>(const Decimal& a, const Decimal& b);
};

/// "-12.50", "1e-7", "+.5": an optional sign, digits with at most one point, an optional exponent that fits an int.
std::optional<Decimal> parse_decimal(std::string_view text);

/// Whether DynamoDB would take it: up to 38 significant digits, and zero or a magnitude in [1e-130, 1e126).
bool is_storable(const Number& number);

/// The exact sum, without an exponent in its text. Empty when an operand or the sum is not storable.
std::optional<Number> add(const Number& a, const Number& b);

}  // namespace kcl::base
