// The command line as values: what completions and man pages are made of. main() takes it from the very definitions by
// which it parses and makes --help, so that none of them can tell another story.
#pragma once

#include <string>
#include <vector>

namespace kclpp::help {

struct Option {
  /// With their dashes; short ones first.
  std::vector<std::string> names;
  /// What it takes; empty: nothing, it is a switch.
  std::string value;
  /// The heading that it stands under.
  std::string group;
  std::string help;
  /// Its environment twin; empty: none.
  std::string environment;
  /// "1 - 100"; empty: not told.
  std::string range;
  std::string fallback;

  bool takes_file() const { return value == "FILE"; }
};

struct Command {
  /// "kclpp", "consume", "list".
  std::string name;
  std::string help;
  std::vector<Option> options;
  /// What it takes besides; empty: nothing.
  std::string arguments;
  std::string arguments_help;
  /// Lines to be shown as they are.
  std::string footer;
  std::vector<Command> commands;
};

}  // namespace kclpp::help
