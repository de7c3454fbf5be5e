// Points in time as the service speaks of them: UTC, whole milliseconds.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace kcl {

/// UTC with millisecond resolution. Kinesis and DynamoDB report no finer time.
using Timestamp = std::chrono::time_point<std::chrono::system_clock, std::chrono::milliseconds>;

/// "2026-11-22T23:26:13.250Z". Trailing zero milliseconds are kept, so that texts sort like times.
std::string to_iso8601(Timestamp time);

/// Accepts "2026-11-22T23:26:13Z", up to nine digits of fraction, and an offset such as "+02:00". Nothing else.
std::optional<Timestamp> parse_iso8601(std::string_view text);

}  // namespace kcl
