// A model of user code: takes its time, throws, stalls, asks to be left alone, and checkpoints in one of
// several styles, from other threads too.
#pragma once

#include <memory>
#include <string>

#include "ports/processor.h"
#include "simulation/faults.h"
#include "simulation/journal.h"
#include "simulation/world.h"

namespace kcl::simulation {

enum class CheckpointStyle : std::uint8_t {
  by_library,   ///< never asks
  every_batch,  ///< at the end of each call
  now_and_then  ///< inside some calls, and at the end when told so; sometimes forgets at the shard's end
};

class SimProcessors final : public ports::ProcessorFactory {
 public:
  /// How the journal knows a shard.
  using KeyOf = std::function<std::string(const ports::ShardEpoch& epoch)>;

  /// `outstanding`: batches at once. With more than one the program never asks for a checkpoint, and forgets nothing.
  SimProcessors(World& world, base::Loop& loop, Journal& journal, const ProcessorFaults& faults, std::string process,
                CheckpointStyle style, std::size_t outstanding, KeyOf key_of)
      : world_(world),
        loop_(loop),
        journal_(journal),
        faults_(faults),
        process_(std::move(process)),
        style_(style),
        outstanding_(outstanding),
        key_of_(std::move(key_of)) {}

  std::unique_ptr<ports::Processor> create(const ports::ShardEpoch& epoch, ports::Checkpoints& checkpoints) override;

 private:
  friend class SimProcessor;
  World& world_;
  base::Loop& loop_;
  Journal& journal_;
  const ProcessorFaults& faults_;
  std::string process_;
  CheckpointStyle style_;
  std::size_t outstanding_;
  KeyOf key_of_;
};

}  // namespace kcl::simulation
