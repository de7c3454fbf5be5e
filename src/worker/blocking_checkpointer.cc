#include "worker/blocking_checkpointer.h"

#include <future>
#include <utility>

#include "worker/in_callback.h"
#include "worker/user_processor.h"

namespace kcl::worker {

namespace {

using ports::CheckpointResult;

/// Whoever is to answer may go away instead, with the epoch: the broken promise says so.
CheckpointResult wait_for(std::future<CheckpointResult> answer) {
  try {
    return answer.get();
  } catch (const std::future_error&) {
    return {CheckpointResult::Kind::lease_lost, "this epoch is over: the worker no longer processes the shard"};
  }
}

}  // namespace

void BlockingCheckpointer::store(std::optional<Position> position) {
  std::future<CheckpointResult> answer;
  {
    auto promise = std::make_shared<std::promise<CheckpointResult>>();
    answer = promise->get_future();
    const bool inside = InCallback::of(*epoch_);
    epoch_->link()->post([promise = std::move(promise), position = std::move(position),
                          inside](UserProcessor& processor) { processor.serve_checkpoint(position, inside, promise); });
  }
  const CheckpointResult result = wait_for(std::move(answer));
  switch (result.kind) {
    case CheckpointResult::Kind::stored:
      return;
    case CheckpointResult::Kind::lease_lost:
      throw LeaseLost(result.message);
    case CheckpointResult::Kind::unavailable:
      throw CheckpointUnavailable(result.message);
    case CheckpointResult::Kind::invalid:
      throw InvalidCheckpoint(result.message);
  }
}

}  // namespace kcl::worker
