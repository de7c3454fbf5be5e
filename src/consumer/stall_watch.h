// Notices shards that do not move although there is something to do (C9): a pure decision, looked at again and again.
//
// Time is counted from look to look, and no step counts for more than two intervals: a process that was stopped, or a
// host that slept, has not watched anything stand still meanwhile.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/loop.h"
#include "shards/rules.h"

namespace kcl::consumer {

/// One shard as it is at one moment.
struct ShardLook {
  std::string key;
  std::uint64_t epoch = 0;
  /// Something is to be done. A shard that has nothing to deliver, and reads well, stands still by right.
  bool busy = false;
  /// Differs from that of an earlier look when something went forward since: what it holds means nothing.
  std::string mark;
  /// The mark may lag behind by so much.
  base::Duration mark_age{};
  /// What it waits for, for people.
  std::string cause;
};

/// How far the shards have come that must be read to their ends before this one may start. `rows` may be a little old.
std::string ancestors_mark(const std::string& key, const shards::LeasesByShard& rows);

class StallWatch {
 public:
  /// A shard is stalled when nothing went forward for so long.
  explicit StallWatch(base::Duration after) : after_(after) {}

  /// Between two looks.
  base::Duration interval() const noexcept;

  struct Alarm {
    enum class Kind : std::uint8_t {
      began,
      lasts,  ///< told again at twice the age, and then about every hour
      ended,  ///< it moves again, or is not this worker's any more
    };
    Kind kind = Kind::began;
    std::string key;
    std::uint64_t epoch = 0;
    /// How long nothing went forward.
    base::Duration age{};
    std::string cause;
  };
  std::vector<Alarm> look(const std::vector<ShardLook>& shards, base::BootTime now);

  struct Stall {
    base::Duration age{};
    std::string cause;
  };
  /// As of the last look.
  const std::map<std::string, Stall>& stalls() const noexcept { return stalls_; }

 private:
  struct Watched {
    std::uint64_t epoch = 0;
    std::string mark;
    base::Duration stood{};
    /// Empty while it is not stalled.
    std::optional<base::Duration> next_alarm;
    std::string cause;
  };

  base::Duration step(base::BootTime now);
  std::optional<Alarm> judge(Watched& watched, const ShardLook& shard);

  base::Duration after_;
  std::optional<base::BootTime> last_look_;
  std::map<std::string, Watched> watched_;
  std::map<std::string, Stall> stalls_;
};

}  // namespace kcl::consumer
