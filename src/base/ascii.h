// Letters of ASCII only: names of headers, settings, schemes and hosts do not depend on a locale.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace kcl::base {

constexpr char lower_case(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

inline std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = lower_case(c);
  return lower;
}

/// `lower` is in lower case.
inline bool equal_ignoring_case(std::string_view text, std::string_view lower) {
  return std::equal(text.begin(), text.end(), lower.begin(), lower.end(),
                    [](char a, char b) { return lower_case(a) == b; });
}

}  // namespace kcl::base
