#include "aws/credentials_sso.h"

#include <cerrno>
#include <string>
#include <string_view>
#include <utility>

#include "aws/endpoints.h"
#include "aws/region.h"
#include "aws/small_file.h"
#include "base/sha1.h"
#include "base/sha256.h"
#include "base/text.h"
#include "wire/aws_error.h"
#include "wire/form.h"
#include "wire/sso_json.h"

namespace kcl::aws {

namespace {

constexpr std::size_t kMaxToken = 256U << 10U;
constexpr std::size_t kMaxAnswer = 256U << 10U;
constexpr std::chrono::seconds kTimeout{10};
/// A token with less life left is renewed, as botocore does.
constexpr std::chrono::minutes kRenewBefore{15};

struct SsoSettings {
  std::string account_id;
  std::string role_name;
  std::string region;
  /// What the file of the token is named by: the session, or the start URL where there is none.
  std::string token_name;
  bool renewable = false;
};

/// Of the session, where the profile names one; the profile may repeat it, not contradict it.
Result<std::string, std::string> find_shared(const Profile& profile, std::string_view key) {
  const Setting* own = profile.find(key);
  const Setting* shared = nullptr;
  if (profile.sso_session) {
    const auto found = profile.sso_session->find(key);
    if (found != profile.sso_session->end() && !found->second.value.empty()) shared = &found->second;
  }
  if (own != nullptr && shared != nullptr && own->value != shared->value) {
    return Failure{own->where + ": " + std::string(key) + " is another one at " + shared->where};
  }
  if (own == nullptr) own = shared;
  if (own == nullptr) return Failure{std::string(key) + " is missing in " + profile.described()};
  return own->value;
}

Result<SsoSettings, std::string> settings_of(const Profile& profile) {
  SsoSettings settings;
  const Setting* session = profile.find("sso_session");
  if (session != nullptr && !profile.sso_session) {
    return Failure{session->where + ": there is no section [sso-session " + session->value + "]"};
  }
  std::string start_url;
  const std::pair<std::string_view, std::string*> keys[] = {{"sso_account_id", &settings.account_id},
                                                            {"sso_role_name", &settings.role_name},
                                                            {"sso_region", &settings.region},
                                                            {"sso_start_url", &start_url}};
  for (const auto& [key, into] : keys) {
    auto found = find_shared(profile, key);
    if (!found) return Failure{std::move(found.error())};
    *into = *std::move(found);
  }
  if (!is_region_name(settings.region)) {
    return Failure{"sso_region '" + settings.region + "' of " + profile.described() + " is no region"};
  }
  settings.renewable = session != nullptr;
  settings.token_name = session != nullptr ? session->value : start_url;
  return settings;
}

class SsoLogin {
 public:
  SsoLogin(const Profile& profile, SsoSettings settings, const ProviderContext& context, const Call& call)
      : profile_(profile), settings_(std::move(settings)), context_(context), call_(call) {}

  CredentialsResult credentials() {
    auto token = find_token();
    if (!token) return Failure{std::move(token.error())};
    return role_credentials(*token);
  }

 private:
  std::string log_in() const { return "run `aws sso login --profile " + profile_.name + "`"; }

  /// What the last login left, renewed if need be.
  Result<std::string, CredentialsError> find_token() {
    const auto failed = [](std::string message) {
      return Failure{CredentialsError{.retryable = false, .message = std::move(message)}};
    };
    const auto home = context_.environment.get("HOME");
    if (!home) return failed("there is no token of IAM Identity Center: HOME is not set");
    file_ = *home + "/.aws/sso/cache/" + base::hex(base::sha1(settings_.token_name)) + ".json";
    const auto text = read_small_file(file_, kMaxToken);
    if (!text && text.error() == ENOENT) {
      return failed("nobody is logged in for " + profile_.described() + ": " + log_in());
    }
    if (!text) return failed(file_ + " cannot be read: " + base::error_text(text.error()));
    auto token = wire::decode_sso_token(*text);
    if (!token) return failed(file_ + ": " + token.error() + "; " + log_in());

    const Timestamp now = context_.now();
    std::string why;
    if (token->expires_at - now < kRenewBefore && is_renewable(*token, now)) {
      auto renewed = renew(*text, *token);
      if (renewed) return *std::move(renewed);
      if (token->expires_at > now) return std::move(token->access_token);
      if (renewed.error().retryable) return Failure{std::move(renewed.error())};
      why = " and was not renewed (" + renewed.error().message + ")";
    }
    if (token->expires_at > now) return std::move(token->access_token);
    return failed("the login for profile '" + profile_.name + "' expired at " + to_iso8601(token->expires_at) + why +
                  ": " + log_in());
  }

