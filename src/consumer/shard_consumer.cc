#include "consumer/shard_consumer.h"

#include <algorithm>

#include "base/text.h"
#include "consumer/fan_out_reader.h"
#include "consumer/polling_reader.h"
#include "leases/lease_key.h"

namespace kcl::consumer {

using base::BootTime;
using base::Duration;
using base::Task;
using leases::HolderResult;
using ports::CallbackResult;
using ports::CheckpointResult;

ShardConsumer::ShardConsumer(ConsumerContext& context, std::unique_ptr<leases::LeaseHold> hold)
    : context_(context),
      hold_(std::move(hold)),
      shard_id_(leases::shard_part(hold_->key())),
      log_(context.log.with({{"shard", shard_id_}, {"epoch", hold_->epoch()}})),
      meters_(context.metrics, shard_labels(context.stream_label, hold_->key())),
      throughput_(hold_->row().throughput_kbps, context.loop.now()),
      unpacker_(context.decoding, context.options.strays, hold_->row().hash_keys, meters_, log_),
      last_checkpoint_(context.loop.now()),
      helpers_(context.loop, context.on_failure) {
  status_.stream = context.stream_label;
  status_.shard_id = shard_id_;
  status_.lease_key = hold_->key();
  status_.epoch = hold_->epoch();
  status_.since = context.loop.wall();
}

ShardConsumer::~ShardConsumer() {
  context_.metrics.retire(shard_labels(context_.stream_label, status_.lease_key), context_.loop.wall());
}

bool ShardConsumer::leaving() const {
  return shutdown_requested_ || starts_over_ || hold_->ended() || hold_->claimed_by().has_value();
}

bool ShardConsumer::may_begin() const {
  const bool behind_a_failure = side_by_side_ && outstanding_.first_failure() != nullptr;
  return !leaving() && !behind_a_failure && hold_->may_deliver();
}

void ShardConsumer::request_shutdown() {
  shutdown_requested_ = true;
  wake_.notify_all();
}

void ShardConsumer::start_over(std::string why) {
  if (starts_over_ || hold_->ended()) return;
  starts_over_ = true;
  log_.warning("shard_starts_over", {{"from", hold_->row().checkpoint.text()}, {"error", why}});
  errors_.note(LastErrors::Kind::restart, std::move(why));
  wake_.notify_all();
}

Task<void> ShardConsumer::run() {
  helpers_.spawn("renew " + hold_->key(), renew());
  co_await live();
  // A read or a renewal may still be under way. The lease is over: its answer interests nobody, and waiting for it
  // would only delay the exit (C10).
  helpers_.abandon();
}

Task<void> ShardConsumer::live() {
  // In steps: g++ 12.2 lays out a frame wrongly that awaits in conditions inside each other.
  bool ready = co_await wait_for_parents();
  // A shard at SHARD_END is not taken; should one be, there is nothing to do for it.
  if (ready) ready = co_await initialize();
  if (ready) {
    start_reading();
    co_await deliver();
  }
  if (!ended_shard()) co_await leave();
}

void ShardConsumer::start_reading() {
  Reading reading{.loop = context_.loop,
                  .random = context_.random,
                  .kinesis = context_.kinesis,
                  .unpacker = unpacker_,
                  .budget = context_.budget,
                  .log = log_,
                  .options = context_.options.reader,
                  .key = hold_->key(),
                  .from = read_from_,
                  .on_change = [this] { wake_.notify_all(); },
                  .read_seconds = meters_.read_seconds};
  if (context_.options.reader.fan_out && !fan_out_refused_) {
    reader_ = std::make_unique<FanOutReader>(std::move(reading));
  } else {
    reader_ = std::make_unique<PollingReader>(std::move(reading));
  }
  helpers_.spawn("read " + hold_->key(), reader_->run(helpers_.stop()));
}

/// Keeps the lease from its acquisition to its end, whatever else the consumer does meanwhile. A checkpoint is a
/// renewal, so a busy shard makes none of its own.
Task<void> ShardConsumer::renew() {
  base::Stop& stop = helpers_.stop();
  base::Backoff backoff(context_.failover / 40, context_.failover / 10);
  while (!stop.requested() && !hold_->ended()) {
    const Duration interval = context_.random.between(context_.failover * 3 / 10, context_.failover / 3);
    const BootTime due = hold_->last_commit() + interval;
    if (context_.loop.now() < due && !hold_->in_doubt()) {
      co_await wake_.wait_until(context_.loop, due, stop);
      continue;
    }
    note_in_row();
    // What is done and not stored yet goes along for nothing, also while a later batch fails or takes long.
    std::optional<Position> position;
    if (context_.options.checkpoint_automatically && hold_->may_deliver()) position = unsaved();
    HolderResult result;
    const bool stores = position.has_value();
    if (stores) {
      result = co_await hold_->checkpoint(*std::move(position));
    } else {
      result = co_await hold_->renew();
    }
    wake_.notify_all();
    if (stores) note_checkpoint(result);
    if (result.committed()) {
      meters_.renewals->add();
      errors_.over(LastErrors::Kind::renewal);
      backoff.reset();
      continue;
    }
    if (result.kind == HolderResult::Kind::lost) break;
    meters_.renewal_failures->add();
    log_.warning("renewal_failed", {{"error", result.message}});
    errors_.note(LastErrors::Kind::renewal, "renewal: " + result.message);
    co_await base::sleep_for(context_.loop, backoff.next(context_.random), stop);
  }
}

/// True when the shard may start; false when the lease is to be left.
Task<bool> ShardConsumer::wait_for_parents() {
  while (!leaving()) {
    auto admission = co_await context_.sync.admit(hold_->row());
    waits_for_ = admission ? admission->blocking_parents : std::vector<std::string>();
    if (admission && admission->blocking_parents.empty()) {
      read_from_ = admission->read_from;
      errors_.over(LastErrors::Kind::parents);
      ++moves_;
      co_return !leaving();
    }
    const BootTime again = context_.loop.now() + context_.random.between(context_.failover / 10, context_.failover / 3);
    if (admission) {
      errors_.over(LastErrors::Kind::parents);
      enter(ShardState::waiting_for_parents, "parent " + base::joined(admission->blocking_parents), again);
    } else {
      errors_.note(LastErrors::Kind::parents, admission.error().message);
      enter(ShardState::starting, "an answer about the shard's parents", again);
    }
    co_await wake_.wait_until(context_.loop, again, helpers_.stop());
  }
  co_return false;
}

Task<bool> ShardConsumer::initialize() {
  ports::ShardEpoch epoch;
  epoch.stream = context_.options.reader.stream;
  epoch.shard_id = shard_id_;
  epoch.epoch = hold_->epoch();
  epoch.checkpoint = hold_->row().checkpoint;
  for (const std::string& parent : hold_->row().parents) epoch.parents.emplace_back(leases::shard_part(parent));
  epoch.hash_keys = hold_->row().hash_keys;
  processor_ = context_.processors.create(epoch, *this);
  base::Backoff backoff(context_.options.first_retry, context_.options.longest_retry);
  while (!leaving()) {
    if (!hold_->may_deliver()) {
      co_await back_off(context_.failover / 10, ShardState::suspended, "a renewal of the lease");
      continue;
    }
    enter_call(ShardState::initializing, "initialize");
    const CallbackResult result = co_await processor_->initialize();
    initialized_ = result.ok();
    if (initialized_) {
      errors_.over(LastErrors::Kind::callback);
      ++moves_;
      co_return true;
    }
    failed("initialize", result);
    const Duration pause = pause_after(result, backoff);
    co_await back_off(pause, ShardState::initializing, "the next try of initialize");
  }
  co_return false;
}

Task<void> ShardConsumer::deliver() {
  while (!leaving()) {
    co_await checkpoint_if_due();
    if (leaving()) co_return;
    if (!hold_->may_deliver()) {
      co_await back_off(context_.failover / 10, ShardState::suspended, "a renewal of the lease");
      continue;
    }
    if (co_await deliver_next()) continue;
    if (reader_->drained()) {
      co_await end_shard();
      co_return;
    }
    if (reader_->turned_away()) {
      meters_.fan_out_refused->add();
      log_.warning("fan_out_refused", {{"error", reader_->last_error()}, {"what_now", "the shard is read by polling"}});
      fan_out_refused_ = true;
      read_from_ = reader_->from();
      start_reading();
      continue;
    }
    enter(ShardState::idle);
    const BootTime next = unsaved() && context_.options.checkpoint_automatically
                              ? last_checkpoint_ + context_.options.checkpoint_interval
                              : base::kForever;
    co_await wake_.wait_until(context_.loop, next, helpers_.stop());
  }
}

/// False when there is nothing to deliver.
Task<bool> ShardConsumer::deliver_next() {
  if (context_.options.max_outstanding > 1) co_return co_await deliver_side_by_side();
  auto fetched = reader_->pop();
  if (!fetched) co_return false;
  delivering_ = true;
  const bool go_on = co_await deliver_fetched(*std::move(fetched));
  if (!go_on) co_await stand_still();
  delivering_ = false;
  co_return true;
}

/// As deliver_batch. What was left out behind its last record is passed over with it.
Task<bool> ShardConsumer::deliver_fetched(Fetched fetched) {
  note_whole_records(fetched);
  if (!fetched.batch.empty()) {
    const Position last = fetched.batch.back().position();
    const bool go_on = co_await deliver_batch(std::move(fetched.batch));
    if (done_ != last) co_return go_on;
  }
  done_ = std::move(fetched.end);
  ++moves_;
  co_return true;
}

/// Until all of it is done with, or the lease is to be left. False: the batch failed for good, and the policy is to
/// stop.
Task<bool> ShardConsumer::deliver_batch(RecordBatch batch) {
  using Step = DeliveryPlan::Step;
  DeliveryPlan plan(batch.size(), context_.options.on_error, context_.options.max_attempts);
  base::Backoff backoff(context_.options.first_retry, context_.options.longest_retry);
  std::string error;
  repeats_from_.reset();
  while (!leaving() && plan.step() != Step::done) {
    if (plan.step() == Step::hold) {
      log_.error("shard_stopped", {{"error", error},
                                   {"attempts", plan.attempts()},
                                   {"first", batch.front().position().text()},
                                   {"last", batch.back().position().text()},
                                   {"what_to_do", "mend what fails and restart the worker; nothing was skipped"}});
      co_return false;
    }
    if (!hold_->may_deliver()) {
      co_await back_off(context_.failover / 10, ShardState::suspended, "a renewal of the lease");
      continue;
    }
    const RecordBatch part = batch.part(plan.part().first, plan.part().count);
    const bool processed = plan.step() == Step::deliver;
    CallbackResult result;
    if (processed) {
      result = co_await process(part);
    } else {
      result = co_await bury(part, error, plan.attempts());
    }
    if (result.ok()) {
      ++moves_;
      plan.taken();
      backoff.reset();
      continue;
    }
    if (processed) {
      repeats_from_ = batch.front().position();
      if (result.kind == CallbackResult::Kind::threw) {
        error = result.what;
        if (plan.failed()) continue;
      }
    }
    const Duration pause = pause_after(result, backoff);
    if (processed) {
      co_await back_off(pause, ShardState::retrying, "the next delivery of the batch that failed");
    } else {
      co_await back_off(pause, ShardState::dead_lettering, "the next try of the dead-letter sink");
    }
  }
  co_return true;
}

Task<CallbackResult> ShardConsumer::process(RecordBatch part) {
  enter_call(ShardState::processing, "process_records");
  in_hand_ = part.back().position();
  const BootTime began = context_.loop.now();
  CallbackResult result = co_await processor_->process_records(part);
  note_time_since(began);
  if (result.ok()) done_ = in_hand_;
  in_hand_.reset();
  if (result.ok()) {
    note_processed(part);
  } else {
    failed("process_records", result);
  }
  co_return result;
}

void ShardConsumer::note_time_since(BootTime began) {
  meters_.processing_seconds->observe(std::chrono::duration<double>(context_.loop.now() - began).count());
}

void ShardConsumer::note_processed(const RecordBatch& batch) {
  std::size_t data_bytes = 0;
  for (const Record& record : batch) data_bytes += record.data().size();
  meters_.records_processed->add(batch.size());
  meters_.bytes_processed->add(batch.bytes());
  meters_.data_bytes_processed->add(data_bytes);
  throughput_.add(batch.bytes());
  errors_.over(LastErrors::Kind::callback);
}

/// One record that failed for good, to the dead-letter sink. What that has taken is done with.
Task<CallbackResult> ShardConsumer::bury(RecordBatch part, std::string error, std::size_t attempts) {
  enter_call(ShardState::dead_lettering, "the dead-letter sink");
  ports::FailedRecord letter{.batch = part, .error = error, .attempts = attempts};
  CallbackResult result = co_await processor_->dead_letter(std::move(letter));
  if (result.ok()) {
    done_ = part.back().position();
    meters_.dead_letters->add();
    errors_.over(LastErrors::Kind::dead_letter);
    errors_.over(LastErrors::Kind::callback);
    log_.error("record_dead_lettered", {{"record", done_->text()}, {"error", error}, {"attempts", attempts}});
  } else {
    failed("dead_letter", result);
  }
  co_return result;
}

/// Nothing but renewals until the lease is to be left. What was read is given back: other shards need the room.
Task<void> ShardConsumer::stand_still() {
  reader_->give_up();
  meters_.stopped->set(1);
  enter(ShardState::stopped, "a restart: the batch failed for good");
  while (!leaving()) co_await wake_.wait_until(context_.loop, base::kForever, helpers_.stop());
  meters_.stopped->set(0);
}

Task<void> ShardConsumer::end_shard() {
  base::Backoff backoff(context_.options.first_retry, context_.failover);
  while (!leaving()) {
    const std::optional<Duration> pause = co_await end_shard_once();
    if (hold_->ended() || leaving()) co_return;
    co_await back_off(pause.value_or(backoff.next(context_.random)), ShardState::ending, status_.waiting_for);
  }
}

/// One try: rows for co-parents and children, shard_ended, SHARD_END, in this order. A crash between any two is healed
/// by whoever takes the lease next and comes here again. Tells how long the program wants to be left alone, if it does.
Task<std::optional<Duration>> ShardConsumer::end_shard_once() {
  enter(ShardState::ending, "the leases of its children");
  auto children = co_await context_.sync.prepare_end(hold_->key(), reader_->child_shards());
  if (!children) {
    errors_.note(LastErrors::Kind::ending, children.error().message);
    co_return std::nullopt;
  }
  if (children->empty()) {
    enter(ShardState::ending, "the service to list its children");
    errors_.note(LastErrors::Kind::ending, "the shard is closed, and nobody knows its children yet");
    co_return std::nullopt;
  }
  errors_.over(LastErrors::Kind::ending);
  if (leaving() || !hold_->may_deliver()) co_return std::nullopt;
  enter_call(ShardState::ending, "shard_ended");
  ending_with_ = *children;
  const CallbackResult result = co_await processor_->shard_ended();
  if (result.ok() && !hold_->ended() && context_.options.checkpoint_automatically) {
    const CheckpointResult stored = co_await checkpoint(std::nullopt);
    if (stored.kind != CheckpointResult::Kind::stored) errors_.note(LastErrors::Kind::ending, stored.message);
  }
  ending_with_.reset();
  if (result.ok()) errors_.over(LastErrors::Kind::callback);
  if (!result.ok()) failed("shard_ended", result);
  if (ended_shard()) {
    enter(ShardState::ended);
    log_.info("shard_ended", {{"children", base::joined({children->begin(), children->end()})}});
    co_return std::nullopt;
  }
  if (result.ok() && !context_.options.checkpoint_automatically && !hold_->ended()) {
    errors_.note(LastErrors::Kind::ending,
                 "shard_ended returned without a checkpoint: its children cannot start before that");
    log_.error("shard_end_not_checkpointed", {{"what_to_do", "call checkpoint() in shard_ended"}});
  }
  enter(ShardState::ending, "a checkpoint at the shard's end");
  if (result.kind != CallbackResult::Kind::retry_later) co_return std::nullopt;
  co_return result.retry_after;
}

/// The lease is to be left: it was lost, another worker claims it, or the worker stops.
Task<void> ShardConsumer::leave() {
  if (!hold_->ended()) {
    const ShardState how = shutdown_requested_ ? ShardState::stopping : ShardState::handing_over;
    if (processor_ && initialized_ && !starts_over_ && hold_->may_deliver()) {
      enter_call(how, "shutdown_requested");
      const CallbackResult result = co_await processor_->shutdown_requested();
      if (!result.ok()) failed("shutdown_requested", result);
    }
    co_await give_up(how);
  }
  if (hold_->given_up()) {
    enter(ended_shard() ? ShardState::ended : ShardState::released);
    log_.info("lease_released", {{"to", hold_->row().owner.value_or("anyone")}});
    co_return;
  }
  meters_.leases_lost->add();
  enter(ShardState::lost);
  log_.warning("lease_lost");
  if (processor_ && initialized_) {
    enter_call(ShardState::lost, "lease_lost");
    const CallbackResult result = co_await processor_->lease_lost();
    if (!result.ok()) failed("lease_lost", result);
  }
  enter(ShardState::lost);
}

Task<void> ShardConsumer::give_up(ShardState how) {
  base::Backoff backoff(context_.failover / 40, context_.failover / 10);
  while (!hold_->ended()) {
    enter(how, "the lease table to take the lease back");
    std::optional<Position> last;
    if (context_.options.checkpoint_automatically) last = unsaved();
    note_in_row();
    const bool stores = last.has_value();
    HolderResult result;
    if (hold_->claimed_by()) {
      result = co_await hold_->grant(std::move(last));
    } else {
      result = co_await hold_->release(std::move(last));
    }
    wake_.notify_all();
    if (stores) note_checkpoint(result);
    if (result.committed() || result.kind == HolderResult::Kind::lost) co_return;
    if (result.kind == HolderResult::Kind::claim_gone) continue;
    errors_.note(LastErrors::Kind::ending, result.message);
    // Meanwhile the renewals go on: whichever own write commits settles a release in doubt (lease-traces R1).
    co_await base::sleep_for(context_.loop, backoff.next(context_.random), helpers_.stop());
  }
}

Task<void> ShardConsumer::back_off(Duration wait, ShardState state, std::string waiting_for) {
  const BootTime until = base::saturating_add(context_.loop.now(), wait);
  enter(state, std::move(waiting_for), until);
  while (!leaving() && context_.loop.now() < until) {
    // A suspension ends with the renewal, not with the pause.
    if (state == ShardState::suspended && hold_->may_deliver()) co_return;
    co_await wake_.wait_until(context_.loop, until, helpers_.stop());
  }
}

Duration ShardConsumer::pause_after(const CallbackResult& failure, base::Backoff& backoff) {
  return failure.kind == CallbackResult::Kind::retry_later ? failure.retry_after : backoff.next(context_.random);
}

void ShardConsumer::failed(std::string_view what, const CallbackResult& result) {
  if (result.kind == CallbackResult::Kind::retry_later) return;
  const auto kind = what == "dead_letter" ? LastErrors::Kind::dead_letter : LastErrors::Kind::callback;
  errors_.note(kind, std::string(what) + ": " + result.what);
  log_.error("processor_failed", {{"callback", what}, {"error", result.what}});
}

}  // namespace kcl::consumer
