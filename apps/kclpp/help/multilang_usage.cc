#include "help/multilang_usage.h"

#include <array>
#include <string_view>

namespace kclpp::help {

namespace {

struct MultilangFlag {
  /// Empty: none.
  std::string_view short_name;
  std::string_view name;
  std::string_view value;
  std::string_view help;
};

constexpr std::array kFlags{
    MultilangFlag{"-p", "--properties-file", "FILE", "the program and its configuration; a FILE alone means the same"},
    MultilangFlag{"-l", "--log-configuration", "FILE", "a logback.xml, of which the level is followed"},
    MultilangFlag{"", "--lease-format", "FORMAT", "whose rows the lease table has: kcl (default) or vmware-go"},
    MultilangFlag{"", "--check", "", "print what would be done and where each value comes from, and end"},
    MultilangFlag{"", "--strict", "", "keys that change nothing, and numbers that are none, are errors"},
};

constexpr const char* kBegin =
    "usage: kclpp multilang --properties-file FILE [OPTION...]\n"
    "\n"
    "Runs a Kinesis Client Library program of Python, Node.js, Ruby or .NET: the MultiLang daemon, without a JVM. The\n"
    "file is the one that the program has already. In java's place (as `java`, or with the class's name among the\n"
    "arguments) kclpp does the same, so that the clients' own launchers start it.\n"
    "\n";

constexpr const char* kEnd =
    "Each key of the file has an environment twin, which goes before it: KCLPP_MAX_RECORDS for maxRecords.\n"
    "Exit codes: 0 done, also after SIGINT or SIGTERM; 1 failed, or wrong usage. docs/multilang.md has the rest.\n";

}  // namespace

std::string multilang_usage() {
  constexpr std::size_t kColumn = 33;
  std::string text = kBegin;
  for (const MultilangFlag& flag : kFlags) {
    std::string line = flag.short_name.empty() ? "      " : "  " + std::string(flag.short_name) + ", ";
    line += flag.name;
    if (!flag.value.empty()) line.append(" ").append(flag.value);
    line.resize(kColumn, ' ');
    text += line.append(flag.help) + '\n';
  }
  return text + '\n' + kEnd;
}

Command multilang_command(std::string help) {
  Command command{.name = "multilang", .help = std::move(help), .arguments = "FILE"};
  for (const MultilangFlag& flag : kFlags) {
    Option option{.value = std::string(flag.value), .group = "Options", .help = std::string(flag.help)};
    if (!flag.short_name.empty()) option.names.emplace_back(flag.short_name);
    option.names.emplace_back(flag.name);
    command.options.push_back(std::move(option));
  }
  command.options.push_back({.names = {"-h", "--help"}, .group = "Options", .help = "Print the usage and exit"});
  command.arguments_help = "The properties file";
  command.footer = kEnd;
  return command;
}

}  // namespace kclpp::help
