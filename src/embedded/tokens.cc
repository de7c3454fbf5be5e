#include "embedded/tokens.h"

#include <charconv>
#include <cstddef>
#include <system_error>

namespace kcl::embedded {

namespace {

constexpr std::size_t kDigits = 16;
constexpr std::size_t kTokenSize = kDigits * (std::tuple_size_v<TokenSeal::Fields> + 1);

/// FNV-1a, a word at a time, with splitmix64's finish so that every bit of a word reaches every bit of the sum.
std::uint64_t mix(std::uint64_t sum, std::uint64_t word) {
  sum = (sum ^ word) * 0x100000001b3U;
  sum = (sum ^ (sum >> 30)) * 0xbf58476d1ce4e5b9U;
  sum = (sum ^ (sum >> 27)) * 0x94d049bb133111ebU;
  return sum ^ (sum >> 31);
}

void append_hex(std::string& text, std::uint64_t word) {
  for (std::size_t shift = 64; shift > 0; shift -= 4) text.push_back("0123456789abcdef"[word >> (shift - 4) & 0xf]);
}

std::optional<std::uint64_t> parse_hex(std::string_view digits) {
  std::uint64_t word = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), word, 16);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return word;
}

}  // namespace

TokenSeal::TokenSeal(std::string_view purpose) : salt_(0xcbf29ce484222325U) {
  for (const char c : purpose) salt_ = mix(salt_, static_cast<unsigned char>(c));
}

std::uint64_t TokenSeal::check_of(const Fields& fields) const {
  std::uint64_t sum = salt_;
  for (const std::uint64_t field : fields) sum = mix(sum, field);
  return sum;
}

std::string TokenSeal::seal(const Fields& fields) const {
  std::string token;
  token.reserve(kTokenSize);
  for (const std::uint64_t field : fields) append_hex(token, field);
  append_hex(token, check_of(fields));
  return token;
}

std::optional<TokenSeal::Fields> TokenSeal::open(std::string_view token) const {
  if (token.size() != kTokenSize) return std::nullopt;
  Fields fields{};
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const auto word = parse_hex(token.substr(i * kDigits, kDigits));
    if (!word) return std::nullopt;
    fields[i] = *word;
  }
  if (seal(fields) != token) return std::nullopt;
  return fields;
}

}  // namespace kcl::embedded
