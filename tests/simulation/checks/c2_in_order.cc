#include "simulation/checks/checks.h"

namespace kcl::simulation::checks {

void batch_is_next(Truth& truth, const ports::ShardEpoch& epoch, const RecordBatch& batch) {
  auto& shard = truth.shards[epoch.shard_id];
  auto& state = truth.epochs[{epoch.shard_id, epoch.epoch}];
  if (state.in_flight) truth.blame("C2", epoch.shard_id, "two calls at once in one epoch");
  std::size_t index = truth.index_after(shard, batch.front().position());
  index = index == 0 ? 0 : index - 1;
  state.in_flight = index;
  if (state.next && index != *state.next) {
    // Retention overtook the reader: what is between is gone from the stream.
    const bool lost_by_stream = index > *state.next && truth.is_gone(shard.records[index - 1]);
    if (lost_by_stream) {
      truth.world.trace("the stream has lost records ", *state.next, " to ", index - 1, " of ", epoch.shard_id);
    } else {
      truth.blame("C2", epoch.shard_id,
                  "record " + std::to_string(*state.next) + " should come next, not " + std::to_string(index));
    }
  }
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const bool expected =
        index + i < shard.records.size() && shard.records[index + i].position == batch[i].position();
    if (!expected) return truth.blame("C2", epoch.shard_id, "a record within a batch is missing or out of order");
  }
}

}  // namespace kcl::simulation::checks
