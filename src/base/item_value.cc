#include "base/item_value.h"

#include <algorithm>
#include <charconv>

namespace kcl::base {
namespace {

constexpr std::size_t kMaxDigits = 38;
constexpr std::int64_t kMinExponent = -130;
constexpr std::int64_t kMaxTop = 126;

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

void normalise(Decimal& decimal) {
  decimal.digits.erase(0, std::min(decimal.digits.find_first_not_of('0'), decimal.digits.size()));
  while (decimal.digits.ends_with('0')) {
    decimal.digits.pop_back();
    ++decimal.exponent;
  }
  if (decimal.digits.empty()) decimal = {};
}

bool is_storable(const Decimal& decimal) {
  if (decimal.digits.empty()) return true;
  return decimal.digits.size() <= kMaxDigits && decimal.top() > kMinExponent && decimal.top() <= kMaxTop;
}

std::string to_text(const Decimal& decimal) {
  if (decimal.digits.empty()) return "0";
  std::string text = decimal.digits;
  if (decimal.exponent >= 0) {
    text.append(static_cast<std::size_t>(decimal.exponent), '0');
  } else if (decimal.top() > 0) {
    text.insert(static_cast<std::size_t>(decimal.top()), 1, '.');
  } else {
    text.insert(0, "0." + std::string(static_cast<std::size_t>(-decimal.top()), '0'));
  }
  return decimal.negative ? "-" + text : text;
}

/// The digits of `decimal` on a grid of `width` places, the last of which is worth 10^low.
std::string on_grid(const Decimal& decimal, std::int64_t low, std::size_t width) {
  std::string digits = decimal.digits + std::string(static_cast<std::size_t>(decimal.exponent - low), '0');
  return std::string(width - digits.size(), '0') + digits;
}

/// a + sign * b on one grid. Precondition: the result is not negative and fits the grid.
std::string combine(std::string a, const std::string& b, int sign) {
  int carry = 0;
  for (std::size_t at = a.size(); at-- > 0;) {
    const int digit = a[at] - '0' + sign * (b[at] - '0') + carry;
    carry = digit > 9 ? 1 : digit < 0 ? -1 : 0;
    a[at] = static_cast<char>('0' + digit - 10 * carry);
  }
  return a;
}

std::strong_ordering compare_magnitude(const Decimal& a, const Decimal& b) {
  if (const auto order = a.top() <=> b.top(); order != 0) return order;
  // Neither has leading or trailing zeros, so that texts of digits below the same power of ten order as numbers do.
  return a.digits <=> b.digits;
}

int sign_of(const Decimal& decimal) { return decimal.digits.empty() ? 0 : decimal.negative ? -1 : 1; }

}  // namespace

std::strong_ordering operator<=>(const Decimal& a, const Decimal& b) {
  const int sign = sign_of(a);
  if (const auto order = sign <=> sign_of(b); order != 0 || sign == 0) return order;
  return sign > 0 ? compare_magnitude(a, b) : compare_magnitude(b, a);
}

std::optional<Decimal> parse_decimal(std::string_view text) {
  Decimal decimal;
  if (text.starts_with('-') || text.starts_with('+')) {
    decimal.negative = text.front() == '-';
    text.remove_prefix(1);
  }
  bool point = false;
  for (; !text.empty() && (is_digit(text.front()) || (text.front() == '.' && !point)); text.remove_prefix(1)) {
    if (text.front() == '.') {
      point = true;
      continue;
    }
    decimal.digits += text.front();
    if (point) --decimal.exponent;
  }
  if (decimal.digits.empty()) return std::nullopt;
  if (!text.empty()) {
    if (text.front() != 'e' && text.front() != 'E') return std::nullopt;
    text.remove_prefix(1);
    if (text.starts_with('+')) {
      text.remove_prefix(1);
      if (text.starts_with('-')) return std::nullopt;
    }
    int exponent = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), exponent);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    decimal.exponent += exponent;
  }
  normalise(decimal);
  return decimal;
}

bool is_storable(const Number& number) {
  const auto decimal = parse_decimal(number.text);
  return decimal && is_storable(*decimal);
}

std::optional<Number> add(const Number& left, const Number& right) {
  auto a = parse_decimal(left.text);
  auto b = parse_decimal(right.text);
  if (!a || !b || !is_storable(*a) || !is_storable(*b)) return std::nullopt;
  if (a->digits.empty()) return Number{to_text(*b)};
  if (b->digits.empty()) return Number{to_text(*a)};

  if (compare_magnitude(*a, *b) < 0) std::swap(a, b);
  const std::int64_t low = std::min(a->exponent, b->exponent);
  const auto width = static_cast<std::size_t>(a->top() - low) + 1;  // one place for the carry
  Decimal sum{a->negative,
              combine(on_grid(*a, low, width), on_grid(*b, low, width), a->negative == b->negative ? 1 : -1), low};
  normalise(sum);
  if (!is_storable(sum)) return std::nullopt;
  return Number{to_text(sum)};
}

}  // namespace kcl::base

namespace kcl {

std::optional<std::int64_t> Number::as_int64() const {
  const auto decimal = base::parse_decimal(text);
  // 2^63 has 19 digits. A negative exponent is a fraction: the digits have no trailing zeros.
  if (!decimal || decimal->exponent < 0 || decimal->top() > 19) return std::nullopt;
  const std::string whole = base::to_text(*decimal);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(whole.data(), whole.data() + whole.size(), value);
  if (error != std::errc{}) return std::nullopt;
  return value;
}

bool operator==(const Number& a, const Number& b) { return (a <=> b) == 0; }

std::strong_ordering operator<=>(const Number& a, const Number& b) {
  if (a.text == b.text) return std::strong_ordering::equal;
  const auto left = base::parse_decimal(a.text);
  const auto right = base::parse_decimal(b.text);
  if (left && right) return *left <=> *right;
  // Numbers come before texts that are none, so that the order stays total whatever a set is given.
  if (left.has_value() != right.has_value()) return left ? std::strong_ordering::less : std::strong_ordering::greater;
  return a.text <=> b.text;
}

AttributeValue::AttributeValue(const AttributeValue& other) = default;
AttributeValue::AttributeValue(AttributeValue&& other) noexcept = default;
AttributeValue& AttributeValue::operator=(const AttributeValue& other) = default;
AttributeValue& AttributeValue::operator=(AttributeValue&& other) noexcept = default;
AttributeValue::~AttributeValue() = default;

}  // namespace kcl
