// The two ways in which AWS's services of the "JSON 1.1" family carry a request and its answer. CBOR has raw bytes
// where JSON has base64, so it is what Kinesis is asked in unless told otherwise.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace kcl::wire {

enum class Protocol : std::uint8_t { cbor, json };

/// The Content-Type of a Kinesis request.
constexpr std::string_view content_type(Protocol protocol) {
  return protocol == Protocol::cbor ? "application/x-amz-cbor-1.1" : "application/x-amz-json-1.1";
}

/// By the Content-Type header of an answer; empty for what is neither, as a proxy's page. Parameters are ignored.
std::optional<Protocol> protocol_of(std::string_view content_type);

}  // namespace kcl::wire
