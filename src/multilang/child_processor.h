// A shard's processor that is a child process: the awaiting shell around Conversation. It lives on the strand, so that
// any number of children need no threads of their own.
//
// Guarantees
//  - A batch is done with when the child has answered it. Of a child that fails in whatever way (it ends, closes its
//    streams, does not answer in time, answers something else), nothing of what it was given counts since the last
//    checkpoint: the shard starts over there, with a new child, in a new epoch (C1). Other shards go on.
//  - Checkpoint requests are served whenever they come, in their order. One without a sequence number between two
//    actions means what was answered before it, never what the child has not seen yet.
//  - `shutdownRequested` is followed by `leaseLost`, both before the lease is given up.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/event_log.h"
#include "base/task_scope.h"
#include "base/wait.h"
#include "metrics/registry.h"
#include "multilang/children.h"
#include "multilang/conversation.h"
#include "multilang/restart_policy.h"
#include "ports/processor.h"
#include "worker/hosted_processors.h"
#include "worker/strand_link.h"

namespace kcl::multilang {

struct ChildSettings {
  std::vector<std::string> argv;
  std::string stream;
  /// For a child to end by itself once its stdin is closed.
  std::chrono::milliseconds grace{3'000};
  /// Between two messages of a child that is asked something. Absent: as long as it takes.
  std::optional<std::chrono::milliseconds> timeout;
  /// One that has not answered for so long is told of, each time.
  std::chrono::milliseconds told_after{300'000};
  /// Of a shard's child in a row; after that the daemon ends.
  std::size_t restarts = 10;
};

class ChildProcessors;

class ChildProcessor final : public ports::Processor {
 public:
  ChildProcessor(ChildProcessors& siblings, ports::ShardEpoch epoch, ports::Checkpoints& checkpoints);
  ~ChildProcessor() override;

  base::Task<ports::CallbackResult> initialize() override;
  base::Task<ports::CallbackResult> process_records(RecordBatch batch) override;
  base::Task<ports::CallbackResult> dead_letter(ports::FailedRecord failed) override;
  base::Task<ports::CallbackResult> lease_lost() override;
  base::Task<ports::CallbackResult> shard_ended() override;
  base::Task<ports::CallbackResult> shutdown_requested() override;

 private:
  void start_child();
  void on_event(std::uint64_t generation, ChildEvent event);
  void fail(std::string why, bool for_good = false);
  base::Task<ports::CallbackResult> ask(wire::MultilangAction action, std::optional<RecordBatch> batch = std::nullopt);
  void tell_of_silence(wire::MultilangAction action, base::Duration since) const;
  base::Task<void> listen();
  base::Task<void> deal_with(const std::string& line);
  base::Task<void> checkpoint(wire::MultilangCheckpoint request, std::optional<Position> position);
  ports::CallbackResult failed() const;

  ChildProcessors& siblings_;
  const ports::ShardEpoch epoch_;
  ports::Checkpoints& checkpoints_;
  base::EventLog log_;
  std::shared_ptr<worker::StrandLink<ChildProcessor>> link_;

  std::unique_ptr<Child> child_;
  /// Tells the events of this child from those of one before it.
  std::uint64_t generation_ = 0;
  Conversation conversation_;
  /// What it wrote, and nobody has looked at yet.
  std::deque<std::string> inbox_;
  base::Event changed_;
  /// When it last said something, or was asked.
  base::BootTime last_word_{};
  /// Why there is no talking to this child any more.
  std::optional<std::string> failure_;
  bool initialized_ = false;
  bool told_the_end_ = false;
  base::TaskScope tasks_;
};

/// Lives on the strand.
class ChildProcessors final : public worker::HostedProcessors {
 public:
  /// `on_give_up` is told why when the daemon is to end with a failure; the worker has been asked to stop then.
  ChildProcessors(worker::ProcessorHost host, base::EventLog log, ChildSettings settings, Children& children,
                  std::function<void(std::string)> on_give_up);

  std::unique_ptr<ports::Processor> create(const ports::ShardEpoch& epoch, ports::Checkpoints& checkpoints) override;
  void request_stop() override { stopping_ = true; }

 private:
  friend class ChildProcessor;

  base::Loop& loop() noexcept { return host_.threads.loop; }
  /// A child failed: says when another may be started.
  void child_failed(const ports::ShardEpoch& epoch, const std::string& why, bool for_good);

  worker::ProcessorHost host_;
  base::EventLog log_;
  const ChildSettings settings_;
  Children& children_;
  std::function<void(std::string)> on_give_up_;
  RestartPolicy restarts_;
  bool stopping_ = false;
  std::shared_ptr<metrics::Counter> started_;
  std::shared_ptr<metrics::Counter> failed_;
};

}  // namespace kcl::multilang
