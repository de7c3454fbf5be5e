#include "aws/sts.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "aws/region.h"
#include "aws/service_errors.h"
#include "wire/aws_error.h"
#include "wire/form.h"
#include "wire/http_date.h"
#include "wire/sigv4.h"
#include "wire/sts_answer.h"

namespace kcl::aws {

namespace {

constexpr std::size_t kMaxAnswer = 256U << 10U;
constexpr std::chrono::seconds kTimeout{10};
constexpr const char* kFormType = "application/x-www-form-urlencoded; charset=utf-8";
constexpr std::chrono::milliseconds kNoticeableSkew = std::chrono::minutes(4);

using Fields = std::vector<std::pair<std::string_view, std::string_view>>;

std::string session_name_of(const AssumeRole& role, Timestamp now) {
  if (!role.session_name.empty()) return role.session_name;
  return "kclpp-" + std::to_string(now.time_since_epoch().count());
}

std::string_view header_of(const http::Response& response, std::string_view name) {
  const std::string* header = response.header(name);
  return header == nullptr ? std::string_view() : std::string_view(*header);
}

/// Passing, though they count as refusals: whoever vouches for the token was not reached by STS; and a token that has
/// expired is replaced by whoever wrote it.
bool may_pass(const ErrorMeaning& meaning, std::string_view code) {
  return meaning.kind == CallError::Kind::unavailable || meaning.kind == CallError::Kind::throttled ||
         meaning.credentials_expired || code == "IDPCommunicationError";
}

}  // namespace

bool is_role_arn(std::string_view text) {
  constexpr std::string_view kAccount = "123456789012";
  constexpr std::string_view kRole = ":role/";
  if (!text.starts_with("arn:aws")) return false;
  const auto iam = text.find(":iam::");
  if (iam == std::string_view::npos) return false;
  text.remove_prefix(iam + std::string_view(":iam::").size());
  const std::string_view account = text.substr(0, kAccount.size());
  const bool digits = std::ranges::all_of(account, [](char c) { return c >= '0' && c <= '9'; });
  text.remove_prefix(account.size());
  return account.size() == kAccount.size() && digits && text.starts_with(kRole) && text.size() > kRole.size();
}

Result<Sts, std::string> Sts::find(const ProviderContext& context, const Profile& profile, const std::string& endpoint,
                                   const std::string& endpoint_by) {
  auto region = find_configured_region(context.region, context.environment, profile);
  if (!region) return Failure{std::move(region.error())};
  const EndpointRequest request{.service = Service::sts,
                                .configured = endpoint,
                                .configured_by = endpoint_by,
                                .region = region->value_or(std::string())};
  auto found = find_endpoint(request, context.environment, profile);
  if (!found) return Failure{std::move(found.error())};
  std::string signed_for = signing_region(*found, request.region);
  // Of a server of the user's own, in no region.
  if (signed_for.empty()) signed_for = "us-east-1";
  return Sts(context, *std::move(found), std::move(signed_for));
}

CredentialsResult Sts::assume_role(const AssumeRole& role, const Credentials& source, const Call& call) const {
  const std::string session_name = session_name_of(role, now_());
  const std::string duration = role.duration_seconds ? std::to_string(*role.duration_seconds) : std::string();
  Fields fields{
      {"Action", "AssumeRole"}, {"Version", "2011-06-15"}, {"RoleArn", role.arn}, {"RoleSessionName", session_name}};
  if (!duration.empty()) fields.emplace_back("DurationSeconds", duration);
  if (!role.external_id.empty()) fields.emplace_back("ExternalId", role.external_id);
  return ask("AssumeRole", wire::encode_form(fields), &source, call);
}

CredentialsResult Sts::assume_role_with_web_identity(const AssumeRole& role, const std::string& token,
                                                     const Call& call) const {
  const std::string session_name = session_name_of(role, now_());
  const std::string duration = role.duration_seconds ? std::to_string(*role.duration_seconds) : std::string();
  Fields fields{{"Action", "AssumeRoleWithWebIdentity"},
                {"Version", "2011-06-15"},
                {"RoleArn", role.arn},
                {"RoleSessionName", session_name},
                {"WebIdentityToken", token}};
  if (!duration.empty()) fields.emplace_back("DurationSeconds", duration);
  return ask("AssumeRoleWithWebIdentity", wire::encode_form(fields), nullptr, call);
}

http::Request Sts::request(const std::string& body, const Credentials* signer, Timestamp at) const {
  http::Request request;
  request.url = endpoint_.url;
  request.headers = {{"Host", endpoint_.host}, {"Content-Type", kFormType}};
  request.body = body;
  request.max_body_bytes = kMaxAnswer;
  if (signer == nullptr) return request;
  wire::RequestToSign to_sign;
  to_sign.host = endpoint_.host;
  to_sign.path = endpoint_.path;
  to_sign.body = body;
  to_sign.headers = {{"Content-Type", kFormType}};
  const wire::SigningCredentials secrets{signer->access_key_id, signer->secret_access_key, signer->session_token};
  wire::Signer signer_of_region(region_, signing_name(Service::sts));
  for (auto& [name, value] : signer_of_region.sign(to_sign, secrets, at)) {
    request.headers.push_back({std::move(name), std::move(value)});
  }
  return request;
}

CredentialsResult Sts::ask(const std::string& action, const std::string& body, const Credentials* signer,
                           const Call& call) const {
  Timestamp at = now_();
  for (bool clock_mended = false;;) {
    const auto answer = exchange_(request(body, signer, at), at_most(call, kTimeout));
    if (!answer) return unavailable(answer.error().message);
    if (answer->status == 200) {
      auto credentials = wire::decode_assumed_role(action, *answer->body);
      if (credentials) return *std::move(credentials);
      return unavailable(endpoint_.host + ": the answer to " + action + " is none of STS: " + credentials.error());
    }
    wire::ErrorAnswer told;
    told.status = answer->status;
    told.content_type = header_of(*answer, "content-type");
    told.body = *answer->body;
    told.quotable = false;
    wire::AwsError error = wire::parse_aws_error(told);
    const ErrorMeaning meaning = meaning_of(answer->status, error.code);
    const auto date = wire::parse_http_date(header_of(*answer, "date"));
    if (signer != nullptr && meaning.clock_suspected && !clock_mended && date &&
        std::chrono::abs(*date - at) >= kNoticeableSkew) {
      at = *date;
      clock_mended = true;
      continue;
    }
    const bool retryable = may_pass(meaning, error.code);
    std::string message = call_error(endpoint_.host, std::move(error), meaning).message;
    return retryable ? unavailable(std::move(message)) : unusable(std::move(message));
  }
}

}  // namespace kcl::aws
