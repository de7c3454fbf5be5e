// The names of credentials providers that KCL's properties files give, and what stands for them here.
// Source: MultiLangDaemonConfiguration, AwsCredentialsProviderPropertyValueDecoder.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <kcl/credentials.h>
#include <kcl/result.h>

namespace kcl::multilang {

struct CredentialsSource {
  enum class Kind : std::uint8_t { usual, environment, profile, web_identity, container, instance, assume_role };
  Kind kind = Kind::usual;
  /// Of Kind::profile; empty: the one that the environment names.
  std::string profile = {};
  /// Of Kind::assume_role: which one. It is assumed with what the AWS tools would find.
  std::string role_arn = {};
  std::string session_name = {};
  std::string external_id = {};
  /// Of STS; empty: as usual.
  std::string endpoint = {};
  std::string region = {};
  friend bool operator==(const CredentialsSource&, const CredentialsSource&) = default;
};
/// Asked one after the other.
using CredentialsSources = std::vector<CredentialsSource>;

/// "DefaultCredentialsProvider", "ProfileCredentialsProvider|orders,EnvironmentVariableCredentialsProvider",
/// "StsAssumeRoleCredentialsProvider|arn:aws:iam::123456789012:role/reader|me|externalId=x", with or without a package
/// or KCL's prefix, also by their names in the SDK's first version. Fails, with what to do, when one of them cannot be
/// had here: going on to others would act under another identity. Pure.
Result<CredentialsSources, std::string> parse_credentials(std::string_view text);

/// Null for what the worker finds by itself. `region` is where STS is asked; empty: not given.
std::shared_ptr<CredentialsProvider> make_credentials(const CredentialsSources& sources, const std::string& region);

/// Of a service that has its own, or null where it has none.
std::shared_ptr<CredentialsProvider> make_own_credentials(const CredentialsSources& sources, const std::string& region);

}  // namespace kcl::multilang
