// Whether a shard has something to do, and what keeps it from that, for people (C9). Pure.
#pragma once

#include <map>
#include <optional>
#include <string>

#include <kcl/shard_status.h>

#include "base/loop.h"

namespace kcl::consumer {

/// What a consumer and its reader are at.
struct Standing {
  ShardState state = ShardState::starting;
  std::string waiting_for = {};
  std::string last_error = {};
  /// How long the callback runs that is waited for.
  std::optional<base::Duration> in_call = {};
  /// Empty while reading goes well.
  std::string read_error = {};
  bool waits_for_budget = false;
};

struct BudgetUse {
  std::size_t used = 0;
  std::size_t limit = 0;
  /// Bytes that the program keeps, by shard.
  std::map<std::string, std::size_t> kept = {};
};

/// An idle shard waits for records by right, as long as it can read.
bool has_something_to_do(const Standing& shard);
std::string stall_cause(const Standing& shard, const BudgetUse& budget);

}  // namespace kcl::consumer
