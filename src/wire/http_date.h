// The Date header of HTTP: by it we read the service's clock (RFC 9110, section 5.6.7).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <kcl/timestamp.h>

namespace kcl::wire {

/// "Sun, 06 Nov 1994 08:49:37 GMT" and the two obsolete forms, "Sunday, 06-Nov-94 08:49:37 GMT" and
/// "Sun Nov  6 08:49:37 1994". Nothing else. Two digits of a year mean 1970 to 2069. The name of the day is not
/// compared with the date. A leap second reads as the second before it.
std::optional<Timestamp> parse_http_date(std::string_view text);

/// "Sun, 06 Nov 1994 08:49:37 GMT". Precondition: a time in the years 0 to 9999.
std::string to_http_date(Timestamp time);

}  // namespace kcl::wire
