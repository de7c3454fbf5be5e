// Base64 with the standard alphabet and padding (RFC 4648, section 4), as AWS's JSON protocols carry blobs.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace kcl::wire {

std::string base64_encode(std::string_view bytes);

/// Appends it to `text`.
void base64_encode_onto(std::string& text, std::string_view bytes);

/// Empty unless `text` is whole groups of four with padding only at the end. White space is no part of it. Bits left
/// over in the last group are ignored, as other decoders do.
std::optional<std::string> base64_decode(std::string_view text);

/// Appends what base64_decode() gives, at most three bytes for four of `text`. When false, `out` is as it was.
[[nodiscard]] bool base64_decode_onto(std::string& out, std::string_view text);

}  // namespace kcl::wire
