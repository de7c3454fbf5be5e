// What of one batch is delivered next, and what its failures lead to (C5): a pure decision.
//
// Parts come in order, each until it was taken; what was taken never comes again. Nothing is ever left out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <kcl/on_error.h>

namespace kcl::consumer {

class DeliveryPlan {
 public:
  enum class Step : std::uint8_t {
    deliver,      ///< part(), to the processor
    dead_letter,  ///< part(), a single record, to the dead-letter sink
    hold,         ///< nothing: the batch failed for good, and the shard stands still
    done,
  };
  /// Records of the batch.
  struct Part {
    std::size_t first = 0;
    std::size_t count = 0;
    bool operator==(const Part&) const = default;
  };

  /// `records` and `max_attempts` are at least 1.
  DeliveryPlan(std::size_t records, OnError on_error, std::size_t max_attempts);

  Step step() const noexcept { return step_; }
  /// Precondition: not done.
  Part part() const noexcept { return parts_.back(); }
  /// Failed calls with exactly this part.
  std::size_t attempts() const noexcept { return attempts_; }

  /// The processor, or the sink, is done with the part.
  void taken();
  /// The processor failed with the part. True when what comes next is to come at once; else after a pause.
  bool failed();

 private:
  void next();

  OnError on_error_;
  std::size_t max_attempts_;
  std::size_t records_;
  Step step_ = Step::deliver;
  std::size_t attempts_ = 0;
  /// Still to be taken; the next one is the last.
  std::vector<Part> parts_;
};

}  // namespace kcl::consumer
