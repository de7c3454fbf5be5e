// The AWS tools' files take any bytes: no crash, and every error is one line that names the file.
#include <string>
#include <string_view>

#include "aws/config_file.h"
#include "aws/endpoints.h"
#include "base/check.h"
#include "fuzz_target.h"

namespace kcl::fuzz {
namespace {

void require(bool holds) { base::check(holds, "what was read of an AWS file holds together"); }

/// Whatever is accepted is written the one way, and says the same again.
void check_endpoint(std::string_view text) {
  const auto endpoint = aws::parse_endpoint(text, "where");
  if (!endpoint) return require(endpoint.error().rfind("where: ", 0) == 0);
  const auto again = aws::parse_endpoint(endpoint->url, "where");
  require(again.has_value() && *again == *endpoint);
  require(endpoint->host.find_first_of("\r\n @/?#") == std::string::npos);
}

void check_section(const aws::Section& section) {
  for (const auto& [key, setting] : section) {
    require(!key.empty() && setting.where.rfind("file:", 0) == 0);
    require(setting.value.empty() || setting.nested.empty());
    check_endpoint(setting.value);
    for (const auto& [nested_key, value] : setting.nested) {
      require(!nested_key.empty());
      check_endpoint(value);
    }
  }
}

}  // namespace

void run_one(std::string_view input) {
  for (const auto kind : {aws::FileKind::config, aws::FileKind::credentials}) {
    const auto file = aws::parse_config(input, kind, "file");
    if (!file) {
      require(file.error().rfind("file:", 0) == 0 && file.error().find('\n') == std::string::npos);
      continue;
    }
    for (const auto& [name, section] : file->profiles) check_section(section);
    for (const auto& [name, section] : file->services) check_section(section);
  }
  check_endpoint(input);
}

}  // namespace kcl::fuzz
