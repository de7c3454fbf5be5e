#include "simulation/checks/checks.h"

namespace kcl::simulation::checks {

void epoch_is_current(Truth& truth, const std::string& process, const ports::ShardEpoch& epoch) {
  const auto& shard = truth.shards[epoch.shard_id];
  if (epoch.epoch >= shard.taken_epoch) return;
  truth.blame("C8", epoch.shard_id,
              process + " starts a call in epoch " + std::to_string(epoch.epoch) + ", but " +
                  std::to_string(shard.taken_epoch) + " was taken");
}

}  // namespace kcl::simulation::checks
