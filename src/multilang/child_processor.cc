#include "multilang/child_processor.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace kcl::multilang {

using base::BootTime;
using base::Task;
using ports::CallbackResult;
using ports::CheckpointResult;
using wire::MultilangAction;

namespace {

/// Of what a program prints, in the log.
constexpr std::size_t kPrintedAtMost = 2'000;

}  // namespace

ChildProcessor::ChildProcessor(ChildProcessors& siblings, ports::ShardEpoch epoch, ports::Checkpoints& checkpoints)
    : siblings_(siblings),
      epoch_(std::move(epoch)),
      checkpoints_(checkpoints),
      log_(siblings.log_.with({{"shard", epoch_.shard_id}, {"epoch", epoch_.epoch}})),
      link_(std::make_shared<worker::StrandLink<ChildProcessor>>(siblings.loop(), *this)),
      tasks_(siblings.loop(), siblings.host_.on_failure) {
  tasks_.spawn("listen to the child of " + epoch_.shard_id, listen());
}

ChildProcessor::~ChildProcessor() { link_->close(); }

Task<CallbackResult> ChildProcessor::initialize() {
  const BootTime now = siblings_.loop().now();
  const BootTime start = siblings_.restarts_.may_start(epoch_.shard_id);
  if (start > now) {
    co_return CallbackResult{.kind = CallbackResult::Kind::retry_later, .what = {}, .retry_after = start - now};
  }
  start_child();
  CallbackResult result = co_await ask(MultilangAction::initialize);
  initialized_ = result.ok();
  co_return result;
}

Task<CallbackResult> ChildProcessor::process_records(RecordBatch batch) {
  std::optional<RecordBatch> records(std::move(batch));
  CallbackResult result = co_await ask(MultilangAction::process_records, std::move(records));
  co_return result;
}

Task<CallbackResult> ChildProcessor::dead_letter(ports::FailedRecord) {
  co_return CallbackResult{
      .kind = CallbackResult::Kind::threw, .what = "children take no dead letters", .retry_after = {}};
}

Task<CallbackResult> ChildProcessor::lease_lost() {
  if (failure_ || !child_) co_return CallbackResult{};
  CallbackResult result = co_await ask(MultilangAction::lease_lost);
  co_return result;
}

/// Called again when the child did not checkpoint: it was to do so before it answered, and is not asked twice.
Task<CallbackResult> ChildProcessor::shard_ended() {
  if (std::exchange(told_the_end_, true)) {
    failure_ = "the child answered 'shardEnded' without a checkpoint, so the shard cannot end: its children wait";
    log_.error("shard_end_without_checkpoint",
               {{"what_now", "the shard starts over from its last checkpoint"},
                {"what_to_do", "checkpoint in shardEnded (kclpy: checkpointer.checkpoint() in shard_ended)"}});
    checkpoints_.start_over(*failure_);
  }
  CallbackResult result = co_await ask(MultilangAction::shard_ended);
  co_return result;
}

Task<CallbackResult> ChildProcessor::shutdown_requested() {
  CallbackResult result = co_await ask(MultilangAction::shutdown_requested);
  if (!result.ok()) co_return result;
  result = co_await ask(MultilangAction::lease_lost);
  co_return result;
}

void ChildProcessor::start_child() {
  failure_.reset();
  inbox_.clear();
  conversation_ = {};
  siblings_.started_->add();
  const std::uint64_t generation = ++generation_;
  ChildStart start;
  start.argv = siblings_.settings_.argv;
  start.stream = siblings_.settings_.stream;
  start.shard_id = epoch_.shard_id;
  start.worker_id = siblings_.host_.worker_id;
  start.epoch = epoch_.epoch;
  start.grace = siblings_.settings_.grace;
  start.on_event = [link = link_, generation](ChildEvent event) {
    link->post([generation, event = std::move(event)](ChildProcessor& self) { self.on_event(generation, event); });
  };
  child_ = siblings_.children_.start(std::move(start));
}

