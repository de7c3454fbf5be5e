#include "worker/user_processor.h"

#include <utility>

#include "worker/in_callback.h"

namespace kcl::worker {

using base::Task;
using ports::CallbackResult;
using ports::CheckpointResult;

/// What the callback threads work on.
struct UserProcessor::Seat {
  Seat(InFlight::Token counted, std::shared_ptr<const ProgramFactory> make,
       const std::shared_ptr<const ShardContext::Content>& content)
      : token(std::move(counted)), factory(std::move(make)), context(content), checkpointer(content->guard) {}

  /// First, so that it is the last to go: the worker waits for the program's destructor, too.
  InFlight::Token token;
  std::shared_ptr<const ProgramFactory> factory;
  ShardContext context;
  BlockingCheckpointer checkpointer;
  std::unique_ptr<Program> program;
};

struct UserProcessor::Calls {
  explicit Calls(base::Loop& loop) : one_at_a_time(loop) {}

  /// Several that have returned may wait for their settlements.
  base::AsyncMutex one_at_a_time;
  /// Numbers the callbacks, so that a late settlement cannot be taken for another's.
  std::uint64_t made = 0;
  /// In the frames that await them.
  std::map<std::uint64_t, Call*> awaited;
};

UserProcessor::UserProcessor(ProcessorHost& host, std::shared_ptr<const ProgramFactory> factory,
                             UserProcessors& siblings, const ports::ShardEpoch& epoch, ports::Checkpoints& checkpoints)
    : host_(host),
      siblings_(siblings),
      checkpoints_(checkpoints),
      guard_(std::make_shared<EpochGuard>(std::make_shared<StrandLink<UserProcessor>>(host.threads.loop, *this))),
      calls_(std::make_shared<Calls>(host.threads.loop)),
      refreshing_(host.threads.loop, [this] { refresh(); }),
      checkpointing_(host.threads.loop, host.on_failure) {
  auto content = std::make_shared<ShardContext::Content>();
  content->application = host.application;
  content->stream = epoch.stream;
  content->shard_id = epoch.shard_id;
  content->worker_id = host.worker_id;
  content->epoch = epoch.epoch;
  content->checkpoint = epoch.checkpoint;
  content->parents = epoch.parents;
  content->hash_keys = epoch.hash_keys;
  content->guard = guard_;
  content->stop = stop_;
  content->stop_worker = host.stop_worker;
  seat_ = std::make_shared<Seat>(host.in_flight.enter(), std::move(factory), content);
  siblings_.living_.insert(this);
  refresh();
}

UserProcessor::~UserProcessor() {
  siblings_.living_.erase(this);
  guard_->link()->close();
  guard_->end();
  request_stop();
  // Either this task or a callback that still runs is the last to hold the seat: the program's objects end on one of
  // those threads.
  host_.threads.callbacks.submit([seat = std::move(seat_)] {});
}

Task<CallbackResult> UserProcessor::initialize() {
  Callback callback = [](const std::shared_ptr<Seat>& seat, const Settle& settle) {
    if (!seat->program) seat->program = (*seat->factory)(seat->checkpointer);
    seat->program->initialize(seat->context);
    settle({});
  };
  Settled settled = co_await call(siblings_.initialize_, std::move(callback));
  initialized_ = settled.result.ok();
  co_return std::move(settled.result);
}

Task<CallbackResult> UserProcessor::process_records(RecordBatch batch) {
  Callback callback = [batch, &threads = host_.threads](const std::shared_ptr<Seat>& seat, Settle settle) {
    // The program may settle the batch long after the call, from a thread of its own: until then its processor lives.
    // It is let go of on a callback thread all the same.
    const std::shared_ptr<Seat> kept(
        seat.get(), [&threads, held = seat](Seat*) mutable { threads.callbacks.submit([last = std::move(held)] {}); });
    seat->program->process_records(batch,
                                   [kept, settle = std::move(settle)](Settled settled) { settle(std::move(settled)); });
  };
  Settled settled = co_await call(siblings_.process_records_, std::move(callback), Needs::lease);
  if (settled.done_until && host_.checkpoint_automatically) {
    // Best effort: the batch comes again whole in this epoch; another one begins after what is stored here.
    co_await checkpoints_.checkpoint(std::move(settled.done_until));
  }
  co_return std::move(settled.result);
}

Task<CallbackResult> UserProcessor::dead_letter(ports::FailedRecord failed) {
  Callback callback = [failed = std::move(failed), sink = host_.dead_letters](const std::shared_ptr<Seat>& seat,
                                                                              const Settle& settle) {
    sink->take(
        {.record = failed.batch.front(), .shard = seat->context, .error = failed.error, .attempts = failed.attempts});
    settle({});
  };
  Settled settled = co_await call(siblings_.dead_letter_, std::move(callback));
  co_return std::move(settled.result);
}

Task<CallbackResult> UserProcessor::shard_ended() {
  Callback callback = [](const std::shared_ptr<Seat>& seat, const Settle& settle) {
    seat->program->shard_ended();
    settle({});
  };
  Settled settled = co_await call(siblings_.shard_ended_, std::move(callback));
  co_return std::move(settled.result);
}

Task<CallbackResult> UserProcessor::lease_lost() { return last_call(siblings_.lease_lost_, &Program::lease_lost); }

Task<CallbackResult> UserProcessor::shutdown_requested() {
  return last_call(siblings_.shutdown_requested_, &Program::shutdown_requested);
}

/// There is no later for it: RetryLater is an exception like any other.
Task<CallbackResult> UserProcessor::last_call(CallbackMeter& meter, void (Program::*callback)()) {
  if (!initialized_) co_return CallbackResult{};
  Callback on_thread = [callback](const std::shared_ptr<Seat>& seat, const Settle& settle) {
    (*seat->program.*callback)();
    settle({});
  };
  Settled settled = co_await call(meter, std::move(on_thread));
  if (!settled.result.ok()) settled.result.kind = CallbackResult::Kind::threw;
  co_return std::move(settled.result);
}

/// A call's entry among those that are awaited.
class UserProcessor::Making {
 public:
  Making(Calls& calls, Call& call) : calls_(calls), number_(++calls.made) { calls_.awaited.emplace(number_, &call); }
  Making(const Making&) = delete;
  Making& operator=(const Making&) = delete;
  ~Making() { calls_.awaited.erase(number_); }

