#include "embedded/sequence_numbers.h"

#include <array>
#include <cstddef>

namespace kcl::embedded {

namespace {

// Both compilers have it; the warning is about ISO C++, which has no 128-bit integer.
__extension__ using Uint128 = unsigned __int128;

// Least significant word first.
using Uint192 = std::array<std::uint64_t, 3>;

constexpr std::size_t kDigits = 56;
constexpr std::uint64_t kVersion = 2;
constexpr std::uint64_t kSecondsMask = (std::uint64_t{1} << 36) - 1;
constexpr std::uint64_t kFormBit = std::uint64_t{1} << 57;
constexpr std::size_t kDigitsPerStep = 19;
constexpr std::uint64_t kStep = 10'000'000'000'000'000'000U;

Uint192 pack(const SequenceNumberParts& parts) {
  return {kVersion | std::uint64_t{parts.shard_index} << 4 | parts.arrival_s << 36,
          parts.arrival_s >> 28 | parts.ordinal << 16, parts.ordinal >> 48 | parts.shard_birth_s << 20 | kFormBit};
}

SequenceNumberParts unpack(const Uint192& value) {
  return {.shard_birth_s = value[2] >> 20 & kSecondsMask,
          .ordinal = value[1] >> 16 | value[2] << 48,
          .arrival_s = (value[0] >> 36 | value[1] << 28) & kSecondsMask,
          .shard_index = static_cast<std::uint32_t>(value[0] >> 4)};
}

/// Divides in place, returns the remainder.
std::uint64_t divide(Uint192& value, std::uint64_t divisor) {
  std::uint64_t remainder = 0;
  for (std::size_t i = value.size(); i-- > 0;) {
    const Uint128 dividend = Uint128{remainder} << 64 | value[i];
    value[i] = static_cast<std::uint64_t>(dividend / divisor);
    remainder = static_cast<std::uint64_t>(dividend % divisor);
  }
  return remainder;
}

/// Returns what does not fit.
std::uint64_t multiply_add(Uint192& value, std::uint64_t factor, std::uint64_t addend) {
  for (std::uint64_t& word : value) {
    const Uint128 product = Uint128{word} * factor + addend;
    word = static_cast<std::uint64_t>(product);
    addend = static_cast<std::uint64_t>(product >> 64);
  }
  return addend;
}

}  // namespace

std::string to_sequence_number(const SequenceNumberParts& parts) {
  Uint192 value = pack(parts);
  std::string text(kDigits, '0');
  for (std::size_t end = kDigits; end > 0;) {
    std::uint64_t digits = divide(value, kStep);
    const std::size_t begin = end > kDigitsPerStep ? end - kDigitsPerStep : 0;
    for (; end > begin; digits /= 10) text[--end] = static_cast<char>('0' + digits % 10);
  }
  return text;
}

std::optional<SequenceNumberParts> parse_sequence_number(std::string_view text) {
  if (text.size() != kDigits) return std::nullopt;
  Uint192 value{};
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    if (multiply_add(value, 10, static_cast<std::uint64_t>(c - '0')) != 0) return std::nullopt;
  }
  const SequenceNumberParts parts = unpack(value);
  // The bits that hold no part must be as they are written.
  if (pack(parts) != value) return std::nullopt;
  return parts;
}

}  // namespace kcl::embedded
