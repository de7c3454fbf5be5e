#include "simulation/checks/checks.h"

namespace kcl::simulation::checks {

void checkpoint_passes_nothing(Truth& truth, const RowChange& change) {
  if (!change.after || !change.after->checkpoint.is_real() || change.by.kind == Writer::Kind::person) return;
  if (change.before && change.before->checkpoint == change.after->checkpoint) return;
  auto& shard = truth.shards[change.key];
  const std::size_t end = truth.index_after(shard, change.after->checkpoint);
  for (std::size_t i = truth.settled(shard); i < end; ++i) {
    if (shard.records[i].done || truth.is_gone(shard.records[i])) continue;
    return truth.blame("C1", change.key,
                       "checkpoint " + change.after->checkpoint.text() + " by " + change.by.process +
                           " is past record " + std::to_string(i) + ", which is not done");
  }
}

std::size_t undone(Truth& truth) {
  std::size_t count = 0;
  for (auto& [id, shard] : truth.shards) {
    for (std::size_t i = truth.settled(shard); i < shard.records.size(); ++i)
      count += !shard.records[i].done && !truth.is_gone(shard.records[i]);
  }
  return count;
}

void everything_is_done(Truth& truth) {
  for (auto& [id, shard] : truth.shards) {
    std::size_t missing = 0;
    for (std::size_t i = truth.settled(shard); i < shard.records.size(); ++i)
      missing += !shard.records[i].done && !truth.is_gone(shard.records[i]);
    if (missing == 0) continue;
    truth.blame("C1", id,
                std::to_string(missing) + " of " + std::to_string(shard.records.size()) +
                    " records were never processed, the first of them number " + std::to_string(truth.settled(shard)));
  }
}

}  // namespace kcl::simulation::checks
