// When a child that failed is started again, and when there is no use in it. Pure.
//
// Failures of one shard count as long as its checkpoint stands still: a record that kills every child is met again and
// again at the same place. A checkpoint that moved on, or a long time without a failure, begins a new count.
#pragma once

#include <map>
#include <string>

#include <kcl/position.h>

#include "base/loop.h"

namespace kcl::multilang {

class RestartPolicy {
 public:
  static constexpr base::Duration kFirstPause = std::chrono::seconds(1);
  static constexpr base::Duration kLongestPause = std::chrono::seconds(60);
  static constexpr base::Duration kForgottenAfter = std::chrono::minutes(15);

  /// `restarts` of a shard's child in a row; zero: none at all, as the Java daemon.
  explicit RestartPolicy(std::size_t restarts) : restarts_(restarts) {}

  struct Ruling {
    /// Failures in a row, this one included.
    std::size_t failures = 0;
    /// The daemon is to end.
    bool give_up = false;
    /// Not before then.
    base::BootTime next_start{};
  };
  /// `begun_at`: where the epoch of the child that failed began.
  Ruling failed(const std::string& shard_id, const Position& begun_at, base::BootTime now);
  /// When a child of this shard may be started.
  base::BootTime may_start(const std::string& shard_id) const;

 private:
  struct History {
    Position begun_at = Position::trim_horizon();
    std::size_t failures = 0;
    base::BootTime last{};
    base::BootTime next_start{};
  };

  std::size_t restarts_;
  std::map<std::string, History> shards_;
};

}  // namespace kcl::multilang
