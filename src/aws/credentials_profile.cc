// The profile's place in the chain of credentials.
#include <string>
#include <utility>

#include "aws/config_file.h"
#include "aws/credentials.h"
#include "aws/credentials_process.h"

namespace kcl::aws {

namespace {

const Setting* find_in(const Section& section, std::string_view key) {
  const auto found = section.find(key);
  return found != section.end() && !found->second.value.empty() ? &found->second : nullptr;
}

struct Unsupported {
  std::string_view key;
  std::string_view what;
};

/// In the AWS tools these go before the profile's own keys.
constexpr Unsupported kBeforeKeys[] = {
    {"role_arn", "assuming a role"},           {"web_identity_token_file", "web identity tokens"},
    {"sso_account_id", "IAM Identity Center"}, {"sso_role_name", "IAM Identity Center"},
    {"sso_start_url", "IAM Identity Center"},
};
/// This one alone gives no credentials for services.
constexpr Unsupported kAfterKeys[] = {{"sso_session", "IAM Identity Center"}};

template <std::size_t N>
std::optional<CredentialsResult> refuse_if_any(const Unsupported (&unsupported)[N], const Profile& profile) {
  for (const Unsupported& one : unsupported) {
    const Setting* setting = profile.find(one.key);
    if (setting == nullptr) continue;
    return unusable("profile '" + profile.name + "' has " + std::string(one.key) + " (" + setting->where +
                    "), but kclpp does not support " + std::string(one.what) +
                    " yet: use a profile with keys or a credential_process");
  }
  return std::nullopt;
}

/// All of one file: a token of one does not fit the keys of the other.
std::optional<CredentialsResult> keys_of(const Section& section) {
  const Setting* id = find_in(section, "aws_access_key_id");
  const Setting* secret = find_in(section, "aws_secret_access_key");
  const Setting* token = find_in(section, "aws_session_token");
  if (id == nullptr && secret == nullptr) return std::nullopt;
  if (id == nullptr) return unusable(secret->where + ": aws_secret_access_key has no aws_access_key_id beside it");
  if (secret == nullptr) return unusable(id->where + ": aws_access_key_id has no aws_secret_access_key beside it");
  return Credentials{id->value, secret->value, token != nullptr ? token->value : "", std::nullopt};
}

class ProfilePlace : public CredentialsPlace {
 public:
  ProfilePlace(std::string profile, Environment environment)
      : profile_(std::move(profile)), environment_(std::move(environment)) {}

  Answer ask(const Call& call) override {
    const auto profile = load_profile(profile_, environment_);
    if (!profile) return {unusable(profile.error()), ""};
    if (auto answer = refuse_if_any(kBeforeKeys, *profile)) return {std::move(answer), ""};
    for (const Section* section : {&profile->credentials, &profile->config}) {
      if (auto keys = keys_of(*section)) return {std::move(keys), ""};
    }
    if (const Setting* command = profile->find("credential_process")) {
      return {run_credential_process(command->value, command->where, call), ""};
    }
    if (auto answer = refuse_if_any(kAfterKeys, *profile)) return {std::move(answer), ""};
    return {std::nullopt, "there are no keys and no credential_process in " + profile->described()};
  }

 private:
  const std::string profile_;
  const Environment environment_;
};

}  // namespace

std::unique_ptr<CredentialsPlace> profile_place(std::string profile, Environment environment) {
  return std::make_unique<ProfilePlace>(std::move(profile), std::move(environment));
}

}  // namespace kcl::aws
