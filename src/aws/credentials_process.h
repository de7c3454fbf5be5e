// Credentials from a program: the `credential_process` of a profile.
//
// The program is run by `sh -c`, for at most the time of the call; its output is read up to 64 KiB. What it writes to
// stderr is thrown away, and messages name no more of the command than its first word: either may hold secrets.
// Source: AWS SDKs and Tools Reference Guide, "Process credential provider".
#pragma once

#include <string>

#include <kcl/credentials.h>

namespace kcl::aws {

/// Blocks. `where` is for messages: "/home/me/.aws/config:12".
CredentialsResult run_credential_process(const std::string& command, const std::string& where, const Call& call);

}  // namespace kcl::aws
