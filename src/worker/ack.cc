#include "worker/ack.h"

#include <algorithm>
#include <compare>
#include <stdexcept>
#include <utility>

#include "worker/program.h"

namespace kcl {

using ports::CallbackResult;

namespace {

bool precedes(const Record& a, const Record& b) {
  const auto order = compare_sequence_numbers(a.sequence_number(), b.sequence_number());
  return order < 0 || (order == 0 && a.sub_sequence_number() < b.sub_sequence_number());
}

}  // namespace

Ack::State::State(RecordBatch batch, worker::Settle settle)
    : batch_(std::move(batch)), acknowledged_(batch_->size()), missing_(batch_->size()), settle_(std::move(settle)) {}

Ack::State::~State() {
  if (!batch_) return;
  std::string why = "every copy of the Ack is gone, with " + std::to_string(missing_) + " records not acknowledged";
  fail({.kind = CallbackResult::Kind::threw, .what = std::move(why)});
}

void Ack::State::done() { settle(std::unique_lock(mutex_), {}); }

void Ack::State::done(const Record& record) {
  std::unique_lock lock(mutex_);
  if (!batch_) return;
  const auto found = std::lower_bound(batch_->begin(), batch_->end(), record, precedes);
  if (found == batch_->end() || precedes(record, *found)) {
    throw std::invalid_argument("record " + std::string(record.sequence_number()) + " is not of the batch of this Ack");
  }
  const auto acknowledged = acknowledged_.begin() + (found - batch_->begin());
  if (*acknowledged) return;
  *acknowledged = true;
  if (--missing_ == 0) settle(std::move(lock), {});
}

void Ack::State::fail(CallbackResult result) { settle(std::unique_lock(mutex_), std::move(result)); }

void Ack::State::settle(std::unique_lock<std::mutex> lock, CallbackResult result) {
  if (!batch_) return;
  worker::Settled settled;
  settled.result = std::move(result);
  const auto gap = std::find(acknowledged_.begin(), acknowledged_.end(), false) - acknowledged_.begin();
  if (!settled.result.ok() && gap > 0) settled.done_until = (*batch_)[static_cast<std::size_t>(gap) - 1].position();
  // The records may be freed here, and what their buffer is made of is not ours: not under the lock.
  const auto batch = std::exchange(batch_, std::nullopt);
  const auto settle = std::exchange(settle_, nullptr);
  lock.unlock();
  settle(std::move(settled));
}

void Ack::done() const { state_->done(); }
void Ack::done(const Record& record) const { state_->done(record); }
void Ack::retry_later(std::chrono::milliseconds delay) const {
  state_->fail(worker::result_of(std::make_exception_ptr(RetryLater(delay))));
}
void Ack::failed(std::string why) const { state_->fail({.kind = CallbackResult::Kind::threw, .what = std::move(why)}); }

}  // namespace kcl
