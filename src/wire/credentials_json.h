// The JSON in which programs and local services hand over credentials.
//
// Decoding takes any bytes. A message names what is wrong and never repeats a value.
#pragma once

#include <string>
#include <string_view>

#include <kcl/credentials.h>
#include <kcl/result.h>

namespace kcl::wire {

/// Of a credential process:
///   {"Version": 1, "AccessKeyId": "...", "SecretAccessKey": "...", "SessionToken": "...", "Expiration":
///   "2026-11-23T04:00:00Z"}
/// The last two may be absent, null or empty. Source: AWS SDKs and Tools Reference Guide, "Process credential
/// provider".
Result<Credentials, std::string> decode_process_credentials(std::string_view json);

/// Of a container's or an instance's service: as above, but with "Token" and without a version. An answer whose "Code"
/// is not "Success" is an error, told in the service's words. Source: the same guide, "Container credential provider";
/// Amazon EC2 User Guide, "Retrieve security credentials from instance metadata".
Result<Credentials, std::string> decode_local_credentials(std::string_view json);

}  // namespace kcl::wire
