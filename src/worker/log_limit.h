// What keeps a trouble that lasts from filling the log: warnings and errors that say the same again and again are
// counted instead of written. Pure, but for what it remembers.
//
// In a minute three pass that say the same: the name and every field, but for worker, stream and epoch. Of one name a
// hundred warnings pass, or a thousand errors, whatever they say. At its end `log_repeats_left_out` says how many did
// not. The life of leases and shards (info), and what was asked for by the level (debug), passes whole.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <kcl/log_sink.h>

#include "base/loop.h"

namespace kcl::worker {

class LogLimit {
 public:
  static constexpr std::size_t kAlike = 3;
  static constexpr std::size_t kWarnings = 100;
  static constexpr std::size_t kErrors = 1'000;
  static constexpr base::Duration kWindow = std::chrono::minutes(1);

  /// Whether this one is to be written. What is due is taken before.
  bool admit(const LogEvent& event, base::BootTime now);

  /// When take_left_out() next has something to say; empty while nothing was left out.
  std::optional<base::BootTime> due() const;
  /// One line for each name, of minutes that are over at `now`.
  std::vector<LogEvent> take_left_out(Timestamp wall, base::BootTime now);

 private:
  struct OfName {
    base::BootTime ends{};
    std::size_t passed = 0;
    std::size_t left_out = 0;
    /// By what they say.
    std::map<std::string, std::size_t> alike;
    /// Worker and stream, for the line that tells; what all of them were said by.
    LogFields context;
  };
  std::map<std::string, OfName> names_;
};

}  // namespace kcl::worker
