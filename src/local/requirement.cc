#include "local/requirement.h"

#include <algorithm>

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

std::size_t count_of(const std::optional<std::int64_t>& value, std::int64_t most, std::size_t otherwise,
                     std::string_view member) {
  if (!value) return otherwise;
  check_range(*value, 1, most, member);
  return static_cast<std::size_t>(*value);
}

}  // namespace kcl::local
