#include "consumer/checkpoint_rules.h"

namespace kcl::consumer {

CheckpointRuling rule_on_checkpoint(const ShardPositions& shard, const std::optional<Position>& asked) {
  using Kind = CheckpointRuling::Kind;
  if (shard.ending) {
    // At the end, the end itself and the last record mean the same: the latter may be stored already (Java KCL issue
    // 211).
    const Position last = shard.done.value_or(shard.stored);
    if (!asked || asked->is_shard_end() || *asked == last) return {.kind = Kind::end_shard};
  }
  const auto& permitted = shard.in_hand ? shard.in_hand : shard.done;
  if (!asked && !permitted) return {};
  const Position position = asked ? *asked : *permitted;
  const auto cannot = [&](const std::string& why) {
    return CheckpointRuling{.kind = Kind::invalid, .why = "cannot store " + position.text() + ": " + why};
  };
  if (!position.is_sequence() || !permitted || position > *permitted) {
    return cannot("it lies past what was delivered" + (permitted ? " (" + permitted->text() + ")" : std::string()));
  }
  if (shard.stored.is_real() && position < shard.stored) {
    // A program that checkpoints as it goes does so again with a batch that comes again.
    if (shard.in_hand && shard.repeats_from && position >= *shard.repeats_from) return {};
    if (!asked) return {};
    return cannot(shard.stored.text() + " is stored already");
  }
  if (position == shard.stored) return {};
  return {.kind = Kind::store, .position = position};
}

ports::CheckpointResult explain(const leases::HolderResult& result) {
  using leases::HolderResult;
  using ports::CheckpointResult;
  switch (result.kind) {
    case HolderResult::Kind::committed:
      return {};
    case HolderResult::Kind::lost:
      return {CheckpointResult::Kind::lease_lost, "the lease is lost: " + result.message};
    case HolderResult::Kind::claim_gone:
    case HolderResult::Kind::unsettled:
    case HolderResult::Kind::misuse:
      break;
  }
  return {CheckpointResult::Kind::unavailable, "the lease table did not take the checkpoint: " + result.message};
}

}  // namespace kcl::consumer
