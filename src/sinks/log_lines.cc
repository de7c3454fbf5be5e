#include "sinks/log_lines.h"

#include <algorithm>
#include <cstddef>
#include <string_view>

#include "base/printable.h"
#include "wire/json_text.h"

namespace kcl::sinks {

namespace {

/// Terminals are served by what JSON escapes.
void append_console(std::string& line, std::string_view text) {
  const auto awkward = [](char c) { return c == ' ' || c == '"' || c == '\\' || c == '='; };
  const bool plain = !text.empty() && std::none_of(text.begin(), text.end(), awkward) && base::printable(text) == text;
  if (plain) {
    line += text;
  } else {
    wire::append_json_string(line, text);
  }
}

/// Many readers of JSON keep numbers as doubles (RFC 7493, section 2.2), which have all numbers of so many digits.
constexpr std::size_t kMostDigits = 15;

bool is_exact_everywhere(const LogValue& value) {
  return value.is_number() && value.text().size() - (value.text().starts_with('-') ? 1 : 0) <= kMostDigits;
}

void append_member(std::string& line, std::string_view key, const LogValue& value) {
  line += line.empty() ? '{' : ',';
  wire::append_json_string(line, key);
  line += ':';
  if (is_exact_everywhere(value)) {
    line += value.text();
  } else {
    wire::append_json_string(line, value.text());
  }
}

}  // namespace

std::string console_line(const LogEvent& event) {
  std::string line = to_iso8601(event.time);
  line += ' ';
  line += name_of(event.level);
  line += ' ';
  line += event.name;
  for (const auto& [key, value] : event.fields) {
    line += ' ';
    line += key;
    line += '=';
    append_console(line, value.text());
  }
  return line;
}

std::string json_line(const LogEvent& event) {
  std::string line;
  append_member(line, "time", to_iso8601(event.time));
  append_member(line, "level", name_of(event.level));
  append_member(line, "event", event.name);
  for (const auto& [key, value] : event.fields) append_member(line, key, value);
  return line + '}';
}

}  // namespace kcl::sinks
