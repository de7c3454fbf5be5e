#include "simulation/truth.h"

#include <algorithm>

namespace kcl::simulation {

namespace {

std::size_t first_at_or_after(const std::vector<RecordTruth>& records, Timestamp time) {
  const auto first = std::ranges::lower_bound(records, time, {}, &RecordTruth::time);
  return static_cast<std::size_t>(first - records.begin());
}

}  // namespace

std::size_t Truth::index_after(const ShardTruth& shard, const Position& position, std::optional<Timestamp> at) const {
  if (position.is_shard_end()) return shard.records.size();
  if (position.kind() == Position::Kind::at_timestamp && at) return first_at_or_after(shard.records, *at);
  if (!position.is_sequence()) return first_wanted(shard);
  const auto after = std::ranges::upper_bound(shard.records, position, {}, &RecordTruth::position);
  return static_cast<std::size_t>(after - shard.records.begin());
}

std::size_t Truth::first_wanted(const ShardTruth& shard) const {
  // A shard that is a child was born after the start instant and is read from its beginning, unless its parents were
  // closed before that instant.
  const auto start = starts.find(shard.stream);
  return first_at_or_after(shard.records, start == starts.end() ? Timestamp{} : start->second);
}

std::size_t Truth::settled(ShardTruth& shard) const {
  shard.settled = std::max(shard.settled, first_wanted(shard));
  while (shard.settled < shard.records.size()) {
    const RecordTruth& record = shard.records[shard.settled];
    if (!record.done && !is_gone(record)) break;
    ++shard.settled;
  }
  return shard.settled;
}

}  // namespace kcl::simulation
