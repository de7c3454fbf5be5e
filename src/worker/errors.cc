#include <kcl/errors.h>

namespace kcl {

namespace {

std::string listed(const std::vector<std::string>& problems) {
  std::string text = "this configuration cannot work:";
  for (const std::string& problem : problems) text += "\n  " + problem;
  return text;
}

}  // namespace

ConfigError::ConfigError(std::vector<std::string> problems)
    : std::invalid_argument(listed(problems)), problems_(std::move(problems)) {}

}  // namespace kcl