  std::uint64_t number() const noexcept { return number_; }

 private:
  Calls& calls_;
  std::uint64_t number_;
};

/// Awaits one callback until it is settled and has returned, however long the program takes: the consumer's status
/// names that wait (C9). The next one may begin once it has returned.
Task<Settled> UserProcessor::call(CallbackMeter& meter, Callback callback, Needs needs) {
  base::Loop& loop = host_.threads.loop;
  const auto calls = calls_;
  Call made;
  std::optional<base::AsyncMutex::Guard> turn;
  turn.emplace(co_await calls->one_at_a_time.lock());
  refresh();
  const base::BootTime begun = loop.now();
  Settled not_made;
  not_made.result.kind = CallbackResult::Kind::retry_later;
  if (needs == Needs::lease && !checkpoints_.may_begin()) co_return not_made;
  const Making making(*calls, made);
  Settle settle = [link = guard_->link(), number = making.number()](Settled settled) {
    link->post([number, settled = std::move(settled)](UserProcessor& processor) { processor.settle(number, settled); });
  };
  auto task = [seat = seat_, guard = guard_, stop = stop_.get_token(), needs, number = making.number(),
               callback = std::move(callback), settle = std::move(settle), not_made] {
    const std::shared_ptr<StrandLink<UserProcessor>>& link = guard->link();
    // It may have waited for this thread for long: for a worker that is gone nothing begins any more, nor what needs
    // the lease without it, or once the worker stops.
    const bool too_late = !link->now() || (needs == Needs::lease && (guard->cancelled() || stop.stop_requested()));
    try {
      const InCallback inside(*guard);
      too_late ? settle(not_made) : callback(seat, settle);
    } catch (...) {
      Settled thrown;
      thrown.result = result_of(std::current_exception());
      settle(std::move(thrown));
    }
    link->post([number](UserProcessor& processor) { processor.returned(number); });
  };
  host_.threads.callbacks.submit(std::move(task));
  while (!made.returned) co_await made.changed.wait_uninterruptibly(loop);
  turn.reset();
  while (!made.settled) co_await made.changed.wait_uninterruptibly(loop);

  meter.seconds->observe(std::chrono::duration<double>(loop.now() - begun).count());
  if (made.settled->result.kind == CallbackResult::Kind::threw) meter.failures->add();
  co_return *std::move(made.settled);
}

void UserProcessor::settle(std::uint64_t call, Settled settled) {
  const auto made = calls_->awaited.find(call);
  if (made == calls_->awaited.end() || made->second->settled) return;
  made->second->settled = std::move(settled);
  made->second->changed.notify_all();
}

void UserProcessor::returned(std::uint64_t call) {
  const auto made = calls_->awaited.find(call);
  if (made == calls_->awaited.end()) return;
  made->second->returned = true;
  made->second->changed.notify_all();
}

/// Tells the program's threads how far the lease is ours, again and again: renewals go on while a callback runs.
void UserProcessor::refresh() {
  guard_->publish(checkpoints_.valid_until());
  if (checkpoints_.lost() && !guard_->over()) {
    guard_->end();
    request_stop();
  }
  refreshing_.arm(host_.threads.loop.now() + host_.failover / 10);
}

/// On a thread of its own kind: stop callbacks are the program's code.
void UserProcessor::request_stop() {
  if (stop_.stop_requested()) return;
  host_.threads.stop_requests.submit(
      [token = host_.in_flight.enter(), stop = stop_]() mutable { stop.request_stop(); });
}

void UserProcessor::serve_checkpoint(std::optional<Position> position, bool inside,
                                     std::shared_ptr<std::promise<CheckpointResult>> answer) {
  checkpointing_.spawn("checkpoint", checkpoint(std::move(position), inside, std::move(answer)));
}

Task<void> UserProcessor::checkpoint(std::optional<Position> position, bool inside,
                                     std::shared_ptr<std::promise<CheckpointResult>> answer) {
  CheckpointResult result{CheckpointResult::Kind::lease_lost, "the lease is lost"};
  const bool done_only = !position && !inside;
  if (checkpoints_.lost()) {
    // Nothing is to be asked.
  } else if (done_only) {
    result = co_await checkpoints_.checkpoint_done();
  } else {
    result = co_await checkpoints_.checkpoint(std::move(position));
  }
  answer->set_value(std::move(result));
}

CallbackMeter::CallbackMeter(metrics::Registry& registry, const char* callback) {
  const metrics::Labels labels{{"callback", callback}};
  seconds = registry.histogram("kclpp_callback_seconds", "How long callbacks take until they are settled.", labels,
                               metrics::duration_bounds());
  failures = registry.counter("kclpp_callback_failures_total", "Callbacks that threw, or whose Ack failed.", labels);
}

UserProcessors::UserProcessors(ProcessorHost host, ProgramFactory factory)
    : host_(std::move(host)),
      factory_(std::make_shared<const ProgramFactory>(std::move(factory))),
      initialize_(host_.registry, "initialize"),
      process_records_(host_.registry, "process_records"),
      dead_letter_(host_.registry, "dead_letter"),
      lease_lost_(host_.registry, "lease_lost"),
      shard_ended_(host_.registry, "shard_ended"),
      shutdown_requested_(host_.registry, "shutdown_requested") {}

std::unique_ptr<ports::Processor> UserProcessors::create(const ports::ShardEpoch& epoch,
                                                         ports::Checkpoints& checkpoints) {
  auto processor = std::make_unique<UserProcessor>(host_, factory_, *this, epoch, checkpoints);
  if (stop_requested_) processor->request_stop();
  return processor;
}

void UserProcessors::request_stop() {
  stop_requested_ = true;
  for (UserProcessor* processor : living_) processor->request_stop();
}

}  // namespace kcl::worker
