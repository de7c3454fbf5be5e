// The JSON of IAM Identity Center (AWS SSO): the token that `aws sso login` leaves in ~/.aws/sso/cache, and the answers
// of CreateToken (SSO OIDC) and GetRoleCredentials (SSO portal). Decoding takes any bytes; a message names what is
// wrong and never repeats a value. Source: IAM Identity Center OIDC and Portal API References; AWS SDKs and Tools
// Reference Guide, "IAM Identity Center credential provider"; botocore's SSOTokenLoader for the file.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include <kcl/credentials.h>
#include <kcl/result.h>
#include <kcl/timestamp.h>

namespace kcl::wire {

struct SsoToken {
  std::string access_token;
  Timestamp expires_at{};
  /// What a new one can be had with; all but the last are empty where that was not asked for at login.
  std::string refresh_token;
  std::string client_id;
  std::string client_secret;
  std::optional<Timestamp> registration_expires_at;
};
Result<SsoToken, std::string> decode_sso_token(std::string_view json);

struct CreatedToken {
  std::string access_token;
  std::chrono::seconds expires_in{0};
  /// Empty: the old one stays.
  std::string refresh_token;
};
Result<CreatedToken, std::string> decode_created_token(std::string_view json);

/// The request of CreateToken. Precondition: `token` has all that it takes.
std::string encode_create_token(const SsoToken& token);

/// The file with the new token in it: all other members stay. Precondition: decode_sso_token() takes `json`.
std::string renewed_sso_token(std::string_view json, const CreatedToken& created, Timestamp expires_at);

Result<Credentials, std::string> decode_role_credentials(std::string_view json);

}  // namespace kcl::wire
