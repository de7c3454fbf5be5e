#include "flags/flag_reader.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace kclpp {

using std::chrono::milliseconds;

namespace {

std::string seconds_text(milliseconds duration) {
  if (duration.count() % 1'000 == 0) return std::to_string(duration.count() / 1'000);
  std::string text = std::to_string(static_cast<double>(duration.count()) / 1'000);
  text.erase(text.find_last_not_of('0') + 1);
  return text;
}

bool is_letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

}  // namespace

/// The alphabet of stream and table names (AWS: StreamName, TableName).
bool is_aws_name(std::string_view text, std::size_t shortest, std::size_t longest) {
  const auto good = [](char c) { return is_letter_or_digit(c) || c == '_' || c == '.' || c == '-'; };
  return text.size() >= shortest && text.size() <= longest && std::all_of(text.begin(), text.end(), good);
}

std::optional<kcl::Timestamp> parse_time(const std::string& text) {
  if (text.find('T') == std::string::npos) return kcl::parse_iso8601(text + "T00:00:00Z");
  return kcl::parse_iso8601(text);
}

std::optional<std::string> FlagReader::text(std::string_view flag, std::string_view what_is_right) {
  const auto found = given_.find(flag);
  if (found == given_.end()) return std::nullopt;
  if (found->second.empty()) {
    problem(flag, "empty; give " + std::string(what_is_right) + ", or leave the flag out");
    return std::nullopt;
  }
  return found->second;
}

void FlagReader::seconds(std::string_view flag, milliseconds& into, Seconds range) {
  const std::string right = seconds_text(range.least) + " to " + seconds_text(range.most) + " seconds";
  const auto given = text(flag, right);
  if (!given) return;
  double value = 0;
  const char* end = given->data() + given->size();
  const auto [stopped, error] = std::from_chars(given->data(), end, value, std::chars_format::fixed);
  const double most = std::chrono::duration<double>(range.most).count();
  const double least = std::chrono::duration<double>(range.least).count();
  if (error != std::errc() || stopped != end || !(value >= least && value <= most)) {
    problem(flag, "\"" + *given + "\" is not right; " + right + " is");
    return;
  }
  into = milliseconds(std::llround(value * 1'000));
}

void FlagReader::count(std::string_view flag, std::size_t& into, std::size_t most) {
  const std::string right = "1 to " + std::to_string(most);
  const auto given = text(flag, right);
  if (!given) return;
  const char* end = given->data() + given->size();
  const auto [stopped, error] = std::from_chars(given->data(), end, into);
  if (error != std::errc() || stopped != end || into < 1 || into > most) {
    problem(flag, "\"" + *given + "\" is not right; " + right + " is");
  }
}

void FlagReader::url(std::string_view flag, std::string& into) {
  const auto url = text(flag, "a URL");
  if (!url) return;
  const bool good = url->starts_with("https://") || url->starts_with("http://");
  if (!good || url->ends_with("://")) {
    problem(flag, "\"" + *url + "\" is no URL; one looks like http://127.0.0.1:4567");
    return;
  }
  into = *url;
}

}  // namespace kclpp
