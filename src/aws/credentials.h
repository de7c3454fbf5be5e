// The default chain of credentials: places that are asked one after the other. kcl/credentials.h has the public side.
//
// A place answers "not set up here" (nothing), and the next one is asked; or with credentials or an error, and that is
// the answer. A new kind of credentials is a new CredentialsPlace.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <kcl/credentials.h>

#include "aws/environment.h"

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

/// An error that stays until somebody changes the configuration.
CredentialsResult unusable(std::string message);

/// AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN.
std::unique_ptr<CredentialsPlace> environment_place(const Environment& environment);

/// Keys and credential_process of a profile. Reads the files each time, so that it notices when they change.
std::unique_ptr<CredentialsPlace> profile_place(std::string profile, Environment environment);

/// Asks the places in their order. Not cached.
std::unique_ptr<CredentialsProvider> chain(std::vector<std::unique_ptr<CredentialsPlace>> places);

/// What kcl::default_credentials() caches.
std::unique_ptr<CredentialsProvider> default_chain(const DefaultCredentialsOptions& options,
                                                   const Environment& environment);

}  // namespace kcl::aws
