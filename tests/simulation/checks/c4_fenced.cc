#include "simulation/checks/checks.h"

namespace kcl::simulation::checks {

void write_is_fenced(Truth& truth, const RowChange& change) {
  if (!change.before || !change.after || change.by.kind == Writer::Kind::person) return;
  if (change.by.kind == Writer::Kind::go) return;
  if (change.after->counter < change.before->counter) truth.blame("C4", change.key, "the counter went backwards");
  if (change.by.kind != Writer::Kind::kclpp || change.before->checkpoint == change.after->checkpoint) return;
  const bool back = change.before->checkpoint.is_real() && change.after->checkpoint < change.before->checkpoint;
  if (back && !truth.shards[change.key].moved_by_go) truth.blame("C4", change.key, "the checkpoint went backwards");
  if (change.kind != WriteKind::holder)
    truth.blame("C4", change.key, "the checkpoint was moved by " + change.by.process + ", which is not the holder");
}

void epoch_grows(Truth& truth, const ports::ShardEpoch& epoch) {
  auto& shard = truth.shards[epoch.shard_id];
  if (epoch.epoch <= shard.newest_epoch && !truth.unfenced_neighbours) {
    truth.blame("C4", epoch.shard_id,
                "epoch " + std::to_string(epoch.epoch) + " begins, which is not greater than the last, " +
                    std::to_string(shard.newest_epoch));
  }
  shard.newest_epoch = std::max(shard.newest_epoch, epoch.epoch);
  const auto& taken = truth.epochs[{epoch.shard_id, epoch.epoch}].taken;
  if (!taken) return truth.blame("C4", epoch.shard_id, "an epoch begins that no take began");
  if (taken->checkpoint != epoch.checkpoint)
    truth.blame("C4", epoch.shard_id,
                "the epoch begins after " + epoch.checkpoint.text() + ", but the row said " + taken->checkpoint.text());
}

namespace {

/// Up to where a checkpoint at `position` has to be stored. Rows of vmware-go's have no place for a sub-sequence
/// number: what is asked for inside an aggregate is stored as the record before it.
std::size_t least_stored(const Truth& truth, const ShardTruth& shard, const Position& position) {
  const auto same_record = [&](std::size_t i) {
    return shard.records[i].position.sequence_number() == position.sequence_number();
  };
  std::size_t index = truth.index_after(shard, position);
  const bool inside = shard.row && shard.row->go && index < shard.records.size() && same_record(index);
  while (inside && index > 0 && same_record(index - 1)) --index;
  return index;
}

}  // namespace

void reported_is_stored(Truth& truth, const std::string& process, const std::string& id, const Position& position) {
  const auto& shard = truth.shards[id];
  const bool stored =
      position.is_shard_end() ? shard.ended : shard.ended || least_stored(truth, shard, position) <= shard.stored_to;
  if (!stored) truth.blame("C4", id, process + " was told that " + position.text() + " is stored, and it is not");
}

}  // namespace kcl::simulation::checks
