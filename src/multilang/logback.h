// What of a logback.xml can be followed: from which level on is logged. Not an XML parser: it looks for elements and
// attributes by their names. Pure; takes any bytes.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <kcl/log_sink.h>

namespace kcl::multilang {

struct Logback {
  /// Of the logger software.amazon.kinesis, else of root.
  std::optional<LogLevel> level;
  /// What is not followed.
  std::vector<std::string> warnings;
};

Logback parse_logback(std::string_view xml);

}  // namespace kcl::multilang
