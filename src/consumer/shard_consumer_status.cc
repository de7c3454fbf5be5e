// What a consumer tells about itself: to people, to the watch over stalls, to the rest of the worker.
#include "consumer/shard_consumer.h"
#include "consumer/stall_cause.h"

namespace kcl::consumer {

using base::BootTime;

void ShardConsumer::enter(ShardState state, std::string waiting_for, std::optional<BootTime> until) {
  if (status_.state != state) status_.since = context_.loop.wall();
  status_.state = state;
  status_.waiting_for = std::move(waiting_for);
  status_until_ = until;
  in_call_since_.reset();
}

void ShardConsumer::enter_call(ShardState state, std::string_view callback) {
  enter(state, std::string(callback) + " to return");
  in_call_since_ = context_.loop.now();
}

ShardStatus ShardConsumer::status() const {
  ShardStatus status = status_;
  status.checkpoint = hold_->row().checkpoint;
  status.last_error = errors_.newest();
  if (status_until_) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(*status_until_ - context_.loop.now());
    status.until = context_.loop.wall() + left;
  }
  if (reader_) {
    status.behind = reader_->behind();
    if (!reader_->last_error().empty()) status.last_error = "read: " + reader_->last_error();
  }
  return status;
}

ShardLook ShardConsumer::look() const {
  Standing standing{.state = status_.state, .waiting_for = status_.waiting_for, .last_error = errors_.newest()};
  if (in_call_since_) standing.in_call = context_.loop.now() - *in_call_since_;
  ShardLook look{.key = hold_->key(), .epoch = hold_->epoch(), .mark = std::to_string(moves_)};
  if (reader_) {
    standing.read_error = reader_->last_error();
    standing.waits_for_budget = reader_->waits_for_budget();
    if (status_.state == ShardState::idle) look.mark += '/' + std::to_string(reader_->answers());
  }
  look.busy = has_something_to_do(standing);
  const auto& budget = *context_.budget;
  if (look.busy) look.cause = stall_cause(standing, {budget.used(), budget.limit(), budget.kept()});
  return look;
}

coordinator::OwnShard ShardConsumer::progress() const {
  coordinator::OwnShard progress;
  progress.waits_for = waits_for_;
  if (reader_ && !delivering_ && !leaving()) progress.reach = reader_->reach();
  return progress;
}

}  // namespace kcl::consumer
