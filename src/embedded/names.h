// What the service accepts as the name of a stream or of a consumer.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace kcl::embedded {

/// 1 to 128 letters, digits, '_', '.' and '-'.
inline bool is_resource_name(std::string_view name) {
  constexpr std::size_t kLongest = 128;
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
           c == '-';
  };
  return !name.empty() && name.size() <= kLongest && std::all_of(name.begin(), name.end(), allowed);
}

}  // namespace kcl::embedded
