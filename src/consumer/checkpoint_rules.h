// What may be stored when a program, or kclpp itself, asks for a checkpoint (C1, C4). Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <kcl/position.h>

#include "leases/lease_hold.h"
#include "ports/processor.h"

namespace kcl::consumer {

/// How far a shard has come in this epoch.
struct ShardPositions {
  Position stored = Position::trim_horizon();
  /// The end of the last batch that was done with.
  std::optional<Position> done = {};
  /// The end of the batch in the program's hands.
  std::optional<Position> in_hand = {};
  /// Where the batch in hand begins, once a call with it has failed.
  std::optional<Position> repeats_from = {};
  /// shard_ended runs.
  bool ending = false;
};

struct CheckpointRuling {
  enum class Kind : std::uint8_t {
    store,      ///< `position`
    end_shard,  ///< SHARD_END
    stored,     ///< nothing is to be done
    invalid,    ///< it must not be stored: `why`
  };
  Kind kind = Kind::stored;
  Position position = Position::trim_horizon();
  std::string why = {};
};

/// Without a position: as far as is allowed.
CheckpointRuling rule_on_checkpoint(const ShardPositions& shard, const std::optional<Position>& asked);

/// What became of its write, for the program.
ports::CheckpointResult explain(const leases::HolderResult& result);

}  // namespace kcl::consumer
