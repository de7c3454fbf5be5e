// Names of streams, by themselves and in ARNs. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace kcl::multilang {

/// By the rules of Kinesis; those for the names of consumers are the same.
bool is_stream_name(std::string_view name);

/// Of "arn:aws:kinesis:eu-west-1:123456789012:stream/orders".
std::optional<std::string> stream_of_arn(std::string_view arn);

}  // namespace kcl::multilang
