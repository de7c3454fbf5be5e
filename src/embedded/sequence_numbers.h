// Sequence numbers in the form the service gives them: 186-bit numbers, always 56 decimal digits.
//
//   bits  185        marks the form, and makes the number of digits constant
//         148..183   the shard's birth, in seconds
//         80..143    the record's ordinal in the shard
//         36..71     arrival, in seconds
//         4..35      the shard's index
//         0..3       the form's version, 2
//
// So numbers grow along a shard, all numbers of a shard that was born later are greater, and no two are equal.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kcl::embedded {

struct SequenceNumberParts {
  /// Seconds since 1970, below 2^36.
  std::uint64_t shard_birth_s = 0;
  std::uint64_t ordinal = 0;
  /// Seconds since 1970, below 2^36.
  std::uint64_t arrival_s = 0;
  std::uint32_t shard_index = 0;

  friend bool operator==(const SequenceNumberParts&, const SequenceNumberParts&) = default;
};

std::string to_sequence_number(const SequenceNumberParts& parts);

/// Empty for every text that to_sequence_number() cannot have made.
std::optional<SequenceNumberParts> parse_sequence_number(std::string_view text);

}  // namespace kcl::embedded
