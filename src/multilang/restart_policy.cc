#include "multilang/restart_policy.h"

#include <algorithm>

namespace kcl::multilang {

RestartPolicy::Ruling RestartPolicy::failed(const std::string& shard_id, const Position& begun_at, base::BootTime now) {
  History& history = shards_[shard_id];
  const bool moved_on = history.begun_at != begun_at;
  if (moved_on || now - history.last > kForgottenAfter) history.failures = 0;
  base::Duration pause = kFirstPause;
  for (std::size_t i = 0; i < history.failures && pause < kLongestPause; ++i) pause *= 2;
  history.begun_at = begun_at;
  history.last = now;
  history.next_start = now + std::min(pause, kLongestPause);
  ++history.failures;
  return {.failures = history.failures, .give_up = history.failures > restarts_, .next_start = history.next_start};
}

base::BootTime RestartPolicy::may_start(const std::string& shard_id) const {
  const auto found = shards_.find(shard_id);
  return found == shards_.end() ? base::BootTime{} : found->second.next_start;
}

}  // namespace kcl::multilang
