// Credentials of a role for the holder of a web identity token: what EKS gives a pod's service account (IRSA).
#pragma once

#include <string>

#include "aws/credentials.h"
#include "aws/sts.h"

namespace kcl::aws {

struct WebIdentity {
  AssumeRole role;
  std::string token_file;
  /// What names the file, for messages: "AWS_WEB_IDENTITY_TOKEN_FILE".
  std::string named_by;
};

/// Reads the token and asks STS. Blocks.
CredentialsResult web_identity_credentials(const WebIdentity& identity, const ProviderContext& context,
                                           const Profile& profile, const Call& call);

}  // namespace kcl::aws
