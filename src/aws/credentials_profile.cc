// The profile's place in the chain of credentials: what a profile may hold, in the order of the AWS tools.
#include <algorithm>
#include <charconv>
#include <string>
#include <utility>

#include "aws/config_file.h"
#include "aws/credentials.h"
#include "aws/credentials_process.h"
#include "aws/credentials_sso.h"
#include "aws/credentials_web_identity.h"
#include "aws/sts.h"
#include "base/ascii.h"
#include "base/text.h"

namespace kcl::aws {

namespace {

const Setting* find_in(const Section& section, std::string_view key) {
  const auto found = section.find(key);
  return found != section.end() && !found->second.value.empty() ? &found->second : nullptr;
}

std::string named(const Profile& profile) { return "profile '" + profile.name + "'"; }

/// All of one file: a token of one does not fit the keys of the other.
std::optional<CredentialsResult> keys_in(const Section& section, const Profile& profile) {
  const Setting* id = find_in(section, "aws_access_key_id");
  const Setting* secret = find_in(section, "aws_secret_access_key");
  const Setting* token = find_in(section, "aws_session_token");
  if (id == nullptr && secret == nullptr) return std::nullopt;
  if (id == nullptr) return unusable(secret->where + ": aws_secret_access_key has no aws_access_key_id beside it");
  if (secret == nullptr) return unusable(id->where + ": aws_access_key_id has no aws_secret_access_key beside it");
  return Credentials{id->value, secret->value, token != nullptr ? token->value : "", std::nullopt,
                     named(profile) + " (" + id->where + ")"};
}

std::optional<CredentialsResult> keys_of(const Profile& profile) {
  for (const Section* section : {&profile.credentials, &profile.config}) {
    if (auto keys = keys_in(*section, profile)) return keys;
  }
  return std::nullopt;
}

std::string text_of(const Profile& profile, std::string_view key) {
  const Setting* setting = profile.find(key);
  return setting == nullptr ? std::string() : setting->value;
}

/// What STS is to be asked for; or what is wrong with it.
Result<AssumeRole, std::string> role_of(const Profile& profile) {
  AssumeRole role;
  role.arn = text_of(profile, "role_arn");
  role.session_name = text_of(profile, "role_session_name");
  role.external_id = text_of(profile, "external_id");
  if (const Setting* mfa = profile.find("mfa_serial")) {
    return Failure{mfa->where +
                   ": mfa_serial asks for a code that a person types; a worker needs a role, or a source_profile, "
                   "without it"};
  }
  if (const Setting* duration = profile.find("duration_seconds")) {
    int seconds = 0;
    const std::string& text = duration->value;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    constexpr int kShortest = 900;
    constexpr int kLongest = 43'200;
    if (error != std::errc() || end != text.data() + text.size() || seconds < kShortest || seconds > kLongest) {
      return Failure{duration->where + ": duration_seconds is a number from 900 to 43200"};
    }
    role.duration_seconds = seconds;
  }
  return role;
}

class ProfilePlace : public CredentialsPlace {
 public:
  ProfilePlace(std::string profile, ProviderContext context)
      : profile_(std::move(profile)),
        context_(std::move(context)),
        environment_(environment_place(context_.environment)),
        container_(container_place(context_)),
        instance_(instance_place(context_, profile_)) {}

  Answer ask(const Call& call) override {
    const auto profile = load_profile(profile_, context_.environment);
    if (!profile) return {unusable(profile.error()), ""};
    return of(*profile, {}, call);
  }

 private:
  /// The names of the profiles that lead to this one by their source_profile.
  using Trail = std::vector<std::string>;

  Answer of(const Profile& profile, const Trail& trail, const Call& call) {
    // A profile that lends its credentials to another one lends its keys, if it has some.
    if (!trail.empty()) {
      if (auto keys = keys_of(profile)) return {std::move(keys), ""};
    }
    if (profile.find("web_identity_token_file") != nullptr) return {by_web_identity(profile, call), ""};
    if (is_sso_profile(profile)) return {sso_credentials(profile, context_, call), ""};
    if (profile.find("role_arn") != nullptr) return {by_role(profile, trail, call), ""};
    if (auto keys = keys_of(profile)) return {std::move(keys), ""};
    if (const Setting* command = profile.find("credential_process")) {
      auto credentials = run_credential_process(command->value, command->where, call);
      if (credentials) credentials->source = named(profile) + " (credential_process, " + command->where + ")";
      return {std::move(credentials), ""};
    }
    if (const Setting* login = profile.find("login_session")) {
      return {unusable(login->where + ": kclpp cannot use what `aws login` leaves; use IAM Identity Center "
                                      "(`aws configure sso`), a role or a credential_process"),
              ""};
    }
    if (const Setting* session = profile.find("sso_session")) {
      return {unusable(session->where + ": sso_session has no sso_account_id and no sso_role_name beside it"), ""};
    }
    return {std::nullopt,
            "there are no keys, no role, no IAM Identity Center and no credential_process in " + profile.described()};
  }

