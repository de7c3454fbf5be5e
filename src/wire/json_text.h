// JSON string literals, written onto what is there already.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace kcl::wire {

/// Of `\u001f`. JSON allows both; who must match another writer byte by byte cares.
enum class HexDigits : std::uint8_t { lower, upper };

/// Appends `text` in quotes. Valid UTF-8 whatever it holds: a malformed sequence becomes U+FFFD, as many times as
/// Unicode advises (a sequence that is cut short counts once). Only quotes, backslashes and control characters are
/// escaped: those of C0 and C1, DEL, and U+2028 and U+2029, at which some programs end a line (Node.js 24 and later).
void append_json_string(std::string& out, std::string_view text, HexDigits digits = HexDigits::lower);

}  // namespace kcl::wire
