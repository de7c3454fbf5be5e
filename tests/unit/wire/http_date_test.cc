#include "wire/http_date.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace kcl::wire {
namespace {

TEST(HttpDate, ReadsTheThreeForms) {
  for (const auto& [text, time] : std::vector<std::pair<std::string, std::string>>{
           {"Sun, 06 Nov 1994 08:49:37 GMT", "1994-11-06T08:49:37Z"},
           {"Sunday, 06-Nov-94 08:49:37 GMT", "1994-11-06T08:49:37Z"},
           {"Sun Nov  6 08:49:37 1994", "1994-11-06T08:49:37Z"},
           {"Sun Nov 16 08:49:37 1994", "1994-11-16T08:49:37Z"},
           {"Mon, 23 Nov 2026 00:00:00 GMT", "2026-11-23T00:00:00Z"},
           {"Monday, 23-Nov-26 23:59:59 GMT", "2026-11-23T23:59:59Z"},
           {"Wednesday, 31-Dec-69 00:00:00 GMT", "2069-12-31T00:00:00Z"},
           {"Thursday, 01-Jan-70 00:00:00 GMT", "1970-01-01T00:00:00Z"},
           {"Tue, 29 Feb 2028 12:00:00 GMT", "2028-02-29T12:00:00Z"},
           {"Sat, 31 Dec 2016 23:59:60 GMT", "2016-12-31T23:59:59Z"},
       }) {
    EXPECT_EQ(parse_http_date(text), parse_iso8601(time)) << text;
    EXPECT_TRUE(parse_http_date(text)) << text;
  }
}

TEST(HttpDate, RefusesEverythingElse) {
  for (const char* text : {"",
                           "Sun",
                           "Sun, ",
                           "2026-11-23T00:00:00Z",
                           "Sun, 06 Nov 1994 08:49:37",
                           "Sun, 06 Nov 1994 08:49:37 UTC",
                           "Sun, 06 Nov 1994 08:49:37 GMT ",
                           " Sun, 06 Nov 1994 08:49:37 GMT",
                           "Sun, 6 Nov 1994 08:49:37 GMT",
                           "Sun, 06 nov 1994 08:49:37 GMT",
                           "Sun, 30 Feb 1994 08:49:37 GMT",
                           "Sun, 29 Feb 2027 08:49:37 GMT",
                           "Sun, 00 Nov 1994 08:49:37 GMT",
                           "Sun, 06 Nov 1994 24:49:37 GMT",
                           "Sun, 06 Nov 1994 08:60:37 GMT",
                           "Sun, 06 Nov 1994 08:49:61 GMT",
                           "Sun, 06 Nov 94 08:49:37 GMT",
                           "Sun, 06 Nov +994 08:49:37 GMT",
                           "Sundy, 06-Nov-94 08:49:37 GMT",
                           "Sunday, 06-Nov-1994 08:49:37 GMT",
                           "Sun Nov 6 08:49:37 1994",
                           "Sun Nov  6 08:49:37 1994 GMT",
                           "Foo, 06 Nov 1994 08:49:37 GMT"}) {
    EXPECT_FALSE(parse_http_date(text)) << text;
  }
}

// Dates come from the network: each way of cutting one short is refused.
TEST(HttpDate, EveryPartOfADateIsRefused) {
  for (const std::string whole :
       {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"}) {
    for (std::size_t size = 0; size < whole.size(); ++size) {
      EXPECT_FALSE(parse_http_date(whole.substr(0, size))) << size;
    }
  }
}

TEST(HttpDate, IsWrittenAsItIsRead) {
  const auto time = parse_iso8601("1994-11-06T08:49:37Z");
  EXPECT_EQ(to_http_date(*time), "Sun, 06 Nov 1994 08:49:37 GMT");
  for (int day = 0; day < 400; ++day) {
    const Timestamp later = *time + std::chrono::hours(25 * day);
    EXPECT_EQ(parse_http_date(to_http_date(later)), later);
  }
}

}  // namespace
}  // namespace kcl::wire
