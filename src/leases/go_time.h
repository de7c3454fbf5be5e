// Points in time as Go programs write them (RFC3339Nano): "2026-01-02T15:04:05.12Z", up to nine digits of fraction,
// trailing zeros cut. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kcl::leases {

/// Nanoseconds since 1970. Takes whatever names a time between 1970 and 2200 in RFC 3339's form, offsets included, for
/// older builds and people write it otherwise; anything else is no time.
std::optional<std::int64_t> parse_go_time(std::string_view text);

/// Exactly as Go formats it: its workers parse and format again before they compare. Precondition: 1970 to 2200.
std::string format_go_time(std::int64_t nanoseconds);

}  // namespace kcl::leases
