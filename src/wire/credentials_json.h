// The JSON in which a credential process hands over credentials:
//   {"Version": 1, "AccessKeyId": "...", "SecretAccessKey": "...", "SessionToken": "...", "Expiration":
//   "2026-11-23T04:00:00Z"}
// The last two may be absent, null or empty. Source: AWS SDKs and Tools Reference Guide, "Process credential provider".
//
// Decoding takes any bytes. A message names what is wrong and never repeats a value.
#pragma once

#include <string>
#include <string_view>

#include <kcl/credentials.h>
#include <kcl/result.h>

namespace kcl::wire {

Result<Credentials, std::string> decode_process_credentials(std::string_view json);

}  // namespace kcl::wire
