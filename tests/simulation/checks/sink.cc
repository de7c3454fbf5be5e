#include <algorithm>

#include "simulation/checks/checks.h"

namespace kcl::simulation::checks {

bool sink_takes(Truth& truth, const std::string& id, std::uint64_t epoch, Range range) {
  if (truth.unfenced_neighbours) return true;
  auto& shard = truth.shards[id];
  if (epoch < shard.sink_epoch) return false;
  shard.sink_epoch = epoch;
  const std::size_t expected = shard.sink_end.value_or(truth.first_wanted(shard));
  if (range.begin > expected && !truth.is_gone(shard.records[range.begin - 1])) {
    truth.blame("sink", id,
                "epoch " + std::to_string(epoch) + " writes record " + std::to_string(range.begin) + ", but record " +
                    std::to_string(expected) + " is missing");
  }
  const std::size_t end = std::min(range.begin + range.count, shard.records.size());
  shard.sink_end = std::max(expected, end);
  return true;
}

}  // namespace kcl::simulation::checks
