// kcl::Checkpointer: blocks the program's thread while the strand stores the position. The strand never waits for that
// thread, so it cannot deadlock. Once the epoch is over every call throws LeaseLost.
#pragma once

#include <memory>
#include <optional>

#include <kcl/record_processor.h>

#include "worker/shard_context.h"

namespace kcl::worker {

class BlockingCheckpointer final : public Checkpointer {
 public:
  explicit BlockingCheckpointer(std::shared_ptr<EpochGuard> epoch) : epoch_(std::move(epoch)) {}

  using Checkpointer::checkpoint;
  void checkpoint() override { store(std::nullopt); }
  void checkpoint(const Position& position) override { store(position); }

 private:
  void store(std::optional<Position> position);

  std::shared_ptr<EpochGuard> epoch_;
};

}  // namespace kcl::worker
