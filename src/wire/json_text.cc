#include "wire/json_text.h"

#include <cstddef>

namespace kcl::wire {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";

bool is_plain(unsigned char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; }

void append_escaped(std::string& out, unsigned char c, std::string_view hex) {
  constexpr std::string_view kShort = "\"\"\\\\\bb\ff\nn\rr\tt";
  for (std::size_t i = 0; i < kShort.size(); i += 2) {
    if (static_cast<unsigned char>(kShort[i]) != c) continue;
    out += '\\';
    out += kShort[i + 1];
    return;
  }
  out += "\\u00";
  out += hex[c >> 4];
  out += hex[c & 15];
}

/// Characters that some programs take for the end of a line, or a terminal for the beginning of a command: C1 controls,
/// U+2028 and U+2029. Precondition: a whole character of more than one byte.
bool is_control(std::string_view character) {
  if (character.size() == 2) return character[0] == '\xc2' && static_cast<unsigned char>(character[1]) < 0xa0;
  return character == "\xe2\x80\xa8" || character == "\xe2\x80\xa9";
}

void append_escaped_control(std::string& out, std::string_view character, std::string_view hex) {
  if (character.size() == 2) return append_escaped(out, static_cast<unsigned char>(character[1]), hex);
  out += character.back() == '\xa8' ? "\\u2028" : "\\u2029";
}

struct Utf8Sequence {
  /// Of the character, or of the part that is to be replaced as one.
  std::size_t length;
  bool valid;
};

/// What `text` begins with. Precondition: a byte of 0x80 or above. (Unicode, table 3-7: the second byte's range depends
/// on the first, which rules out overlong forms, surrogates, and what lies beyond U+10FFFF.)
Utf8Sequence sequence_at(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0xc2 || lead > 0xf4) return {1, false};
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  unsigned char low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  unsigned char high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  for (std::size_t i = 1; i < length; ++i) {
    if (i >= text.size() || byte(i) < low || byte(i) > high) return {i, false};
    low = 0x80;
    high = 0xbf;
  }
  return {length, true};
}

}  // namespace

void append_json_string(std::string& out, std::string_view text, HexDigits digits) {
  const std::string_view hex = digits == HexDigits::lower ? "0123456789abcdef" : "0123456789ABCDEF";
  out += '"';
  while (!text.empty()) {
    std::size_t plain = 0;
    while (plain < text.size() && is_plain(static_cast<unsigned char>(text[plain]))) ++plain;
    out += text.substr(0, plain);
    text.remove_prefix(plain);
    if (text.empty()) break;
    const auto next = static_cast<unsigned char>(text.front());
    if (next < 0x80) {
      append_escaped(out, next, hex);
      text.remove_prefix(1);
      continue;
    }
    const Utf8Sequence sequence = sequence_at(text);
    const std::string_view character = text.substr(0, sequence.length);
    if (sequence.valid && is_control(character)) {
      append_escaped_control(out, character, hex);
    } else {
      out += sequence.valid ? character : kReplacement;
    }
    text.remove_prefix(sequence.length);
  }
  out += '"';
}

}  // namespace kcl::wire
