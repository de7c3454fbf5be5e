#include "multilang/logback.h"

#include <algorithm>

namespace kcl::multilang {

namespace {

/// Without its comments.
std::string uncommented(std::string_view xml) {
  std::string out;
  while (!xml.empty()) {
    const auto begin = xml.find("<!--");
    out += xml.substr(0, begin);
    if (begin == std::string_view::npos) break;
    const auto end = xml.find("-->", begin);
    if (end == std::string_view::npos) break;
    xml.remove_prefix(end + 3);
  }
  return out;
}

/// The value of an attribute in a start tag; empty when there is none.
std::string_view attribute(std::string_view tag, std::string_view name) {
  for (std::size_t at = tag.find(name); at != std::string_view::npos; at = tag.find(name, at + 1)) {
    const std::string_view before = tag.substr(0, at);
    std::string_view rest = tag.substr(at + name.size());
    if (before.empty() || std::string_view(" \t\r\n").find(before.back()) == std::string_view::npos) continue;
    rest.remove_prefix(std::min(rest.find_first_not_of(" \t\r\n"), rest.size()));
    if (!rest.starts_with('=')) continue;
    rest.remove_prefix(1);
    rest.remove_prefix(std::min(rest.find_first_not_of(" \t\r\n"), rest.size()));
    if (rest.empty() || (rest.front() != '"' && rest.front() != '\'')) continue;
    const char quote = rest.front();
    rest.remove_prefix(1);
    return rest.substr(0, rest.find(quote));
  }
  return {};
}

std::optional<LogLevel> level_of(std::string_view text) {
  std::string small(text);
  for (char& c : small) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  if (small == "trace" || small == "debug" || small == "all") return LogLevel::debug;
  if (small == "info") return LogLevel::info;
  if (small == "warn") return LogLevel::warning;
  if (small == "error" || small == "off") return LogLevel::error;
  return std::nullopt;
}

}  // namespace

Logback parse_logback(std::string_view xml) {
  const std::string text = uncommented(xml);
  std::optional<LogLevel> root;
  std::optional<LogLevel> kinesis;
  bool files = false;
  std::string_view rest = text;
  while (true) {
    const auto begin = rest.find('<');
    if (begin == std::string_view::npos) break;
    rest.remove_prefix(begin + 1);
    const std::string_view tag = rest.substr(0, rest.find('>'));
    const std::string_view name = tag.substr(0, tag.find_first_of(" \t\r\n/"));
    const auto level = level_of(attribute(tag, "level"));
    if (name == "root" && level) root = level;
    if (name == "logger" && level && attribute(tag, "name") == "software.amazon.kinesis") kinesis = level;
    if (name == "appender" && attribute(tag, "class").find("FileAppender") != std::string_view::npos) files = true;
  }
  Logback logback;
  logback.level = kinesis ? kinesis : root;
  if (files) logback.warnings.emplace_back("its files are not written: kclpp logs to stderr");
  if (!logback.level)
    logback.warnings.emplace_back("it has no level of root or software.amazon.kinesis: info is taken");
  return logback;
}

}  // namespace kcl::multilang