void ChildProcessor::on_event(std::uint64_t generation, ChildEvent event) {
  if (generation != generation_) return;
  if (auto* lines = std::get_if<ChildLines>(&event)) {
    std::move(lines->lines.begin(), lines->lines.end(), std::back_inserter(inbox_));
    changed_.notify_all();
  } else if (const auto* broken = std::get_if<ChildBroken>(&event)) {
    fail("there is no talking to the child: " + broken->why);
  } else if (const auto* missing = std::get_if<ChildNotStarted>(&event)) {
    fail(missing->why, missing->for_good);
  } else if (const auto* ended = std::get_if<ChildEnded>(&event)) {
    fail("the child (pid " + std::to_string(ended->pid) + ") " + ended->how);
  }
}

void ChildProcessor::fail(std::string why, bool for_good) {
  if (failure_) return;
  failure_ = std::move(why);
  if (child_) child_->end();
  changed_.notify_all();
  // One that was told the last there is may end.
  if (conversation_.over()) return;
  siblings_.child_failed(epoch_, *failure_, for_good);
  if (initialized_) checkpoints_.start_over(*failure_);
}

CallbackResult ChildProcessor::failed() const {
  return {.kind = CallbackResult::Kind::threw, .what = *failure_, .retry_after = {}};
}

/// Asks one action and waits for its answer, however long that takes unless there is a limit.
Task<CallbackResult> ChildProcessor::ask(MultilangAction action, std::optional<RecordBatch> batch) {
  if (failure_) co_return failed();
  conversation_.asked(action);
  if (batch) {
    child_->write(*std::move(batch));
  } else if (action == MultilangAction::initialize) {
    child_->write(wire::multilang_initialize(epoch_.shard_id, epoch_.checkpoint));
  } else {
    child_->write(wire::multilang_notice(action));
  }
  base::Loop& loop = siblings_.loop();
  base::Stop never;
  const auto& timeout = siblings_.settings_.timeout;
  const BootTime asked = loop.now();
  BootTime tell = base::saturating_add(asked, siblings_.settings_.told_after);
  last_word_ = asked;
  while (conversation_.waits() && !failure_) {
    const BootTime now = loop.now();
    const BootTime deadline = timeout ? base::saturating_add(last_word_, *timeout) : base::kForever;
    if (now >= deadline) {
      fail("the child did not answer '" + std::string(name_of(action)) + "' within " +
           std::to_string(timeout->count() / 1'000) + " s (timeoutInSeconds)");
    } else if (now >= tell) {
      tell_of_silence(action, now - asked);
      tell = base::saturating_add(now, siblings_.settings_.told_after);
    } else {
      co_await changed_.wait_until(loop, std::min(deadline, tell), never);
    }
  }
  // An answer counts whatever became of the child after it; what comes next will notice.
  if (conversation_.waits()) co_return failed();
  co_return CallbackResult{};
}

void ChildProcessor::tell_of_silence(MultilangAction action, base::Duration since) const {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(since);
  log_.warning("child_does_not_answer",
               {{"action", name_of(action)},
                {"seconds", static_cast<std::uint64_t>(seconds.count())},
                {"what_to_do", siblings_.settings_.timeout ? "see what the program waits for"
                                                           : "see what the program waits for; timeoutInSeconds ends "
                                                             "one that says nothing, and starts its shard over"}});
}

/// Deals with what children of this processor say, one line after the other, for as long as it lives.
Task<void> ChildProcessor::listen() {
  base::Loop& loop = siblings_.loop();
  while (!tasks_.stop().requested()) {
    if (inbox_.empty()) {
      if (child_) child_->go_on();
      co_await changed_.wait_until(loop, base::kForever, tasks_.stop());
      continue;
    }
    const std::string line = std::move(inbox_.front());
    inbox_.pop_front();
    co_await deal_with(line);
  }
}

Task<void> ChildProcessor::deal_with(const std::string& line) {
  if (failure_ || line.empty()) co_return;
  const wire::MultilangMessage message = wire::decode_multilang_line(line);
  const Verdict verdict = conversation_.on(message);
  // As in the Java daemon, only messages show that a child is alive.
  if (verdict.kind != Verdict::Kind::print) last_word_ = siblings_.loop().now();
  switch (verdict.kind) {
    case Verdict::Kind::answered:
      changed_.notify_all();
      co_return;
    case Verdict::Kind::checkpoint:
      co_await checkpoint(std::get<wire::MultilangCheckpoint>(message), verdict.position);
      co_return;
    case Verdict::Kind::refuse:
      child_->write(multilang_checkpoint_reply(std::get<wire::MultilangCheckpoint>(message), verdict.text));
      co_return;
    case Verdict::Kind::print:
      log_.info("child_printed", {{"line", line.substr(0, kPrintedAtMost)}});
      co_return;
    case Verdict::Kind::surplus:
      log_.warning("child_answered_unasked", {{"what", verdict.text}});
      co_return;
    case Verdict::Kind::violation:
      fail("the child does not keep to the protocol: " + verdict.text);
      co_return;
    case Verdict::Kind::nothing:
      co_return;
  }
}

Task<void> ChildProcessor::checkpoint(wire::MultilangCheckpoint request, std::optional<Position> position) {
  const std::uint64_t generation = generation_;
  CheckpointResult result{CheckpointResult::Kind::lease_lost, "the lease is lost"};
  if (!checkpoints_.lost()) result = co_await checkpoints_.checkpoint(std::move(position));
  if (generation != generation_ || failure_) co_return;
  const auto error = error_of(result);
  if (error) {
    log_.warning("child_checkpoint_refused", {{"asked", request.sequence_number.value_or("as far as possible")},
                                              {"error", *error},
                                              {"why", result.message}});
  }
  last_word_ = siblings_.loop().now();
  child_->write(multilang_checkpoint_reply(request, error));
}

ChildProcessors::ChildProcessors(worker::ProcessorHost host, base::EventLog log, ChildSettings settings,
                                 Children& children, std::function<void(std::string)> on_give_up)
    : host_(std::move(host)),
      log_(std::move(log)),
      settings_(std::move(settings)),
      children_(children),
      on_give_up_(std::move(on_give_up)),
      restarts_(settings_.restarts),
      started_(host_.registry.counter("kclpp_multilang_children_started_total", "Child processes that were started.")),
      failed_(host_.registry.counter("kclpp_multilang_children_failed_total",
                                     "Child processes that ended, hung or broke the protocol.")) {}

std::unique_ptr<ports::Processor> ChildProcessors::create(const ports::ShardEpoch& epoch,
                                                          ports::Checkpoints& checkpoints) {
  return std::make_unique<ChildProcessor>(*this, epoch, checkpoints);
}

void ChildProcessors::child_failed(const ports::ShardEpoch& epoch, const std::string& why, bool for_good) {
  failed_->add();
  const RestartPolicy::Ruling ruling = restarts_.failed(epoch.shard_id, epoch.checkpoint, loop().now());
  const auto pause = std::chrono::duration_cast<std::chrono::milliseconds>(ruling.next_start - loop().now());
  const bool give_up = ruling.give_up || for_good;
  std::string what_now = "a new child in " + std::to_string(pause.count()) + " ms";
  if (give_up) what_now = "the daemon ends";
  if (stopping_) what_now = "the daemon is ending";
  log_.error("child_failed", {{"shard", epoch.shard_id},
                              {"epoch", epoch.epoch},
                              {"error", why},
                              {"failures", ruling.failures},
                              {"what_now", what_now}});
  if (!give_up || stopping_) return;
  on_give_up_("shard " + epoch.shard_id + ": " + why +
              (for_good ? "" : " (" + std::to_string(ruling.failures) + " failures at the same checkpoint)"));
  host_.stop_worker();
}

}  // namespace kcl::multilang
