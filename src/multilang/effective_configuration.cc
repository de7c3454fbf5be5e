// What `kclpp multilang --check` prints.
#include <algorithm>
#include <cstddef>

#include "multilang/keys.h"
#include "multilang/settings.h"

namespace kcl::multilang {

namespace {

/// What may hold a secret: an external id, a password in a URL.
std::string shown(std::string_view key, std::string_view value) {
  std::string text(value);
  if (key.starts_with("AwsCredentials")) {
    if (const auto id = text.find("externalId"); id != std::string::npos)
      text.replace(id, std::string::npos, "externalId=***");
  }
  const auto scheme = text.find("://");
  if (scheme == std::string::npos) return text;
  const auto authority = scheme + 3;
  const auto user = text.substr(0, text.find('/', authority)).rfind('@');
  if (user != std::string::npos && user >= authority) text.replace(authority, user - authority, "***");
  return text;
}

}  // namespace

std::string effective_configuration(const Settings& settings) {
  std::string text;
  for (const Key& key : keys()) {
    const Setting* setting = settings.find(key.name);
    if (setting == nullptr || (key.effect != KeyEffect::applied && setting->source == "default")) continue;
    const std::string& value = setting->written.empty() ? setting->value : setting->written;
    std::string line = std::string(key.name) + " = " + shown(key.name, value);
    constexpr std::size_t kColumn = 56;
    line.resize(std::max(line.size() + 1, kColumn), ' ');
    line += "# " + setting->source;
    if (key.effect != KeyEffect::applied) line += "; changes nothing: " + std::string(key.note);
    text += line + '\n';
  }
  return text;
}

}  // namespace kcl::multilang
