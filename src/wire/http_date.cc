#include "wire/http_date.h"

#include <array>
#include <chrono>
#include <cstdio>

namespace kcl::wire {
namespace {

constexpr std::array<std::string_view, 7> kDays{"Monday", "Tuesday",  "Wednesday", "Thursday",
                                                "Friday", "Saturday", "Sunday"};
constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/// A text read from its front. The first thing that does not fit makes all of it fail.
struct Scan {
  std::string_view rest;
  bool ok = true;

  bool take(std::string_view expected) {
    if (!rest.starts_with(expected)) return false;
    rest.remove_prefix(expected.size());
    return true;
  }
  void need(std::string_view expected) { ok = take(expected) && ok; }

  int digits(std::size_t count) {
    int value = 0;
    for (; count > 0; --count) {
      if (rest.empty() || rest.front() < '0' || rest.front() > '9') {
        ok = false;
        return 0;
      }
      value = value * 10 + (rest.front() - '0');
      rest.remove_prefix(1);
    }
    return value;
  }

  unsigned month() {
    for (unsigned i = 0; i < kMonths.size(); ++i) {
      if (take(kMonths[i])) return i + 1;
    }
    ok = false;
    return 0;
  }
};

struct Fields {
  int year = 0;
  unsigned month = 0;
  unsigned day = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
};

void read_clock(Scan& scan, Fields& fields) {
  fields.hour = scan.digits(2);
  scan.need(":");
  fields.minute = scan.digits(2);
  scan.need(":");
  fields.second = scan.digits(2);
}

void read_fixdate(Scan& scan, Fields& fields) {
  fields.day = static_cast<unsigned>(scan.digits(2));
  scan.need(" ");
  fields.month = scan.month();
  scan.need(" ");
  fields.year = scan.digits(4);
  scan.need(" ");
  read_clock(scan, fields);
  scan.need(" GMT");
}

void read_rfc850(Scan& scan, Fields& fields) {
  fields.day = static_cast<unsigned>(scan.digits(2));
  scan.need("-");
  fields.month = scan.month();
  scan.need("-");
  const int year = scan.digits(2);
  fields.year = year < 70 ? 2000 + year : 1900 + year;
  scan.need(" ");
  read_clock(scan, fields);
  scan.need(" GMT");
}

void read_asctime(Scan& scan, Fields& fields) {
  fields.month = scan.month();
  scan.need(" ");
  fields.day = static_cast<unsigned>(scan.take(" ") ? scan.digits(1) : scan.digits(2));
  scan.need(" ");
  read_clock(scan, fields);
  scan.need(" ");
  fields.year = scan.digits(4);
}

std::optional<Timestamp> time_of(const Fields& fields) {
  namespace chrono = std::chrono;
  const chrono::year_month_day date{chrono::year{fields.year}, chrono::month{fields.month}, chrono::day{fields.day}};
  if (!date.ok() || fields.hour > 23 || fields.minute > 59 || fields.second > 60) return std::nullopt;
  return chrono::sys_days(date) + chrono::hours{fields.hour} + chrono::minutes{fields.minute} +
         chrono::seconds{fields.second == 60 ? 59 : fields.second};
}

}  // namespace

std::optional<Timestamp> parse_http_date(std::string_view text) {
  for (const std::string_view day : kDays) {
    Scan scan{text};
    if (!scan.take(day.substr(0, 3))) continue;
    Fields fields;
    if (scan.take(", ")) {
      read_fixdate(scan, fields);
    } else if (scan.take(" ")) {
      read_asctime(scan, fields);
    } else {
      scan.need(day.substr(3));
      scan.need(", ");
      read_rfc850(scan, fields);
    }
    return scan.ok && scan.rest.empty() ? time_of(fields) : std::nullopt;
  }
  return std::nullopt;
}

std::string to_http_date(Timestamp time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::seconds>(time - day));
  std::array<char, 64> text{};
  const int length = std::snprintf(text.data(), text.size(), "%.3s, %02u %.3s %04d %02d:%02d:%02d GMT",
                                   kDays[std::chrono::weekday(day).iso_encoding() - 1].data(), unsigned{date.day()},
                                   kMonths[unsigned{date.month()} - 1].data(), int{date.year()},
                                   static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                                   static_cast<int>(clock.seconds().count()));
  return {text.data(), static_cast<std::size_t>(length)};
}

}  // namespace kcl::wire
