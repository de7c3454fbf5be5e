// Sequence numbers, and positions in a shard as a checkpoint names them.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kcl {

/// A Kinesis sequence number: a decimal number of up to 186 bits (56 digits), unique within a stream.
/// Compares as a number. Never empty, never with leading zeros (but "0" itself is legal).
class SequenceNumber {
 public:
  /// Empty when `text` is not a decimal number of at most 128 digits. Leading zeros are dropped.
  static std::optional<SequenceNumber> parse(std::string_view text);

  const std::string& text() const noexcept { return digits_; }

  friend std::strong_ordering operator<=>(const SequenceNumber& a, const SequenceNumber& b) noexcept;
  friend bool operator==(const SequenceNumber&, const SequenceNumber&) noexcept = default;

 private:
  explicit SequenceNumber(std::string digits) : digits_(std::move(digits)) {}
  std::string digits_;
};

/// Compares two decimal texts without leading zeros as numbers: the order of sequence numbers, without building any.
std::strong_ordering compare_sequence_numbers(std::string_view a, std::string_view b) noexcept;

/// Where reading of a shard stands: the last record that was processed (inclusive), or one of the sentinels.
/// Orders as Java KCL's ExtendedSequenceNumber: AT_TIMESTAMP < TRIM_HORIZON < LATEST < numbers < SHARD_END; equal
/// numbers order by the sub-sequence number (the index of a user record inside a KPL aggregate).
class Position {
 public:
  enum class Kind : std::uint8_t { at_timestamp, trim_horizon, latest, sequence, shard_end };

  static Position at_timestamp() { return Position(Kind::at_timestamp); }
  static Position trim_horizon() { return Position(Kind::trim_horizon); }
  static Position latest() { return Position(Kind::latest); }
  static Position shard_end() { return Position(Kind::shard_end); }
  static Position at(SequenceNumber number, std::uint64_t sub_sequence = 0);

  /// "TRIM_HORIZON", "LATEST", "AT_TIMESTAMP", "SHARD_END" or a decimal number; empty for anything else.
  static std::optional<Position> parse(std::string_view text, std::uint64_t sub_sequence = 0);

  Kind kind() const noexcept { return kind_; }
  bool is_shard_end() const noexcept { return kind_ == Kind::shard_end; }
  bool is_sequence() const noexcept { return kind_ == Kind::sequence; }
  /// A real checkpoint: a number or SHARD_END. A lease that has one has started and is never blocked again (C3).
  bool is_real() const noexcept { return is_sequence() || is_shard_end(); }

  /// Precondition: is_sequence().
  const SequenceNumber& sequence_number() const { return *number_; }
  std::uint64_t sub_sequence() const noexcept { return sub_sequence_; }

  /// The text stored in a lease row: the number or the sentinel, without the sub-sequence number.
  std::string text() const;

  friend std::strong_ordering operator<=>(const Position& a, const Position& b) noexcept;
  friend bool operator==(const Position&, const Position&) noexcept = default;

 private:
  explicit Position(Kind kind) : kind_(kind) {}
  Kind kind_;
  std::optional<SequenceNumber> number_;
  std::uint64_t sub_sequence_ = 0;
};

}  // namespace kcl
