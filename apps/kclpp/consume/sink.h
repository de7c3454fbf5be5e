// Where batches go. Thread-safe: shards are processed at once.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

#include <kcl/record.h>

#include "consume/output.h"
#include "consume/permit.h"

namespace kclpp::consume {

/// Nothing can be written any more, and trying again would not help: the worker is to stop. Thrown once by a sink, then
/// its calls throw kcl::RetryLater.
class OutputGone : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// One batch, and what its taker may want to know of it.
struct Delivery {
  const kcl::RecordBatch& batch;
  const std::string& stream;
  /// The worker reads several: each line names its own.
  bool one_of_several = false;
  std::uint64_t epoch;
  const Permit& permit;

  Source source() const {
    return {.stream = one_of_several ? stream : std::string_view(), .shard_id = batch.shard_id()};
  }
};

class Sink {
 public:
  Sink() = default;
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;
  virtual ~Sink() = default;

  /// Returns when the whole batch has been taken. Throws kcl::RetryLater when the permit was withdrawn before that,
  /// OutputGone, and anything else for what may go better the next time; then the batch may have been taken in part.
  virtual void take(const Delivery& delivery) = 0;
};

}  // namespace kclpp::consume