  bool is_renewable(const wire::SsoToken& token, Timestamp now) const {
    return settings_.renewable && !token.refresh_token.empty() && !token.client_id.empty() &&
           !token.client_secret.empty() && token.registration_expires_at && *token.registration_expires_at > now;
  }

  Result<std::string, CredentialsError> renew(const std::string& text, const wire::SsoToken& token) const {
    http::Request request;
    request.headers = {{"Content-Type", "application/json"}};
    request.body = wire::encode_create_token(token);
    const auto answer = send(std::move(request), Service::sso_oidc, "/token");
    if (!answer) return Failure{answer.error()};
    auto created = wire::decode_created_token(*answer);
    if (!created) return Failure{CredentialsError{.retryable = true, .message = "CreateToken: " + created.error()}};
    // Best effort: this process has the token, whoever else needs it renews it once more.
    const Timestamp expires_at = context_.now() + created->expires_in;
    static_cast<void>(replace_file(file_, wire::renewed_sso_token(text, *created, expires_at)));
    return std::move(created->access_token);
  }

  CredentialsResult role_credentials(const std::string& token) const {
    http::Request request;
    request.method = "GET";
    request.headers = {{"x-amz-sso_bearer_token", token}};
    const std::string query =
        wire::encode_form({{"role_name", settings_.role_name}, {"account_id", settings_.account_id}});
    const auto answer = send(std::move(request), Service::sso, "/federation/credentials?" + query);
    if (!answer) return Failure{answer.error()};
    auto credentials = wire::decode_role_credentials(*answer);
    if (credentials) return *std::move(credentials);
    return unavailable("the answer of IAM Identity Center cannot be used: " + credentials.error());
  }

  /// The body of an answer with status 200.
  Result<std::string, CredentialsError> send(http::Request request, Service service, const std::string& path) const {
    const auto failed = [](bool retryable, std::string message) {
      return Failure{CredentialsError{.retryable = retryable, .message = std::move(message)}};
    };
    const EndpointRequest wanted{.service = service, .configured = {}, .configured_by = {}, .region = settings_.region};
    const auto endpoint = find_endpoint(wanted, context_.environment, profile_);
    if (!endpoint) return failed(false, endpoint.error());
    request.url = endpoint->url;
    if (request.url.ends_with('/')) request.url.pop_back();
    request.url += path;
    request.max_body_bytes = kMaxAnswer;
    const auto answer = context_.exchange(std::move(request), at_most(call_, kTimeout));
    if (!answer) return failed(true, answer.error().message);
    if (answer->status == 200) return *answer->body;
    const std::string* type = answer->header("x-amzn-errortype");
    const wire::AwsError error = wire::parse_aws_error({.status = answer->status,
                                                        .content_type = {},
                                                        .error_type = type == nullptr ? std::string_view() : *type,
                                                        .body = *answer->body,
                                                        .quotable = false});
    std::string message = endpoint->host + ": " + (error.code.empty() ? "" : error.code + ": ") + error.message;
    if (answer->status == 401) message += "; the login has ended: " + log_in();
    return failed(answer->status >= 500 || answer->status == 429, std::move(message));
  }

  const Profile& profile_;
  const SsoSettings settings_;
  const ProviderContext& context_;
  const Call& call_;
  std::string file_;
};

}  // namespace

bool is_sso_profile(const Profile& profile) {
  for (const char* key : {"sso_account_id", "sso_role_name", "sso_start_url"}) {
    if (profile.find(key) != nullptr) return true;
  }
  return false;
}

CredentialsResult sso_credentials(const Profile& profile, const ProviderContext& context, const Call& call) {
  auto settings = settings_of(profile);
  if (!settings) return unusable(std::move(settings.error()));
  const std::string role = settings->role_name + " in account " + settings->account_id;
  auto credentials = SsoLogin(profile, *std::move(settings), context, call).credentials();
  if (credentials) credentials->source = "profile '" + profile.name + "' (IAM Identity Center, " + role + ")";
  return credentials;
}

}  // namespace kcl::aws
