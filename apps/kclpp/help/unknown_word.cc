#include "help/unknown_word.h"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <string_view>
#include <vector>

namespace kclpp::help {

namespace {

/// How many letters must be put in, left out or changed.
std::size_t distance(std::string_view one, std::string_view other) {
  std::vector<std::size_t> row(other.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (std::size_t i = 0; i < one.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < other.size(); ++j) {
      const std::size_t changed = diagonal + (one[i] == other[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({changed, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

/// Empty: none of them is like it.
std::string nearest(std::string_view word, const std::vector<std::string>& known) {
  std::string found;
  std::size_t least = 1 + std::max<std::size_t>(2, word.size() / 4);
  for (const std::string& one : known) {
    const std::size_t far = distance(word, one);
    if (far >= least) continue;
    least = far;
    found = one;
  }
  return found;
}

std::string of_verb(const Command& command, std::span<const std::string> words) {
  const auto word = std::ranges::find_if(words, [](const std::string& each) { return !each.starts_with('-'); });
  if (word == words.end()) return {};
  const auto verb = std::ranges::find(command.commands, *word, &Command::name);
  if (verb != command.commands.end()) return unknown_word(*verb, words.subspan(word - words.begin() + 1));
  std::string all;
  for (const Command& each : command.commands) all.append(all.empty() ? "" : ", ").append(each.name);
  return "there is no '" + *word + "'; there are " + all;
}

}  // namespace

std::string unknown_word(const Command& command, std::span<const std::string> words) {
  if (!command.commands.empty()) return of_verb(command, words);
  std::vector<std::string> flags;
  for (const Option& option : command.options) flags.insert(flags.end(), option.names.begin(), option.names.end());
  for (const std::string& word : words) {
    const std::string flag = word.substr(0, word.find('='));
    if (!flag.starts_with("--") || flag == "--" || std::ranges::find(flags, flag) != flags.end()) continue;
    const std::string meant = nearest(flag, flags);
    return "there is no flag " + flag + (meant.empty() ? "" : "; did you mean " + meant + "?");
  }
  return {};
}

}  // namespace kclpp::help
