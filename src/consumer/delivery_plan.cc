#include "consumer/delivery_plan.h"

namespace kcl::consumer {

DeliveryPlan::DeliveryPlan(std::size_t records, OnError on_error, std::size_t max_attempts)
    : on_error_(on_error), max_attempts_(max_attempts), records_(records), parts_{{.first = 0, .count = records}} {}

void DeliveryPlan::taken() {
  parts_.pop_back();
  next();
}

bool DeliveryPlan::failed() {
  ++attempts_;
  if (on_error_ == OnError::retry) return false;
  const Part part = parts_.back();
  // A half is only looked through for the record that fails: its parts have their own attempts.
  const bool searching = part.count > 1 && part.count < records_;
  if (attempts_ < max_attempts_ && !searching) return false;
  if (on_error_ == OnError::stop) {
    step_ = Step::hold;
  } else if (part.count == 1) {
    step_ = Step::dead_letter;
  } else {
    const std::size_t half = part.count / 2;
    parts_.back() = {.first = part.first + half, .count = part.count - half};
    parts_.push_back({.first = part.first, .count = half});
    next();
  }
  return true;
}

void DeliveryPlan::next() {
  attempts_ = 0;
  step_ = parts_.empty() ? Step::done : Step::deliver;
}

}  // namespace kcl::consumer
