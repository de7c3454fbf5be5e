// A .properties file, read as java.util.Properties reads it: ISO-8859-1 with \uXXXX, comments with # and !, keys that
// end at =, : or a blank, lines that go on after a backslash, blanks before a value dropped and those after it kept.
// Pure; takes any bytes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <kcl/result.h>

namespace kcl::multilang {

/// Both as UTF-8.
struct Property {
  std::string key;
  std::string value;
  /// Where it begins, from 1.
  std::size_t line = 0;
  friend bool operator==(const Property&, const Property&) = default;
};

/// In their order; a key that comes again is there again, and Java takes the last. Fails with the line and what is
/// wrong with it.
Result<std::vector<Property>, std::string> parse_properties(std::string_view text);

}  // namespace kcl::multilang
