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
  return static_cast<unsigned char>(bytes[at]);
}

}  // namespace

void base64_encode_onto(std::string& text, std::string_view bytes) {
  const std::size_t before = text.size();
  text.resize(before + (bytes.size() + 2) / 3 * 4, '=');
  char* out = text.data() + before;
  const std::size_t whole = bytes.size() / 3 * 3;
  const auto put_group = [&out](std::uint32_t group, int digits) {
    for (int i = 0; i < digits; ++i) out[i] = kAlphabet[group >> (18 - 6 * i) & 63];
    out += 4;
  };
  std::size_t at = 0;
  for (; at < whole; at += 3) {
    put_group(byte_at(bytes, at) << 16 | byte_at(bytes, at + 1) << 8 | byte_at(bytes, at + 2), 4);
  }
  if (at == bytes.size()) return;
  const bool two = at + 1 < bytes.size();
  put_group(byte_at(bytes, at) << 16 | (two ? byte_at(bytes, at + 1) << 8 : 0U), two ? 3 : 2);
}

std::string base64_encode(std::string_view bytes) {
  std::string text;
  base64_encode_onto(text, bytes);
  return text;
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
