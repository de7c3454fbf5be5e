// What AWS checks of a request before an operation looks at it: each refuses by ValidationException.
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

/// Within the bounds, or `otherwise` when absent.
std::size_t count_of(const std::optional<std::int64_t>& value, std::int64_t most, std::size_t otherwise,
                     std::string_view member);

}  // namespace kcl::local
