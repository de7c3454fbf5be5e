#include "simulation/sim_processor.h"

#include <algorithm>

#include "base/task_scope.h"

namespace kcl::simulation {

using base::Task;
using ports::CallbackResult;

class SimProcessor final : public ports::Processor {
 public:
  SimProcessor(SimProcessors& made_by, ports::ShardEpoch epoch, ports::Checkpoints& checkpoints)
      : by_(made_by),
        epoch_(std::move(epoch)),
        checkpoints_(checkpoints),
        threads_(made_by.loop_, [&world = made_by.world_](const std::string& name, const std::exception_ptr&) {
          world.violation("the program's thread " + name + " threw");
        }) {}

  Task<CallbackResult> initialize() override {
    if (!began_) by_.journal_.epoch_began(by_.process_, epoch_, by_.outstanding_);
    began_ = true;
    co_await work();
    co_return threw(by_.faults_.throws_elsewhere);
  }

  Task<CallbackResult> process_records(RecordBatch batch) override {
    by_.journal_.call_began(by_.process_, epoch_, batch);
    in_call_ = true;
    co_await work();
    CallbackResult result = threw(by_.faults_.throws);
    if (poisoned(batch)) result = {.kind = CallbackResult::Kind::threw, .what = "poison", .retry_after = {}};
    if (result.ok() && by_.world_.chance(by_.faults_.retries_later)) {
      result.kind = CallbackResult::Kind::retry_later;
      result.retry_after = by_.world_.random.between(base::Duration::zero(), by_.faults_.retry_later);
    }
    in_call_ = false;
    by_.journal_.call_ended(epoch_, batch, result.ok());
    if (!result.ok()) co_return result;
    done_ = batch.back().position();
    if (wants_checkpoint()) {
      std::optional<Position> position = inside_an_aggregate(batch);
      Position meant = position.value_or(batch.back().position());
      co_await checkpoint_to(std::move(position), std::move(meant));
    }
    if (by_.outstanding_ > 1) co_return result;
    if (by_.world_.chance(by_.faults_.checkpoints_outside))
      threads_.spawn("checkpoint", checkpoint_outside(batch.back().position()));
    if (by_.style_ != CheckpointStyle::by_library && by_.world_.chance(by_.faults_.starts_over)) {
      over_ = true;
      by_.journal_.started_over(by_.process_, epoch_, asked_);
      checkpoints_.start_over("the program has forgotten all");
    }
    co_return result;
  }

  Task<CallbackResult> dead_letter(ports::FailedRecord failed) override {
    by_.journal_.call_began(by_.process_, epoch_, failed.batch);
    co_await work();
    CallbackResult result;
    if (by_.world_.chance(by_.faults_.refuses_dead_letters))
      result = {.kind = CallbackResult::Kind::threw, .what = "disk full", .retry_after = {}};
    by_.journal_.call_ended(epoch_, failed.batch, result.ok());
    if (result.ok()) by_.journal_.dead_lettered(epoch_, failed.batch.front());
    co_return result;
  }

  Task<CallbackResult> lease_lost() override {
    by_.world_.trace(by_.process_, " lost ", epoch_.shard_id);
    if (by_.world_.chance(0.5)) {
      const auto result = co_await checkpoints_.checkpoint(std::nullopt);
      if (result.kind != ports::CheckpointResult::Kind::lease_lost)
        by_.journal_.truth().blame("C4", epoch_.shard_id, "a checkpoint after the loss of the lease is not refused");
    }
    co_return CallbackResult{};
  }

  Task<CallbackResult> shard_ended() override {
    const CallbackResult result = threw(by_.faults_.throws_elsewhere);
    const bool asks = by_.style_ != CheckpointStyle::by_library && !by_.world_.chance(0.2);
    if (result.ok() && asks) {
      Position meant = Position::shard_end();
      co_await checkpoint_to(std::nullopt, std::move(meant));
    }
    co_return result;
  }

  Task<CallbackResult> shutdown_requested() override {
    const CallbackResult result = threw(by_.faults_.throws_elsewhere);
    if (result.ok() && by_.style_ != CheckpointStyle::by_library) co_await checkpoints_.checkpoint(std::nullopt);
    co_return result;
  }

 private:
  /// Without a position the program means `meant`.
  Task<void> checkpoint_to(std::optional<Position> position, Position meant) {
    ask_for(meant);
    const auto result = co_await checkpoints_.checkpoint(std::move(position));
    if (result.kind == ports::CheckpointResult::Kind::stored)
      by_.journal_.told_stored(by_.process_, epoch_.shard_id, meant);
  }

  void ask_for(const Position& position) {
    if (!asked_ || *asked_ < position) asked_ = position;
  }

  bool poisoned(const RecordBatch& batch) const {
    const auto& poison = by_.faults_.poison;
    return std::ranges::any_of(batch, [&](const Record& record) { return poison.contains(record.text()); });
  }

  bool wants_checkpoint() {
    if (by_.style_ == CheckpointStyle::every_batch) return true;
    return by_.style_ == CheckpointStyle::now_and_then && by_.world_.chance(0.3);
  }

  /// Often nothing: the end of the batch.
  std::optional<Position> inside_an_aggregate(const RecordBatch& batch) {
    std::vector<std::size_t> inside;
    for (std::size_t i = 0; i < batch.size(); ++i) {
      if (batch[i].sub_sequence_number() > 0) inside.push_back(i);
    }
    if (inside.empty() || by_.world_.random.below(2) == 0) return std::nullopt;
    const std::size_t chosen = inside[by_.world_.random.below(inside.size())];
    return batch[chosen - std::min(chosen, by_.world_.random.below(2))].position();
  }

  /// What another thread of the program does some time after the batch that ended there was done with, whatever became
  /// of the lease, and whether or not a call is in progress.
  Task<void> checkpoint_outside(Position done) {
    base::Stop never;
    const auto wait = by_.world_.random.between(base::Duration::zero(), std::chrono::seconds(20));
    co_await base::sleep_for(by_.loop_, wait, never);
    if (over_) co_return;
    ask_for(done_ && *done_ > done ? *done_ : done);
    if (in_call_ || by_.world_.chance(0.5)) {
      co_await checkpoints_.checkpoint_done();
    } else {
      std::optional<Position> position = std::move(done);
      co_await checkpoints_.checkpoint(std::move(position));
    }
  }

  Task<void> work() {
    const ProcessorFaults& faults = by_.faults_;
    const auto duration =
        by_.world_.chance(faults.stalls) ? faults.stall : by_.world_.random.between(faults.shortest, faults.longest);
    base::Stop never;
    co_await base::sleep_for(by_.loop_, duration, never);
  }

  CallbackResult threw(double probability) {
    if (!by_.world_.chance(probability)) return {};
    return {.kind = CallbackResult::Kind::threw, .what = "injected", .retry_after = {}};
  }

  SimProcessors& by_;
  ports::ShardEpoch epoch_;
  ports::Checkpoints& checkpoints_;
  bool began_ = false;
  bool in_call_ = false;
  bool over_ = false;
  /// Where the last batch ended that was done with, and the furthest position that was asked to be stored.
  std::optional<Position> done_;
  std::optional<Position> asked_;
  base::TaskScope threads_;
};

std::unique_ptr<ports::Processor> SimProcessors::create(const ports::ShardEpoch& epoch,
                                                        ports::Checkpoints& checkpoints) {
  ports::ShardEpoch known = epoch;
  known.shard_id = key_of_(epoch);
  return std::make_unique<SimProcessor>(*this, std::move(known), checkpoints);
}

}  // namespace kcl::simulation
