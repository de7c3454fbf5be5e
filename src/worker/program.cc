#include "worker/program.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "base/text.h"

namespace kcl::worker {

using ports::CallbackResult;

namespace {

// Far beyond any sense, and far below where nanoseconds overflow.
constexpr std::chrono::milliseconds kLongestRetry = std::chrono::hours(24 * 365);

class RecordProgram final : public Program {
 public:
  RecordProgram(std::unique_ptr<RecordProcessor> processor, Checkpointer& checkpointer)
      : processor_(std::move(processor)), checkpointer_(checkpointer) {}

  void initialize(const ShardContext& context) override { processor_->initialize(context); }
  void process_records(const RecordBatch& batch, Settle settle) override {
    processor_->process_records(batch, checkpointer_);
    settle({});
  }
  void lease_lost() override { processor_->lease_lost(); }
  void shard_ended() override { processor_->shard_ended(checkpointer_); }
  void shutdown_requested() override { processor_->shutdown_requested(checkpointer_); }

 private:
  std::unique_ptr<RecordProcessor> processor_;
  Checkpointer& checkpointer_;
};

class AckProgram final : public Program {
 public:
  explicit AckProgram(std::unique_ptr<AckProcessor> processor) : processor_(std::move(processor)) {}

  void initialize(const ShardContext& context) override { processor_->initialize(context); }
  void process_records(const RecordBatch& batch, Settle settle) override {
    const auto state = std::make_shared<Ack::State>(batch, std::move(settle));
    try {
      processor_->process_records(batch, Ack(state));
    } catch (...) {
      state->fail(result_of(std::current_exception()));
    }
  }
  void lease_lost() override { processor_->lease_lost(); }
  void shard_ended() override { processor_->shard_ended(); }
  void shutdown_requested() override { processor_->shutdown_requested(); }

 private:
  std::unique_ptr<AckProcessor> processor_;
};

/// RetryLater has no meaning in a factory: there, it is an exception like any other.
template <class Factory>
auto make_with(const Factory& factory) {
  try {
    auto processor = factory();
    if (!processor) throw std::runtime_error("the processor factory returned null");
    return processor;
  } catch (const RetryLater& e) {
    throw std::runtime_error(std::string("the processor factory threw: ") + e.what());
  }
}

}  // namespace

ProgramFactory program_factory(RecordProcessorFactory factory) {
  return [factory = std::move(factory)](Checkpointer& checkpointer) -> std::unique_ptr<Program> {
    return std::make_unique<RecordProgram>(make_with(factory), checkpointer);
  };
}

ProgramFactory program_factory(AckProcessorFactory factory) {
  return [factory = std::move(factory)](Checkpointer&) -> std::unique_ptr<Program> {
    return std::make_unique<AckProgram>(make_with(factory));
  };
}

CallbackResult result_of(std::exception_ptr failure) {
  CallbackResult result;
  result.kind = CallbackResult::Kind::threw;
  try {
    std::rethrow_exception(std::move(failure));
  } catch (const RetryLater& e) {
    result.kind = CallbackResult::Kind::retry_later;
    result.what = e.what();
    result.retry_after = std::clamp(e.delay(), std::chrono::milliseconds(0), kLongestRetry);
  } catch (...) {
    result.what = base::what_of(std::current_exception());
  }
  return result;
}

}  // namespace kcl::worker
