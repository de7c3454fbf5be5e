#include "simulation/checks/checks.h"

namespace kcl::simulation::checks {

namespace {

// Longer than any call to the service may take, twice.
constexpr std::chrono::milliseconds kBound = std::chrono::seconds(90);

}  // namespace

void status_is_honest(Truth& truth, const std::string& process, const ShardStatus& status, Timestamp worker_time) {
  if (worker_time - status.since < kBound) return;
  const auto name = std::string(name_of(status.state));
  if (status.state != ShardState::idle) {
    if (status.waiting_for.empty())
      truth.blame("C9", status.shard_id, process + " is " + name + " for long and names no cause");
    return;
  }
  // Idle next to records that lie there, and nothing is said to be wrong.
  auto& shard = truth.shards[status.shard_id];
  const std::size_t next = truth.settled(shard);
  const bool old = next < shard.records.size() && shard.records[next].time < truth.world.server_time() - kBound;
  if (old && status.last_error.empty() && shard.taken_epoch == status.epoch) {
    truth.blame("C9", status.shard_id,
                process + " is idle, without an error, beside record " + std::to_string(next) + ", which is unread");
  }
}

}  // namespace kcl::simulation::checks
