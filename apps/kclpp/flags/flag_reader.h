// From the texts of flags to values, and one line for each thing that is wrong with them: the flag, what is wrong, and
// what would be right. What commands share; pure.
#pragma once

#include <chrono>
#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <kcl/timestamp.h>

#include "flags/flags.h"

namespace kclpp {

/// The alphabet of stream and table names (AWS: StreamName, TableName).
bool is_aws_name(std::string_view text, std::size_t shortest, std::size_t longest);

/// A time with its zone, or a date: its midnight in UTC.
std::optional<kcl::Timestamp> parse_time(const std::string& text);
inline constexpr std::string_view kTimeForm =
    "a time with its zone such as 2026-11-22T23:26:13Z, or a date (midnight UTC)";

class FlagReader {
 public:
  /// `given` outlives it.
  explicit FlagReader(const FlagValues& given) : given_(given) {}

  void problem(std::string_view flag, const std::string& text) {
    problems_.push_back("--" + std::string(flag) + ": " + text);
  }
  std::vector<std::string> take_problems() { return std::move(problems_); }

  bool has(std::string_view flag) const { return given_.contains(flag); }
  /// Empty when the flag was not given; noted when it was given empty: a script's unset variable must not silently
  /// mean the default.
  std::optional<std::string> text(std::string_view flag, std::string_view what_is_right);
  /// Into an enumeration, by the words that it may be.
  template <class T>
  void choice(std::string_view flag, T& into, std::initializer_list<std::pair<std::string_view, T>> words);
  struct Seconds {
    std::chrono::milliseconds least;
    std::chrono::milliseconds most;
  };
  void seconds(std::string_view flag, std::chrono::milliseconds& into, Seconds range);
  /// 1 to `most`.
  void count(std::string_view flag, std::size_t& into, std::size_t most);
  /// Of a server.
  void url(std::string_view flag, std::string& into);

 private:
  const FlagValues& given_;
  std::vector<std::string> problems_;
};

template <class T>
void FlagReader::choice(std::string_view flag, T& into, std::initializer_list<std::pair<std::string_view, T>> words) {
  std::string known;
  for (const auto& [word, value] : words) known += (known.empty() ? "" : ", ") + std::string(word);
  const auto given = text(flag, "one of " + known);
  if (!given) return;
  for (const auto& [word, value] : words) {
    if (*given != word) continue;
    into = value;
    return;
  }
  problem(flag, "\"" + *given + "\" is none of " + known);
}

}  // namespace kclpp
