#include "consumer/stall_watch.h"

#include <algorithm>
#include <set>

namespace kcl::consumer {

using base::BootTime;
using base::Duration;

namespace {

constexpr Duration kShortestInterval = std::chrono::milliseconds(50);
constexpr Duration kLongestInterval = std::chrono::seconds(15);
constexpr Duration kLongestSilence = std::chrono::hours(1);

}  // namespace

std::string ancestors_mark(const std::string& key, const shards::LeasesByShard& rows) {
  std::string mark;
  std::set<std::string> seen{key};
  std::vector<std::string> unread{key};
  while (!unread.empty()) {
    const auto row = rows.find(unread.back());
    unread.pop_back();
    if (row == rows.end()) continue;
    for (const std::string& parent : row->second.parents) {
      const auto found = rows.find(parent);
      if (found == rows.end() || found->second.ended() || !seen.insert(parent).second) continue;
      mark += ' ' + parent + '@' + found->second.checkpoint.text();
      unread.push_back(parent);
    }
  }
  return mark;
}

Duration StallWatch::interval() const noexcept { return std::clamp(after_ / 20, kShortestInterval, kLongestInterval); }

Duration StallWatch::step(BootTime now) {
  const Duration since = last_look_ ? now - *last_look_ : Duration{};
  last_look_ = now;
  return std::clamp(since, Duration{}, 2 * interval());
}

std::vector<StallWatch::Alarm> StallWatch::look(const std::vector<ShardLook>& shards, BootTime now) {
  const Duration passed = step(now);
  std::vector<Alarm> alarms;
  std::set<std::string> seen;
  stalls_.clear();
  for (const ShardLook& shard : shards) {
    seen.insert(shard.key);
    Watched& watched = watched_[shard.key];
    const bool stands = shard.busy && watched.epoch == shard.epoch && watched.mark == shard.mark;
    const std::uint64_t watched_epoch = std::exchange(watched.epoch, shard.epoch);
    watched.mark = shard.mark;
    if (stands) {
      watched.stood += passed;
      watched.cause = shard.cause;
    }
    if (auto alarm = stands ? judge(watched, shard) : std::nullopt) alarms.push_back(*std::move(alarm));
    if (stands && watched.next_alarm) stalls_.emplace(shard.key, Stall{watched.stood, watched.cause});
    if (stands) continue;
    if (watched.next_alarm) {
      alarms.push_back({Alarm::Kind::ended, shard.key, watched_epoch, watched.stood, watched.cause});
    }
    watched.stood = {};
    watched.next_alarm.reset();
  }
  for (auto it = watched_.begin(); it != watched_.end();) {
    if (seen.contains(it->first)) {
      ++it;
      continue;
    }
    const Watched& gone = it->second;
    if (gone.next_alarm) alarms.push_back({Alarm::Kind::ended, it->first, gone.epoch, gone.stood, gone.cause});
    it = watched_.erase(it);
  }
  return alarms;
}

std::optional<StallWatch::Alarm> StallWatch::judge(Watched& watched, const ShardLook& shard) {
  const Duration due = watched.next_alarm.value_or(after_ + shard.mark_age);
  if (watched.stood < due) return std::nullopt;
  const auto kind = watched.next_alarm ? Alarm::Kind::lasts : Alarm::Kind::began;
  watched.next_alarm = watched.stood + std::min(watched.stood, std::max(kLongestSilence, after_));
  return Alarm{kind, shard.key, shard.epoch, watched.stood, watched.cause};
}

}  // namespace kcl::consumer
