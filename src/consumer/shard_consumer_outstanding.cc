// The part of a consumer that gives its program several batches at once.
#include <utility>

#include "consumer/shard_consumer.h"

namespace kcl::consumer {

using base::BootTime;
using base::Duration;
using base::Task;
using ports::CallbackResult;

/// Until nothing is left to hand out, a batch has failed, or the lease is to be left; comes back when all that was
/// handed out is settled. After a failure those that failed are delivered again, one at a time, as the policy has it.
/// False when there was nothing to deliver.
Task<bool> ShardConsumer::deliver_side_by_side() {
  bool any = false;
  side_by_side_ = true;
  for (;;) {
    take_what_is_done();
    const bool more = !leaving() && outstanding_.first_failure() == nullptr && hold_->may_deliver();
    if (more && hand_out_next()) {
      any = true;
      continue;
    }
    if (outstanding_.empty() || (!more && outstanding_.all_settled())) break;
    co_await wait_for_settlement();
  }
  side_by_side_ = false;
  in_hand_.reset();
  const bool go_on = co_await deliver_again();
  if (!go_on) co_await stand_still();
  delivering_ = false;
  co_return any;
}

bool ShardConsumer::hand_out_next() {
  const ConsumerOptions& options = context_.options;
  if (!outstanding_.has_room(reader_->next_bytes(), options.max_outstanding, options.max_outstanding_bytes))
    return false;
  auto fetched = reader_->pop();
  if (!fetched) return false;
  delivering_ = true;
  note_whole_records(*fetched);
  Outstanding::Entry& entry = outstanding_.add(*std::move(fetched), context_.loop.now());
  helpers_.spawn("deliver " + hold_->key(), hand_out(entry));
  return true;
}

Task<void> ShardConsumer::hand_out(Outstanding::Entry& entry) {
  CallbackResult result;
  if (!entry.fetched.batch.empty()) {
    RecordBatch batch = entry.fetched.batch;
    result.kind = CallbackResult::Kind::retry_later;
    if (hold_->may_deliver()) {
      const BootTime began = context_.loop.now();
      result = co_await processor_->process_records(std::move(batch));
      note_time_since(began);
    }
  }
  if (!result.ok()) failed("process_records", result);
  entry.result = std::move(result);
  ++moves_;
  wake_.notify_all();
}

/// Of the batches in the program's hands, or for whatever else wakes a consumer. Checkpoints meanwhile.
Task<void> ShardConsumer::wait_for_settlement() {
  enter(ShardState::processing, std::to_string(outstanding_.size()) + " batches to be acknowledged");
  in_call_since_ = outstanding_.front().since;
  const BootTime last_try = last_checkpoint_;
  co_await checkpoint_if_due();
  // Whatever happened meanwhile woke nobody.
  if (last_checkpoint_ != last_try) co_return;
  BootTime next = unsaved() ? last_checkpoint_ + context_.options.checkpoint_interval : base::kForever;
  if (!hold_->may_deliver()) next = context_.loop.now() + context_.failover / 10;
  co_await wake_.wait_until(context_.loop, next, helpers_.stop());
}

/// False as deliver_batch.
Task<bool> ShardConsumer::deliver_again() {
  if (const auto* failure = outstanding_.first_failure(); failure != nullptr && !leaving()) {
    const CallbackResult result = *failure->result;
    base::Backoff backoff(context_.options.first_retry, context_.options.longest_retry);
    const Duration pause = pause_after(result, backoff);
    co_await back_off(pause, ShardState::retrying, "the next delivery of the batch that failed");
  }
  bool go_on = true;
  while (!outstanding_.empty()) {
    const bool done_already = outstanding_.front_is_done();
    Fetched next = outstanding_.take_front();
    // What is behind one that is not done with must not be passed over, whatever became of it.
    if (leaving() || !go_on) continue;
    if (done_already) {
      note_processed(next.batch);
      done_ = std::move(next.end);
    } else {
      go_on = co_await deliver_fetched(std::move(next));
    }
  }
  co_return go_on;
}

void ShardConsumer::take_what_is_done() {
  while (outstanding_.front_is_done()) {
    const Fetched done = outstanding_.take_front();
    note_processed(done.batch);
    done_ = done.end;
  }
  in_hand_.reset();
  if (!outstanding_.empty()) in_hand_ = outstanding_.front().fetched.end;
}

}  // namespace kcl::consumer
