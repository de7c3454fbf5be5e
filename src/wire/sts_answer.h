// What the Security Token Service answers, in XML. Decoding takes any bytes; a message names what is wrong and never
// repeats a value. Source: AWS Security Token Service API Reference.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <kcl/credentials.h>
#include <kcl/result.h>

namespace kcl::wire {

/// Of AssumeRole and AssumeRoleWithWebIdentity, which `action` names.
Result<Credentials, std::string> decode_assumed_role(std::string_view action, std::string_view xml);

/// The ARN of GetCallerIdentity's answer.
std::optional<std::string> decode_caller_arn(std::string_view xml);

}  // namespace kcl::wire
