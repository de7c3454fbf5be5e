#include "wire/base64.h"

#include <array>
#include <cstdint>

namespace kcl::wire {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t kInvalid = 64;

constexpr std::array<std::uint8_t, 256> kValues = [] {
  std::array<std::uint8_t, 256> values{};
  values.fill(kInvalid);
  for (std::size_t i = 0; i < kAlphabet.size(); ++i) {
    values[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::uint8_t>(i);
  }
  return values;
}();

constexpr std::uint32_t byte_at(std::string_view bytes, std::size_t at) {
  return at < bytes.size() ? static_cast<unsigned char>(bytes[at]) : 0U;
}

}  // namespace

std::string base64_encode(std::string_view bytes) {
  std::string text;
  base64_encode_onto(text, bytes);
  return text;
}

void base64_encode_onto(std::string& out, std::string_view bytes) {
  const std::size_t before = out.size();
  out.resize(before + (bytes.size() + 2) / 3 * 4, '=');
  char* to = out.data() + before;
  for (std::size_t at = 0; at < bytes.size(); at += 3, to += 4) {
    const std::uint32_t group = byte_at(bytes, at) << 16 | byte_at(bytes, at + 1) << 8 | byte_at(bytes, at + 2);
    to[0] = kAlphabet[group >> 18];
    to[1] = kAlphabet[group >> 12 & 63];
    if (at + 1 < bytes.size()) to[2] = kAlphabet[group >> 6 & 63];
    if (at + 2 < bytes.size()) to[3] = kAlphabet[group & 63];
  }
}

std::optional<std::string> base64_decode(std::string_view text) {
  std::string bytes;
  if (!base64_decode_onto(bytes, text)) return std::nullopt;
  return bytes;
}

bool base64_decode_onto(std::string& out, std::string_view text) {
  if (text.size() % 4 != 0) return false;
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  const std::size_t before = out.size();
  out.resize(before + text.size() / 4 * 3 - padding);
  const std::string_view digits = text.substr(0, text.size() - padding);
  char* to = out.data() + before;
  std::uint32_t bits = 0;
  std::uint32_t seen = 0;
  for (std::size_t at = 0; at < digits.size(); ++at) {
    const std::uint8_t value = kValues[static_cast<unsigned char>(digits[at])];
    seen |= value;
    bits = bits << 6 | value;
    // Of a group's four digits, the second, third and fourth each complete a byte.
    if (at % 4 != 0) *to++ = static_cast<char>(bits >> (6 - 2 * (at % 4)) & 0xFF);
  }
  // kInvalid is the one value with that bit.
  if ((seen & kInvalid) == 0) return true;
  out.resize(before);
  return false;
}

}  // namespace kcl::wire