  CredentialsResult by_web_identity(const Profile& profile, const Call& call) const {
    const Setting* file = profile.find("web_identity_token_file");
    if (profile.find("role_arn") == nullptr) {
      return unusable(file->where + ": web_identity_token_file has no role_arn beside it");
    }
    auto role = role_of(profile);
    if (!role) return unusable(std::move(role.error()));
    const WebIdentity identity{.role = *std::move(role), .token_file = file->value, .named_by = file->where};
    auto credentials = web_identity_credentials(identity, context_, profile, call);
    if (credentials) credentials->source = named(profile) + " (web identity, role " + identity.role.arn + ")";
    return credentials;
  }

  CredentialsResult by_role(const Profile& profile, const Trail& trail, const Call& call) {
    auto role = role_of(profile);
    if (!role) return unusable(std::move(role.error()));
    const auto source = source_of(profile, trail, call);
    if (!source) return Failure{source.error()};
    const auto sts = Sts::find(context_, profile);
    if (!sts) return unusable(sts.error());
    auto credentials = sts->assume_role(*role, *source, call);
    if (credentials) {
      credentials->source = named(profile) + " (role " + role->arn + ", assumed by " + source->source + ")";
    } else {
      credentials.error().message = "role " + role->arn + " of " + named(profile) + ": " + credentials.error().message;
    }
    return credentials;
  }

  /// What the role of `profile` is assumed with.
  CredentialsResult source_of(const Profile& profile, const Trail& trail, const Call& call) {
    const Setting* name = profile.find("source_profile");
    const Setting* kind = profile.find("credential_source");
    if (name != nullptr && kind != nullptr) {
      return unusable(kind->where + ": credential_source and source_profile exclude each other");
    }
    if (kind != nullptr) return from_kind(*kind, call);
    if (name != nullptr) return from_profile(*name, profile, trail, call);
    return unusable(profile.find("role_arn")->where +
                    ": role_arn needs a source_profile, a credential_source or a web_identity_token_file beside it");
  }

  CredentialsResult from_kind(const Setting& kind, const Call& call) {
    const std::string word = base::lower_case(kind.value);
    CredentialsPlace* place = nullptr;
    if (word == "environment") place = environment_.get();
    if (word == "ecscontainer") place = container_.get();
    if (word == "ec2instancemetadata") place = instance_.get();
    if (place == nullptr) {
      return unusable(kind.where + ": credential_source is Environment, Ec2InstanceMetadata or EcsContainer");
    }
    auto answer = place->ask(call);
    if (answer.credentials) return *std::move(answer.credentials);
    return unusable(kind.where + ": credential_source " + kind.value + " has none: " + answer.looked_at);
  }

  CredentialsResult from_profile(const Setting& name, const Profile& profile, Trail trail, const Call& call) {
    // Its own keys: a profile may hold both.
    if (name.value == profile.name) {
      if (auto keys = keys_of(profile)) return *std::move(keys);
    }
    trail.push_back(profile.name);
    if (std::ranges::find(trail, name.value) != trail.end()) {
      return unusable(name.where + ": source_profile leads back to where it began: " + base::joined(trail, " -> ") +
                      " -> " + name.value);
    }
    const auto source = load_profile(name.value, context_.environment);
    if (!source) return unusable(name.where + ": source_profile: " + source.error());
    auto answer = of(*source, trail, call);
    if (answer.credentials) return *std::move(answer.credentials);
    return unusable(name.where + ": source_profile has no credentials: " + answer.looked_at);
  }

  const std::string profile_;
  const ProviderContext context_;
  /// What a credential_source may name.
  const std::unique_ptr<CredentialsPlace> environment_;
  const std::unique_ptr<CredentialsPlace> container_;
  const std::unique_ptr<CredentialsPlace> instance_;
};

}  // namespace

std::unique_ptr<CredentialsPlace> profile_place(std::string profile, ProviderContext context) {
  return std::make_unique<ProfilePlace>(std::move(profile), std::move(context));
}

}  // namespace kcl::aws
