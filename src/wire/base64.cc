#include "wire/base64.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace kcl::wire {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::size_t kInGroup = 4;
/// A bit that no value has.
constexpr std::uint32_t kInvalid = 1U << 31;

/// What a digit is worth at each place of its group.
constexpr auto kValues = [] {
  std::array<std::array<std::uint32_t, 256>, kInGroup> values{};
  for (std::size_t place = 0; place < kInGroup; ++place) {
    values[place].fill(kInvalid);
    for (std::size_t i = 0; i < kAlphabet.size(); ++i) {
      values[place][static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::uint32_t>(i) << (18 - 6 * place);
    }
  }
  return values;
}();

/// Two digits for twelve bits.
constexpr auto kDigits = [] {
  std::array<std::array<char, 2>, 4'096> digits{};
  for (std::size_t i = 0; i < digits.size(); ++i) digits[i] = {kAlphabet[i >> 6], kAlphabet[i & 63]};
  return digits;
}();

constexpr std::uint32_t byte_at(std::string_view bytes, std::size_t at) {
  return static_cast<unsigned char>(bytes[at]);
}

void put_digits(char* out, std::uint32_t group) {
  std::memcpy(out, kDigits[group >> 12].data(), 2);
  std::memcpy(out + 2, kDigits[group & 4'095].data(), 2);
}

/// The bits of a group, or something with kInvalid.
std::uint32_t bits_of(const char* digits) {
  std::uint32_t bits = 0;
  for (std::size_t place = 0; place < kInGroup; ++place) {
    bits |= kValues[place][static_cast<unsigned char>(digits[place])];
  }
  return bits;
}

void put_bytes(char* out, std::uint32_t bits, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<char>(bits >> (16 - 8 * i) & 0xFF);
}

}  // namespace

void base64_encode_onto(std::string& text, std::string_view bytes) {
  const std::size_t before = text.size();
  text.resize(before + (bytes.size() + 2) / 3 * 4, '=');
  char* out = text.data() + before;
  const std::size_t whole = bytes.size() / 3 * 3;
  std::size_t at = 0;
  for (; at < whole; at += 3, out += kInGroup) {
    put_digits(out, byte_at(bytes, at) << 16 | byte_at(bytes, at + 1) << 8 | byte_at(bytes, at + 2));
  }
  if (at == bytes.size()) return;
  const bool two = at + 1 < bytes.size();
  std::array<char, kInGroup> last{};
  put_digits(last.data(), byte_at(bytes, at) << 16 | (two ? byte_at(bytes, at + 1) << 8 : 0U));
  std::copy_n(last.begin(), two ? 3 : 2, out);
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
  char* to = out.data() + before;
  std::uint32_t seen = 0;
  const std::size_t whole = text.size() - (padding == 0 ? 0 : kInGroup);
  for (std::size_t at = 0; at < whole; at += kInGroup, to += 3) {
    const std::uint32_t bits = bits_of(text.data() + at);
    seen |= bits;
    put_bytes(to, bits, 3);
  }
  if (padding != 0) {
    std::array<char, kInGroup> last{};
    std::copy_n(text.data() + whole, kInGroup, last.begin());
    std::fill_n(last.rbegin(), padding, kAlphabet.front());
    const std::uint32_t bits = bits_of(last.data());
    seen |= bits;
    put_bytes(to, bits, 3 - padding);
  }
  if ((seen & kInvalid) == 0) return true;
  out.resize(before);
  return false;
}

}  // namespace kcl::wire
