#include "simulation/checks/checks.h"

namespace kcl::simulation::checks {

void batch_is_next(Truth& truth, const ports::ShardEpoch& epoch, const RecordBatch& batch, Range range) {
  const auto& shard = truth.shards[epoch.shard_id];
  const auto& state = truth.epochs[{epoch.shard_id, epoch.epoch}];
  if (state.over) truth.blame("C5", epoch.shard_id, "a call after the program asked to start over");
  if (state.in_flight.size() >= state.most_in_flight)
    truth.blame("C2", epoch.shard_id, std::to_string(state.in_flight.size() + 1) + " calls at once in one epoch");
  std::optional<std::size_t> expected = state.next;
  if (!state.failed.empty()) {
    expected = state.failed.begin()->first;
    if (!state.in_flight.empty()) truth.blame("C2", epoch.shard_id, "a call beside a batch that has failed");
  }
  if (expected && range.begin != *expected) {
    // Retention overtook the reader: what is between is gone from the stream.
    const bool lost_by_stream = range.begin > *expected && truth.is_gone(shard.records[range.begin - 1]);
    if (lost_by_stream) {
      truth.world.trace("the stream has lost records ", *expected, " to ", range.begin - 1, " of ", epoch.shard_id);
    } else {
      truth.blame("C2", epoch.shard_id,
                  "record " + std::to_string(*expected) + " should come next, not " + std::to_string(range.begin));
    }
  }
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const std::size_t index = range.begin + i;
    const bool fits = index < shard.records.size() && shard.records[index].position == batch[i].position();
    if (!fits) return truth.blame("C2", epoch.shard_id, "a record within a batch is missing or out of order");
  }
}

}  // namespace kcl::simulation::checks
