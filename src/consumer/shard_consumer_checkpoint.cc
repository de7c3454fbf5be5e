// The part of a consumer that stores how far its program is.
#include <utility>

#include "consumer/checkpoint_rules.h"
#include "consumer/row_status.h"
#include "consumer/shard_consumer.h"

namespace kcl::consumer {

using base::Task;
using leases::HolderResult;
using ports::CheckpointResult;

std::optional<Position> ShardConsumer::unsaved() const {
  if (!done_ || starts_over_) return std::nullopt;
  return storable(*done_);
}

void ShardConsumer::note_whole_records(const Fetched& fetched) {
  if (hold_->format().has_sub_sequences()) return;
  whole_records_.forget_before(hold_->row().checkpoint);
  whole_records_.add(fetched.batch, fetched.end);
}

/// As far as up to there the row can say it; empty when all of that is stored.
std::optional<Position> ShardConsumer::storable(const Position& position) const {
  std::optional<Position> storable = position;
  if (position.is_sequence() && !hold_->format().has_sub_sequences()) storable = whole_records_.floor(position);
  const Position& stored = hold_->row().checkpoint;
  if (storable && stored.is_real() && *storable <= stored) return std::nullopt;
  return storable;
}

Task<void> ShardConsumer::checkpoint_if_due() {
  if (!context_.options.checkpoint_automatically || !unsaved()) co_return;
  if (context_.loop.now() - last_checkpoint_ < context_.options.checkpoint_interval || !hold_->may_deliver()) co_return;
  const CheckpointResult result = co_await checkpoint(unsaved());
  // Tried, whether or not it was stored: the next try is an interval away, or rides on a renewal's success.
  last_checkpoint_ = context_.loop.now();
  if (result.kind != CheckpointResult::Kind::stored)
    errors_.note(LastErrors::Kind::checkpoint, "checkpoint: " + result.message);
}

/// Of every write that carried a position.
void ShardConsumer::note_checkpoint(const HolderResult& result) {
  if (result.kind == HolderResult::Kind::claim_gone) return;
  (result.committed() ? meters_.checkpoints : meters_.checkpoint_failures)->add();
  if (!result.committed()) return;
  last_checkpoint_ = context_.loop.now();
  errors_.over(LastErrors::Kind::checkpoint);
}

/// What rides on the next write of the row.
void ShardConsumer::note_in_row() {
  hold_->set_status(row_status(status()));
  if (const auto kilobytes = throughput_.measure(context_.loop.now())) hold_->set_throughput(*kilobytes);
}

Task<HolderResult> ShardConsumer::store(Position position) {
  note_in_row();
  HolderResult result = co_await hold_->checkpoint(std::move(position));
  wake_.notify_all();
  co_return result;
}

Task<CheckpointResult> ShardConsumer::checkpoint(std::optional<Position> position) {
  ShardPositions positions{.stored = hold_->row().checkpoint,
                           .done = done_,
                           .in_hand = in_hand_,
                           .repeats_from = repeats_from_,
                           .ending = ending_with_.has_value()};
  return checkpoint_by(std::move(positions), std::move(position));
}

Task<CheckpointResult> ShardConsumer::checkpoint_done() {
  ShardPositions positions{.stored = hold_->row().checkpoint, .done = done_};
  return checkpoint_by(std::move(positions), std::nullopt);
}

Task<CheckpointResult> ShardConsumer::checkpoint_by(ShardPositions positions, std::optional<Position> position) {
  if (ended_shard()) co_return CheckpointResult{};
  if (hold_->ended()) co_return CheckpointResult{CheckpointResult::Kind::lease_lost, "the lease is not held any more"};
  const CheckpointRuling ruling = rule_on_checkpoint(positions, position);
  switch (ruling.kind) {
    case CheckpointRuling::Kind::stored:
      co_return CheckpointResult{};
    case CheckpointRuling::Kind::invalid:
      co_return CheckpointResult{CheckpointResult::Kind::invalid, ruling.why};
    case CheckpointRuling::Kind::end_shard: {
      note_in_row();
      auto children = *ending_with_;
      const HolderResult ended = co_await hold_->end_shard(std::move(children));
      wake_.notify_all();
      note_checkpoint(ended);
      co_return explain(ended);
    }
    case CheckpointRuling::Kind::store:
      break;
  }
  auto position_to_store = storable(ruling.position);
  if (!position_to_store) co_return CheckpointResult{};
  const HolderResult result = co_await store(*std::move(position_to_store));
  note_checkpoint(result);
  co_return explain(result);
}

}  // namespace kcl::consumer
