#include <algorithm>

#include "simulation/checks/checks.h"

namespace kcl::simulation::checks {

void parents_have_ended(Truth& truth, const ports::ShardEpoch& epoch) {
  // Go workers wait for one parent only: what one of them has started is gone on with.
  if (truth.unfenced_neighbours && epoch.checkpoint.is_real()) return;
  for (const std::string& parent : truth.shards[epoch.shard_id].parents) {
    const auto& shard = truth.shards[parent];
    if (shard.ended || truth.is_forgotten(shard)) continue;
    // A parent that needs no lease holds nothing that is wanted.
    if (truth.first_wanted(shard) < shard.records.size())
      truth.blame("C3", epoch.shard_id, "starts before its parent " + parent + " has ended");
  }
}

void removal_is_due(Truth& truth, const RowChange& change) {
  if (change.after || !change.before || change.by.kind == Writer::Kind::person) return;
  // A Go worker removes whatever its listing does not show.
  if (change.by.kind == Writer::Kind::go) return;
  const auto& shard = truth.shards[change.key];
  if (!change.before->ended()) {
    if (!truth.is_forgotten(shard))
      truth.blame("C3", change.key, change.by.process + " removed the row of a shard that is not read to its end");
    return;
  }
  for (const std::string& child : shard.children) {
    const auto& its = truth.shards[child];
    // A child that the service has forgotten has nothing left to wait for.
    const bool started = its.row ? its.row->started() : its.ended || truth.is_forgotten(its);
    if (!started && !truth.may_seem_started(its))
      truth.blame("C3", change.key, change.by.process + " removed its row before its child " + child + " started");
  }
}

namespace {

// A worker may be out of touch with the table for three failover times; what is in its way then lasts seconds.
constexpr std::chrono::milliseconds kUnnoticed = std::chrono::minutes(2);

/// Then a shard of which everything seemed to be done may deserve a row again.
bool person_deleted_below(Truth& truth, const std::string& id) {
  const auto& children = truth.shards[id].children;
  return std::ranges::any_of(children, [&](const std::string& child) {
    return truth.shards[child].deleted_started || person_deleted_below(truth, child);
  });
}

}  // namespace

void waiting_lease_is_kept(Truth& truth, const std::string& process, const ShardStatus& status) {
  if (status.state != ShardState::waiting_for_parents) return;
  const auto& shard = truth.shards[status.shard_id];
  if (status.epoch >= shard.taken_epoch || truth.world.server_time() - shard.taken_at < kUnnoticed) return;
  truth.blame("C3", status.shard_id,
              process + " waits for its parents, and does not renew the lease: another has taken it long ago");
}

void row_stays_removed(Truth& truth, const RowChange& change) {
  if (change.before || change.by.kind != Writer::Kind::kclpp || !truth.shards[change.key].removed_as_ended) return;
  if (person_deleted_below(truth, change.key)) return;
  truth.blame("C3", change.key,
              change.by.process + " created its row again, which was removed because the shard was read to its end");
}

}  // namespace kcl::simulation::checks
