// The program's processor behind its port: runs each callback on a thread made for that and awaits it on the strand.
//
// Guarantees
//  - The program's objects are made (at the first initialize, so that a factory that throws is tried again), called and
//  destroyed on
//    callback threads only, never on the strand. They live until the last callback has returned and the last batch is
//    settled.
//  - Whatever a callback throws becomes a CallbackResult, as the table in kcl/record_processor.h has it. No callback
//  but initialize is
//    made before initialize has returned normally.
//  - It may be destroyed while a callback runs: that goes on, finds itself cancelled, and its checkpoints throw
//  LeaseLost.
//
// Lives on the strand.
#pragma once

#include <cstdint>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "base/async_mutex.h"
#include "base/task_scope.h"
#include "base/wait.h"
#include "metrics/registry.h"
#include "ports/processor.h"
#include "worker/blocking_checkpointer.h"
#include "worker/hosted_processors.h"
#include "worker/program.h"
#include "worker/shard_context.h"

namespace kcl::worker {

class UserProcessors;

/// How often a callback failed, and how long it takes until it is settled.
struct CallbackMeter {
  CallbackMeter(metrics::Registry& registry, const char* callback);
  std::shared_ptr<metrics::Histogram> seconds;
  std::shared_ptr<metrics::Counter> failures;
};

class UserProcessor final : public ports::Processor {
 public:
  UserProcessor(ProcessorHost& host, std::shared_ptr<const ProgramFactory> factory, UserProcessors& siblings,
                const ports::ShardEpoch& epoch, ports::Checkpoints& checkpoints);
  ~UserProcessor() override;

  base::Task<ports::CallbackResult> initialize() override;
  base::Task<ports::CallbackResult> process_records(RecordBatch batch) override;
  base::Task<ports::CallbackResult> dead_letter(ports::FailedRecord failed) override;
  base::Task<ports::CallbackResult> lease_lost() override;
  base::Task<ports::CallbackResult> shard_ended() override;
  base::Task<ports::CallbackResult> shutdown_requested() override;

  /// For BlockingCheckpointer; `inside`: it was asked by the thread of a callback, while that runs. An answer that is
  /// never given breaks the promise.
  void serve_checkpoint(std::optional<Position> position, bool inside,
                        std::shared_ptr<std::promise<ports::CheckpointResult>> answer);
  /// The worker is told to stop.
  void request_stop();

 private:
  struct Seat;
  using Callback = std::function<void(const std::shared_ptr<Seat>&, Settle)>;

  /// One callback that was made: it has returned once the program's thread is back, and is settled once its result is
  /// known, whichever comes first.
  struct Call {
    bool returned = false;
    std::optional<Settled> settled = {};
    base::Event changed = {};
  };
  struct Calls;
  class Making;

  enum class Needs : std::uint8_t {
    nothing,
    lease,  ///< at the moment when it begins (C8), and that nothing is in its way; else it is to be tried again
  };
  base::Task<Settled> call(CallbackMeter& meter, Callback callback, Needs needs = Needs::nothing);
  base::Task<ports::CallbackResult> last_call(CallbackMeter& meter, void (Program::*callback)());
  base::Task<void> checkpoint(std::optional<Position> position, bool inside,
                              std::shared_ptr<std::promise<ports::CheckpointResult>> answer);
  void settle(std::uint64_t call, Settled settled);
  void returned(std::uint64_t call);
  void refresh();

  ProcessorHost& host_;
  UserProcessors& siblings_;
  ports::Checkpoints& checkpoints_;
  std::shared_ptr<EpochGuard> guard_;
  std::stop_source stop_;
  /// Shared with callback threads; the last to let go of it is one of those.
  std::shared_ptr<Seat> seat_;
  bool initialized_ = false;

  /// Shared with the frames that await callbacks.
  std::shared_ptr<Calls> calls_;
  base::Timer refreshing_;
  base::TaskScope checkpointing_;
};

/// Lives on the strand.
class UserProcessors final : public HostedProcessors {
 public:
  UserProcessors(ProcessorHost host, ProgramFactory factory);

  std::unique_ptr<ports::Processor> create(const ports::ShardEpoch& epoch, ports::Checkpoints& checkpoints) override;

  /// Requests every stop token.
  void request_stop() override;

 private:
  friend class UserProcessor;

  ProcessorHost host_;
  std::shared_ptr<const ProgramFactory> factory_;
  CallbackMeter initialize_;
  CallbackMeter process_records_;
  CallbackMeter dead_letter_;
  CallbackMeter lease_lost_;
  CallbackMeter shard_ended_;
  CallbackMeter shutdown_requested_;
  bool stop_requested_ = false;
  std::set<UserProcessor*> living_;
};

}  // namespace kcl::worker
