// The shared state of kcl::Ack: which records of one batch the program has acknowledged. Settles exactly once, on
// whatever thread made the difference. Thread-safe.
#pragma once

#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <kcl/record_processor.h>

#include "ports/processor.h"

namespace kcl::worker {

/// What became of one callback.
struct Settled {
  ports::CallbackResult result;
  /// Of a batch that failed: the end of what was acknowledged without a gap.
  std::optional<Position> done_until;
};
using Settle = std::function<void(Settled)>;

}  // namespace kcl::worker

namespace kcl {

class Ack::State {
 public:
  State(RecordBatch batch, worker::Settle settle);
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  /// The last copy of the Ack is gone: what is not acknowledged now never will be.
  ~State();

  void done();
  /// Throws std::invalid_argument when the record is not of this batch.
  void done(const Record& record);
  void fail(ports::CallbackResult result);

 private:
  void settle(std::unique_lock<std::mutex> lock, ports::CallbackResult result);

  std::mutex mutex_;
  /// Empty once it is settled, so that a kept Ack keeps no records in memory; so is settle_, which keeps the processor.
  std::optional<RecordBatch> batch_;
  std::vector<bool> acknowledged_;
  std::size_t missing_;
  worker::Settle settle_;
};

}  // namespace kcl
