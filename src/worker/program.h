// The program's processor, of either kind, as the callback threads run it. Made, called and destroyed on those threads
// only, one call at a time.
#pragma once

#include <functional>
#include <memory>

#include <kcl/record_processor.h>

#include "worker/ack.h"

namespace kcl::worker {

class Program {
 public:
  Program() = default;
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  virtual ~Program() = default;

  virtual void initialize(const ShardContext& context) = 0;
  /// Settles once, now or later, on any thread; what it throws settles it, too.
  virtual void process_records(const RecordBatch& batch, Settle settle) = 0;
  virtual void lease_lost() = 0;
  virtual void shard_ended() = 0;
  virtual void shutdown_requested() = 0;
};

/// Calls the program's factory. The checkpointer outlives what it makes.
using ProgramFactory = std::function<std::unique_ptr<Program>(Checkpointer& checkpointer)>;

ProgramFactory program_factory(RecordProcessorFactory factory);
ProgramFactory program_factory(AckProcessorFactory factory);

/// How a callback ended that threw `failure`.
ports::CallbackResult result_of(std::exception_ptr failure);

}  // namespace kcl::worker
