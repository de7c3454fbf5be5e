// What AWS checks of a request before an operation looks at it: each refuses by ValidationException, but where it says
// otherwise.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "local/service_error.h"

namespace kcl::local {

/// `member` as AWS writes it there: "streamName".
template <class T>
const T& required(const std::optional<T>& value, std::string_view member) {
  if (!value) refuse_value("null", member, "not be null");
  return *value;
}

void check_range(std::int64_t value, std::int64_t least, std::int64_t most, std::string_view member);
/// In Unicode characters. The value is not repeated in the message: it may be a record.
void check_length(std::string_view value, std::size_t least, std::size_t most, std::string_view member);
/// 1 to 128 letters, digits, '_', '.' and '-'.
void check_name(const std::string& name, std::string_view member);

/// Of a sequence number in a request.
inline constexpr std::size_t kSequenceNumberDigits = 129;

/// A decimal number without leading zeros, of so many digits at most.
void check_number(const std::string& text, std::size_t most_digits, std::string_view member);

/// A stream's. LimitExceededException beyond 10,000, which is as many as AWS gives without being asked for more.
std::size_t checked_shard_count(std::int64_t asked, std::string_view member);

/// How many entries of a listing its page has: as many as are asked for, 1 to 10,000, but no more than `most`, which it
/// has without being asked.
std::size_t page_size(const std::optional<std::int64_t>& asked, std::size_t most, std::string_view member);

}  // namespace kcl::local
