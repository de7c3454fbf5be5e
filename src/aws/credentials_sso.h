// Credentials of IAM Identity Center (AWS SSO), for whom `aws sso login` left a token. A token that is about to expire
// is renewed, as the AWS CLI does, where the login asked for that ([sso-session]). Source: AWS SDKs and Tools Reference
// Guide, "IAM Identity Center credential provider"; botocore for the token's file.
#pragma once

#include "aws/config_file.h"
#include "aws/credentials.h"

namespace kcl::aws {

/// Whether the profile asks for these. (A sso_session alone is for other things than credentials of services.)
bool is_sso_profile(const Profile& profile);

/// Blocks. Precondition: is_sso_profile().
CredentialsResult sso_credentials(const Profile& profile, const ProviderContext& context, const Call& call);

}  // namespace kcl::aws
