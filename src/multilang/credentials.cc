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

/// KCL's own stand before these with "Kcl". The last four are of the SDK's first version.
constexpr std::array<std::pair<std::string_view, Kind>, 12> kKnown{{
    {"DefaultCredentialsProvider", Kind::usual},
    {"EnvironmentVariableCredentialsProvider", Kind::environment},
    {"ProfileCredentialsProvider", Kind::profile},
    {"WebIdentityTokenFileCredentialsProvider", Kind::web_identity},
    {"ContainerCredentialsProvider", Kind::container},
    {"InstanceProfileCredentialsProvider", Kind::instance},
    {"StsAssumeRoleCredentialsProvider", Kind::assume_role},
    {"StsWebIdentityTokenFileCredentialsProvider", Kind::web_identity},
    {"DefaultAWSCredentialsProviderChain", Kind::usual},
    {"WebIdentityTokenCredentialsProvider", Kind::web_identity},
    {"EC2ContainerCredentialsProviderWrapper", Kind::container},
    {"STSAssumeRoleSessionCredentialsProvider", Kind::assume_role},
}};

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::optional<Kind> kind_of(std::string_view name) {
  if (name.starts_with("Kcl")) name.remove_prefix(3);
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

/// What follows the name: "roleArn|sessionName", then "endpoint=https://host^region", "endpointRegion=r",
/// "externalId=x" in any order. Source: StsAssumeRoleCredentialsProvider of KCL.
Result<CredentialsSource, std::string> parse_role(std::string_view arguments) {
  CredentialsSource source{.kind = Kind::assume_role};
  source.role_arn = take_until(arguments, '|');
  source.session_name = take_until(arguments, '|');
  if (source.role_arn.empty() || source.session_name.empty()) {
    return Failure{std::string("StsAssumeRoleCredentialsProvider takes |roleArn|sessionName")};
  }
  while (!arguments.empty()) {
    std::string_view value = take_until(arguments, '|');
    const std::string_view name = take_until(value, '=');
    if (name == "externalId") {
      source.external_id = trimmed(value);
    } else if (name == "endpointRegion") {
      source.region = trimmed(value);
    } else if (name == "endpoint") {
      source.endpoint = take_until(value, '^');
      if (source.endpoint.find("://") == std::string::npos) source.endpoint.insert(0, "https://");
      if (!trimmed(value).empty()) source.region = trimmed(value);
    } else {
      return Failure{"StsAssumeRoleCredentialsProvider has no argument '" + std::string(name) +
                     "': it takes endpoint, endpointRegion and externalId"};
    }
  }
  return source;
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
      return Failure{
          "kclpp cannot use '" + std::string(name) +
          "': it knows DefaultCredentialsProvider, EnvironmentVariableCredentialsProvider, "
          "ProfileCredentialsProvider|NAME, WebIdentityTokenFileCredentialsProvider, "
          "ContainerCredentialsProvider, InstanceProfileCredentialsProvider and "
          "StsAssumeRoleCredentialsProvider|ARN|SESSION; a profile with a credential_process can do the rest"};
    }
    CredentialsSource source{.kind = *kind};
    if (*kind == Kind::profile) source.profile = take_until(arguments, '|');
    if (*kind == Kind::assume_role) {
      auto role = parse_role(arguments);
      if (!role) return Failure{std::move(role.error())};
      source = *std::move(role);
    }
    sources.push_back(std::move(source));
  }
  if (sources.empty()) return Failure{std::string("it names no provider; DefaultCredentialsProvider is the usual one")};
  return sources;
}

namespace {

void add(std::vector<std::unique_ptr<aws::CredentialsPlace>>& places, const CredentialsSource& source,
         const aws::ProviderContext& context) {
  switch (source.kind) {
    case Kind::usual:
      for (auto& place : aws::default_places({}, context)) places.push_back(std::move(place));
      return;
    case Kind::environment:
      return places.push_back(aws::environment_place(context.environment));
    case Kind::profile:
      return places.push_back(aws::profile_place(source.profile, context));
    case Kind::web_identity:
      return places.push_back(aws::web_identity_place(context, {}));
    case Kind::container:
      return places.push_back(aws::container_place(context));
    case Kind::instance:
      return places.push_back(aws::instance_place(context, {}));
    case Kind::assume_role: {
      aws::NamedRole role{.arn = source.role_arn,
                          .session_name = source.session_name,
                          .external_id = source.external_id,
                          .endpoint = source.endpoint,
                          .region = source.region};
      auto with = aws::chain(aws::default_places({}, context));
      return places.push_back(aws::named_role_place(std::move(role), std::move(with), context, {}));
    }
  }
}

}  // namespace

std::shared_ptr<CredentialsProvider> make_credentials(const CredentialsSources& sources, const std::string& region) {
  if (sources.size() == 1 && sources.front().kind == Kind::usual) return nullptr;
  const auto context = aws::provider_context({.profile = {}, .region = region}, aws::Environment::of_process());
  std::vector<std::unique_ptr<aws::CredentialsPlace>> places;
  for (const CredentialsSource& source : sources) add(places, source, context);
  return aws::cached(aws::chain(std::move(places)), base::wall_now);
}

std::shared_ptr<CredentialsProvider> make_own_credentials(const CredentialsSources& sources,
                                                          const std::string& region) {
  if (sources.empty()) return nullptr;
  auto made = make_credentials(sources, region);
  return made ? made : default_credentials({.profile = {}, .region = region});
}

}  // namespace kcl::multilang
