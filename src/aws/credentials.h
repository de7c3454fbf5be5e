// The default chain of credentials: places that are asked one after the other. kcl/credentials.h has the public side,
// docs/credentials.md every variable and key.
//
// A place answers "not set up here" (nothing), and the next one is asked; or with credentials or an error, and that is
// the answer. A new kind of credentials is a new CredentialsPlace.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <kcl/credentials.h>

#include "aws/environment.h"
#include "aws/exchange.h"

namespace kcl::aws {

/// Thread-safe. No method may throw.
class CredentialsPlace {
 public:
  CredentialsPlace() = default;
  CredentialsPlace(const CredentialsPlace&) = delete;
  CredentialsPlace& operator=(const CredentialsPlace&) = delete;
  virtual ~CredentialsPlace() = default;

  struct Answer {
    /// Absent when nothing is set up here.
    std::optional<CredentialsResult> credentials;
    /// Then: what was looked at, as in "AWS_ACCESS_KEY_ID is not set".
    std::string looked_at;
  };
  /// Blocks, for about `Call::timeout`.
  virtual Answer ask(const Call& call) = 0;
};

/// What places look at and speak by.
struct ProviderContext {
  Environment environment;
  /// Where STS is asked. Empty: as find_configured_region() says, else globally.
  std::string region;
  Exchange exchange;
  std::function<Timestamp()> now;
};

/// What may be shown of an access key id: the first letters tell the kind of key (AKIA: long-term, ASIA: temporary),
/// the last ones which it is.
std::string masked(const std::string& access_key_id);

/// An error that stays until somebody changes the configuration; and one that may pass by itself.
CredentialsResult unusable(std::string message);
CredentialsResult unavailable(std::string message);

/// AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN.
std::unique_ptr<CredentialsPlace> environment_place(const Environment& environment);

/// AWS_WEB_IDENTITY_TOKEN_FILE, AWS_ROLE_ARN, AWS_ROLE_SESSION_NAME. The token is read each time: whoever wrote it
/// replaces it before it expires.
std::unique_ptr<CredentialsPlace> web_identity_place(ProviderContext context, std::string profile);

/// A profile's role, IAM Identity Center, keys, credential_process. Reads the files each time, so that it notices when
/// they change.
std::unique_ptr<CredentialsPlace> profile_place(std::string profile, ProviderContext context);

/// AWS_CONTAINER_CREDENTIALS_RELATIVE_URI, AWS_CONTAINER_CREDENTIALS_FULL_URI, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE,
/// AWS_CONTAINER_AUTHORIZATION_TOKEN. Over http only this host and the addresses of ECS and EKS are asked.
std::unique_ptr<CredentialsPlace> container_place(ProviderContext context);

/// The role of an EC2 instance, by its metadata service. `profile` is where settings of that are.
std::unique_ptr<CredentialsPlace> instance_place(ProviderContext context, std::string profile);

/// A role that is named by the program rather than by a profile.
struct NamedRole {
  std::string arn;
  std::string session_name;
  std::string external_id;
  /// Of STS. Empty: as the environment and the profile say.
  std::string endpoint;
  std::string region;
};
/// `source` gives the credentials to assume it with.
std::unique_ptr<CredentialsPlace> named_role_place(NamedRole role, std::unique_ptr<CredentialsProvider> source,
                                                   ProviderContext context, std::string profile);

/// Asks the places in their order. Not cached. `advice` is what to do when all of them have nothing.
std::unique_ptr<CredentialsProvider> chain(std::vector<std::unique_ptr<CredentialsPlace>> places,
                                           std::string advice = {});

/// In the order of the AWS SDKs. A `profile` that is named goes before the environment's variables.
std::vector<std::unique_ptr<CredentialsPlace>> default_places(const std::string& profile,
                                                              const ProviderContext& context);

/// What kcl::default_credentials() caches.
std::unique_ptr<CredentialsProvider> default_chain(const DefaultCredentialsOptions& options,
                                                   const Environment& environment);

/// Of a program that runs here and now.
ProviderContext provider_context(const DefaultCredentialsOptions& options, const Environment& environment);

}  // namespace kcl::aws
