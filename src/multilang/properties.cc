#include "multilang/properties.h"

#include <cstdint>
#include <optional>
#include <utility>

namespace kcl::multilang {

namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\f'; }

/// A line that was put together of the lines that it goes on over; escapes are still in it.
struct LogicalLine {
  std::string text;
  std::size_t number = 0;
};

class Lines {
 public:
  explicit Lines(std::string_view text) : rest_(text) {}

  /// Nothing at the end. Neither empty nor a comment.
  std::optional<LogicalLine> next() {
    while (auto natural = natural_line()) {
      std::string_view text = without_leading_blanks(*natural);
      if (text.empty() || text.front() == '#' || text.front() == '!') continue;
      LogicalLine line{std::string(text), number_};
      while (ends_in_escape(line.text)) {
        line.text.pop_back();
        const auto more = natural_line();
        if (!more) break;
        line.text += without_leading_blanks(*more);
      }
      return line;
    }
    return std::nullopt;
  }

 private:
  std::optional<std::string_view> natural_line() {
    if (rest_.empty()) return std::nullopt;
    ++number_;
    const std::size_t end = rest_.find_first_of("\r\n");
    const std::string_view line = rest_.substr(0, end);
    std::size_t next = end == std::string_view::npos ? rest_.size() : end + 1;
    if (next < rest_.size() && rest_[next - 1] == '\r' && rest_[next] == '\n') ++next;
    rest_.remove_prefix(next);
    return line;
  }

  static std::string_view without_leading_blanks(std::string_view line) {
    while (!line.empty() && is_blank(line.front())) line.remove_prefix(1);
    return line;
  }

  static bool ends_in_escape(std::string_view line) {
    std::size_t backslashes = 0;
    while (backslashes < line.size() && line[line.size() - 1 - backslashes] == '\\') ++backslashes;
    return backslashes % 2 == 1;
  }

  std::string_view rest_;
  std::size_t number_ = 0;
};

/// UTF-16 code units to UTF-8; half a pair becomes U+FFFD.
class Utf8 {
 public:
  void add(std::uint32_t unit) {
    if (high_ != 0 && unit >= 0xDC00 && unit < 0xE000) {
      append(0x10000 + ((high_ - 0xD800) << 10) + (unit - 0xDC00));
      high_ = 0;
      return;
    }
    flush();
    if (unit >= 0xD800 && unit < 0xDC00) {
      high_ = unit;
    } else {
      append(unit >= 0xDC00 && unit < 0xE000 ? 0xFFFD : unit);
    }
  }
  std::string take() {
    flush();
    return std::move(out_);
  }

 private:
  void flush() {
    if (std::exchange(high_, 0) != 0) append(0xFFFD);
  }
  void append(std::uint32_t point) {
    const auto tail = [&](int shift) { out_ += static_cast<char>(0x80 | (point >> shift & 0x3F)); };
    if (point < 0x80) {
      out_ += static_cast<char>(point);
    } else if (point < 0x800) {
      out_ += static_cast<char>(0xC0 | point >> 6);
      tail(0);
    } else if (point < 0x10000) {
      out_ += static_cast<char>(0xE0 | point >> 12);
      tail(6);
      tail(0);
    } else {
      out_ += static_cast<char>(0xF0 | point >> 18);
      tail(12);
      tail(6);
      tail(0);
    }
  }

  std::string out_;
  std::uint32_t high_ = 0;
};

std::optional<std::uint32_t> hex_unit(std::string_view digits) {
  if (digits.size() < 4) return std::nullopt;
  std::uint32_t unit = 0;
  for (const char c : digits.substr(0, 4)) {
    std::uint32_t digit = 0;
    if (c >= '0' && c <= '9') {
      digit = static_cast<std::uint32_t>(c - '0');
    } else if (c >= 'a' && c <= 'f') {
      digit = static_cast<std::uint32_t>(c - 'a' + 10);
    } else if (c >= 'A' && c <= 'F') {
      digit = static_cast<std::uint32_t>(c - 'A' + 10);
    } else {
      return std::nullopt;
    }
    unit = unit << 4 | digit;
  }
  return unit;
}

/// Nothing when a \u is malformed.
std::optional<std::string> unescaped(std::string_view text) {
  Utf8 out;
  while (!text.empty()) {
    const char c = text.front();
    text.remove_prefix(1);
    if (c != '\\') {
      out.add(static_cast<unsigned char>(c));
      continue;
    }
    // Only a line's end may follow nothing, and that was taken off.
    if (text.empty()) break;
    const char escaped = text.front();
    text.remove_prefix(1);
    if (escaped == 'u') {
      const auto unit = hex_unit(text);
      if (!unit) return std::nullopt;
      out.add(*unit);
      text.remove_prefix(4);
      continue;
    }
    constexpr std::string_view kNamed = "t\tn\nr\rf\f";
    const std::size_t named = kNamed.find(escaped);
    const bool is_named = named != std::string_view::npos && named % 2 == 0;
    out.add(static_cast<unsigned char>(is_named ? kNamed[named + 1] : escaped));
  }
  return out.take();
}

/// Where the key ends, and where the value begins.
std::pair<std::size_t, std::size_t> cut(std::string_view line) {
  std::size_t key = 0;
  while (key < line.size() && !is_blank(line[key]) && line[key] != '=' && line[key] != ':') {
    key += line[key] == '\\' ? 2 : 1;
  }
  key = std::min(key, line.size());
  std::size_t value = key;
  while (value < line.size() && is_blank(line[value])) ++value;
  if (value < line.size() && (line[value] == '=' || line[value] == ':')) ++value;
  while (value < line.size() && is_blank(line[value])) ++value;
  return {key, value};
}

}  // namespace

Result<std::vector<Property>, std::string> parse_properties(std::string_view text) {
  std::vector<Property> properties;
  Lines lines(text);
  while (const auto line = lines.next()) {
    const std::string_view whole = line->text;
    const auto [key_end, value_begin] = cut(whole);
    auto key = unescaped(whole.substr(0, key_end));
    auto value = unescaped(whole.substr(value_begin));
    if (!key || !value) {
      return Failure{"line " + std::to_string(line->number) + R"(: \u must be followed by four hexadecimal digits)"};
    }
    properties.push_back({*std::move(key), *std::move(value), line->number});
  }
  return properties;
}

}  // namespace kcl::multilang
