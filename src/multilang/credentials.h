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
  enum class Kind : std::uint8_t { usual, environment, profile };
  Kind kind = Kind::usual;
  /// Of Kind::profile; empty: the one that the environment names.
  std::string profile = {};
  friend bool operator==(const CredentialsSource&, const CredentialsSource&) = default;
};
/// Asked one after the other.
using CredentialsSources = std::vector<CredentialsSource>;

/// "DefaultCredentialsProvider", "ProfileCredentialsProvider|orders,EnvironmentVariableCredentialsProvider", with or
/// without a package, also by their names in the SDK's first version. Fails, with what to do, when one of them cannot
/// be had here: going on to others would act under another identity. Pure.
Result<CredentialsSources, std::string> parse_credentials(std::string_view text);

/// Null for what the worker finds by itself.
std::shared_ptr<CredentialsProvider> make_credentials(const CredentialsSources& sources);

}  // namespace kcl::multilang
