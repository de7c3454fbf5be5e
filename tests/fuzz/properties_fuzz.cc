#include "base/check.h"
#include "fuzz_target.h"
#include "multilang/line_splitter.h"
#include "multilang/logback.h"
#include "multilang/settings.h"

namespace kcl::fuzz {

void run_one(std::string_view input) {
  multilang::LineSplitter whole(100);
  multilang::LineSplitter pieces(100);
  std::vector<std::string> lines;
  for (const char c : input) {
    for (std::string& line : pieces.feed({&c, 1})) lines.push_back(std::move(line));
  }
  for (std::string& line : pieces.finish()) lines.push_back(std::move(line));
  std::vector<std::string> at_once = whole.feed(input);
  for (std::string& line : whole.finish()) at_once.push_back(std::move(line));
  base::check(lines == at_once, "lines are the same in whatever pieces they come");

  multilang::parse_logback(input);
  const auto properties = multilang::parse_properties(input);
  if (!properties) return base::check(properties.error().starts_with("line "), "an error names its line");
  const auto nothing = [](std::string_view) { return std::optional<std::string>(); };
  multilang::Settings settings = multilang::gather(*properties, "file", nothing);
  const multilang::DaemonOptions options = multilang::daemon_options(settings);
  base::check(!settings.problems.empty() || !options.child.argv.empty(), "what has no problem can be used");
  base::check(!multilang::effective_configuration(settings).empty(), "there are defaults");
}

}  // namespace kcl::fuzz
