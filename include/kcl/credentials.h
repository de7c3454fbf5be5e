// AWS credentials: how a program gives its own, or asks for those that the AWS tools would use.
// Plain blocking C++. kclpp calls it from threads made for blocking calls, several at once.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include <kcl/kinesis.h>
#include <kcl/result.h>
#include <kcl/timestamp.h>

namespace kcl {

/// Secret access key and session token are secrets: kclpp never logs them, nor puts them into a message.
struct Credentials {
  std::string access_key_id;
  std::string secret_access_key;
  /// Empty for long-term credentials.
  std::string session_token;
  /// Absent when they do not expire, or nobody knows when.
  std::optional<Timestamp> expiration;
  /// Where they come from, for people: "profile 'orders' (/home/me/.aws/config:7)". No secret. Empty: not told.
  std::string source = {};
};

struct CredentialsError {
  /// The same call may succeed later without anybody changing the configuration.
  bool retryable = false;
  /// What was tried and what to do. Holds no secret.
  std::string message;
};

using CredentialsResult = Result<Credentials, CredentialsError>;

/// Implementations must be thread-safe. No method may throw.
class CredentialsProvider {
 public:
  CredentialsProvider() = default;
  CredentialsProvider(const CredentialsProvider&) = delete;
  CredentialsProvider& operator=(const CredentialsProvider&) = delete;
  virtual ~CredentialsProvider() = default;

  /// Called for each request that is to be signed: keep what is costly to get. Returns within about `Call::timeout`.
  virtual CredentialsResult credentials(const Call& call) = 0;

  /// A service refused these as expired. A provider that keeps credentials forgets them, unless it has others by now.
  /// Returns at once.
  virtual void invalidate(const Credentials& refused) { static_cast<void>(refused); }
};

/// Always these.
std::shared_ptr<CredentialsProvider> static_credentials(Credentials credentials);

struct DefaultCredentialsOptions {
  /// Of the shared AWS files. Empty: AWS_PROFILE, AWS_DEFAULT_PROFILE, then "default". A profile that is named here
  /// goes before credentials in the environment, as with the AWS CLI's --profile.
  std::string profile;
  /// Where STS is asked for the credentials of a role. Empty: AWS_REGION, AWS_DEFAULT_REGION, the profile's; else STS's
  /// global endpoint.
  std::string region = {};
};

/// The credentials that the AWS tools would find; the first place that has some is the only one that counts:
///  1. AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN;
///  2. a web identity (EKS service accounts): AWS_WEB_IDENTITY_TOKEN_FILE, AWS_ROLE_ARN, AWS_ROLE_SESSION_NAME;
///  3. the profile in ~/.aws/credentials (AWS_SHARED_CREDENTIALS_FILE) and ~/.aws/config (AWS_CONFIG_FILE): a role to
///     assume (web_identity_token_file, source_profile, credential_source), IAM Identity Center, keys, or a
///     credential_process;
///  4. the container's service (ECS, EKS Pod Identity): AWS_CONTAINER_CREDENTIALS_RELATIVE_URI, _FULL_URI;
///  5. the EC2 instance's metadata service, version 2 only.
/// A place that is set up and gives nothing is an error that names it: going on to other credentials would act under
/// another identity. docs/credentials.md has every variable and key.
///
/// Environment variables are read now. Everything else is read, run or asked when credentials are first needed, 5 to 10
/// minutes before they expire, and when a service says that they have: on a thread of the provider's own, so that
/// nobody waits while those in hand are valid. While the instance's metadata service fails, the last credentials it
/// gave are used on, even past their end. Nothing fails before credentials are asked for. Throws std::system_error when
/// no thread can be started. Source: AWS SDKs and Tools Reference Guide, "Standardized credential providers".
std::shared_ptr<CredentialsProvider> default_credentials(const DefaultCredentialsOptions& options = {});

}  // namespace kcl
