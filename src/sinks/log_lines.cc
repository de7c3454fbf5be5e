#include "sinks/log_lines.h"

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace kcl::sinks {

namespace {

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

/// Escapes what may not stand in a JSON string literal; terminals are served by the same.
void append_escaped(std::string& line, char c) {
  constexpr std::string_view kHex = "0123456789abcdef";
  switch (c) {
    case '"':
      line += "\\\"";
      return;
    case '\\':
      line += "\\\\";
      return;
    case '\n':
      line += "\\n";
      return;
    case '\r':
      line += "\\r";
      return;
    case '\t':
      line += "\\t";
      return;
    default:
      break;
  }
  if (!is_control(c)) {
    line += c;
    return;
  }
  const auto byte = static_cast<unsigned char>(c);
  line += "\\u00";
  line += kHex[byte >> 4];
  line += kHex[byte & 15];
}

/// Length of the UTF-8 character at the beginning of `text`; 0 when there is none (RFC 3629: no overlong forms, no
/// surrogates).
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  const unsigned char second = byte(1);
  const bool overlong = (lead == 0xe0 && second < 0xa0) || (lead == 0xf0 && second < 0x90);
  const bool beyond = (lead == 0xed && second > 0x9f) || (lead == 0xf4 && second > 0x8f);
  return overlong || beyond ? 0 : length;
}

void append_json(std::string& line, std::string_view text) {
  line += '"';
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 0) {
      line += "\xef\xbf\xbd";  // U+FFFD
    } else if (length == 1) {
      append_escaped(line, text.front());
    } else {
      line += text.substr(0, length);
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  line += '"';
}

void append_console(std::string& line, std::string_view text) {
  const auto awkward = [](char c) { return is_control(c) || c == ' ' || c == '"' || c == '\\' || c == '='; };
  if (!text.empty() && std::none_of(text.begin(), text.end(), awkward)) {
    line += text;
    return;
  }
  line += '"';
  for (const char c : text) append_escaped(line, c);
  line += '"';
}

/// Many readers of JSON keep numbers as doubles (RFC 7493, section 2.2), which have all numbers of so many digits.
constexpr std::size_t kMostDigits = 15;

bool is_exact_everywhere(const LogValue& value) {
  return value.is_number() && value.text().size() - (value.text().starts_with('-') ? 1 : 0) <= kMostDigits;
}

void append_member(std::string& line, std::string_view key, const LogValue& value) {
  line += line.empty() ? '{' : ',';
  append_json(line, key);
  line += ':';
  if (is_exact_everywhere(value)) {
    line += value.text();
  } else {
    append_json(line, value.text());
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
