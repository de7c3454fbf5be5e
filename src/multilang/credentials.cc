#include "multilang/credentials.h"

#include <array>
#include <optional>
#include <utility>

#include "aws/credentials.h"
#include "aws/credentials_cache.h"
#include "base/wall_clock.h"

namespace kcl::multilang {

namespace {

using Kind = CredentialsSource::Kind;

constexpr std::array<std::pair<std::string_view, Kind>, 7> kKnown{{
    {"DefaultCredentialsProvider", Kind::usual},
    {"DefaultAWSCredentialsProviderChain", Kind::usual},
    {"EnvironmentVariableCredentialsProvider", Kind::environment},
    {"ProfileCredentialsProvider", Kind::profile},
    {"KclDefaultCredentialsProvider", Kind::usual},
    {"KclEnvironmentVariableCredentialsProvider", Kind::environment},
    {"KclProfileCredentialsProvider", Kind::profile},
}};

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::optional<Kind> kind_of(std::string_view name) {
  for (const auto& [known, kind] : kKnown) {
    if (known == name) return kind;
  }
  return std::nullopt;
}

/// What is before `separator`; that and the separator are taken off `text`.
std::string_view take_until(std::string_view& text, char separator) {
  const auto end = text.find(separator);
  const std::string_view taken = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return trimmed(taken);
}

}  // namespace

Result<CredentialsSources, std::string> parse_credentials(std::string_view text) {
  CredentialsSources sources;
  while (!text.empty()) {
    std::string_view arguments = take_until(text, ',');
    std::string_view name = take_until(arguments, '|');
    if (name.empty()) continue;
    if (const auto package = name.rfind('.'); package != std::string_view::npos) name.remove_prefix(package + 1);
    const auto kind = kind_of(name);
    if (!kind) {
      return Failure{"kclpp cannot use '" + std::string(name) +
                     "' yet: it knows DefaultCredentialsProvider, EnvironmentVariableCredentialsProvider and "
                     "ProfileCredentialsProvider|NAME; a profile with a credential_process can do the rest"};
    }
    CredentialsSource source{.kind = *kind};
    if (*kind == Kind::profile) source.profile = take_until(arguments, '|');
    sources.push_back(std::move(source));
  }
  if (sources.empty()) return Failure{std::string("it names no provider; DefaultCredentialsProvider is the usual one")};
  return sources;
}

std::shared_ptr<CredentialsProvider> make_credentials(const CredentialsSources& sources) {
  if (sources.size() == 1 && sources.front().kind == Kind::usual) return nullptr;
  const aws::Environment environment = aws::Environment::of_process();
  std::vector<std::unique_ptr<aws::CredentialsPlace>> places;
  for (const CredentialsSource& source : sources) {
    if (source.kind != Kind::profile) places.push_back(aws::environment_place(environment));
    if (source.kind != Kind::environment) places.push_back(aws::profile_place(source.profile, environment));
  }
  return aws::cached(aws::chain(std::move(places)), base::wall_now);
}

}  // namespace kcl::multilang
