#include "leases/go_time.h"

#include <kcl/timestamp.h>

#include "base/check.h"

namespace kcl::leases {

namespace {

constexpr std::int64_t kPerMillisecond = 1'000'000;
// 2200-01-01, well before nanoseconds overflow.
constexpr std::int64_t kLatestMilliseconds = 7'258'118'400'000;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// The fourth to ninth digit of the fraction.
std::int64_t below_milliseconds(std::string_view text) {
  const auto point = text.find('.');
  if (point == std::string_view::npos) return 0;
  text.remove_prefix(point + 1);
  std::int64_t value = 0;
  for (std::size_t i = 0; i < 9; ++i) {
    const bool given = i < text.size() && is_digit(text[i]);
    if (!given) text = text.substr(0, i);
    if (i >= 3) value = value * 10 + (given ? text[i] - '0' : 0);
  }
  return value;
}

}  // namespace

std::optional<std::int64_t> parse_go_time(std::string_view text) {
  const auto time = parse_iso8601(text);
  if (!time) return std::nullopt;
  const std::int64_t milliseconds = time->time_since_epoch().count();
  if (milliseconds < 0 || milliseconds >= kLatestMilliseconds) return std::nullopt;
  return milliseconds * kPerMillisecond + below_milliseconds(text);
}

std::string format_go_time(std::int64_t nanoseconds) {
  base::check(nanoseconds >= 0 && nanoseconds / kPerMillisecond < kLatestMilliseconds, "not a time of our age");
  std::string text = to_iso8601(Timestamp(std::chrono::milliseconds(nanoseconds / kPerMillisecond)));
  text.pop_back();
  const std::string digits = std::to_string(nanoseconds % kPerMillisecond);
  text += std::string(6 - digits.size(), '0') + digits;
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text + 'Z';
}

}  // namespace kcl::leases
