#include "local/requirement.h"

#include <algorithm>
#include <limits>

namespace kcl::local {

namespace {

std::string quoted(std::string_view value) { return "'" + std::string(value) + "'"; }

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
}

}  // namespace

void check_range(std::int64_t value, std::int64_t least, std::int64_t most, std::string_view member) {
  const std::string text = quoted(std::to_string(value));
  if (value < least) refuse_value(text, member, "have value greater than or equal to " + std::to_string(least));
  if (value > most) refuse_value(text, member, "have value less than or equal to " + std::to_string(most));
}

void check_length(std::string_view value, std::size_t least, std::size_t most, std::string_view member) {
  const auto characters = static_cast<std::size_t>(
      std::count_if(value.begin(), value.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
  if (characters < least) refuse_value("", member, "have length greater than or equal to " + std::to_string(least));
  if (characters > most) refuse_value("", member, "have length less than or equal to " + std::to_string(most));
}

void check_name(const std::string& name, std::string_view member) {
  check_length(name, 1, 128, member);
  if (!std::all_of(name.begin(), name.end(), is_name_character)) {
    refuse_value(quoted(name), member, "satisfy regular expression pattern: [a-zA-Z0-9_.-]+");
  }
}

void check_number(const std::string& text, std::size_t most_digits, std::string_view member) {
  const bool digits = std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (text == "0" || (digits && !text.empty() && text.size() <= most_digits && text.front() != '0')) return;
  refuse_value(quoted(text), member,
               R"(satisfy regular expression pattern: 0|([1-9]\d{0,)" + std::to_string(most_digits - 1) + "})");
}

std::size_t checked_shard_count(std::int64_t asked, std::string_view member) {
  constexpr std::int64_t kMost = 10'000;
  check_range(asked, 1, std::numeric_limits<std::int32_t>::max(), member);
  if (asked > kMost) {
    refuse("LimitExceededException", "A stream can have " + std::to_string(kMost) + " shards at most.");
  }
  return static_cast<std::size_t>(asked);
}

std::size_t page_size(const std::optional<std::int64_t>& asked, std::size_t most, std::string_view member) {
  if (!asked) return most;
  check_range(*asked, 1, 10'000, member);
  return std::min(static_cast<std::size_t>(*asked), most);
}

}  // namespace kcl::local
