#include "consumer/checkpoint_rules.h"

#include <gtest/gtest.h>

#include <vector>

#include "unit/leases/lease_fixture.h"

namespace kcl::consumer {
namespace {

using Kind = CheckpointRuling::Kind;
using leases::at;

TEST(CheckpointRules, WhatIsStored) {
  struct Case {
    const char* what;
    ShardPositions shard;
    std::optional<Position> asked;
    Kind kind;
    std::optional<Position> position;
  };
  const std::vector<Case> cases{
      {"nothing was delivered yet", {}, {}, Kind::stored, {}},
      {"the last batch that was done with", {.done = at("5")}, {}, Kind::store, at("5")},
      {"the batch in hand", {.done = at("5"), .in_hand = at("9")}, {}, Kind::store, at("9")},
      {"a record of the batch in hand", {.done = at("5"), .in_hand = at("9")}, at("7"), Kind::store, at("7")},
      {"past the batch in hand", {.done = at("5"), .in_hand = at("9")}, at("10"), Kind::invalid, {}},
      {"past what was done with", {.done = at("5")}, at("6"), Kind::invalid, {}},
      {"before anything was delivered", {}, at("6"), Kind::invalid, {}},
      {"the same again", {.stored = at("5"), .done = at("5")}, at("5"), Kind::stored, {}},
      {"as far as allowed, the same again", {.stored = at("5"), .done = at("5")}, {}, Kind::stored, {}},
      {"as far as allowed, and more is stored", {.stored = at("7"), .done = at("5")}, {}, Kind::stored, {}},
      {"backwards", {.stored = at("7"), .done = at("5"), .in_hand = at("9")}, at("6"), Kind::invalid, {}},
      {"backwards in a batch that comes again",
       {.stored = at("7"), .done = at("5"), .in_hand = at("9"), .repeats_from = at("6")},
       at("6"),
       Kind::stored,
       {}},
      {"backwards before the batch that comes again",
       {.stored = at("7"), .done = at("5"), .in_hand = at("9"), .repeats_from = at("6")},
       at("5"),
       Kind::invalid,
       {}},
      {"backwards after the batch that came again",
       {.stored = at("7"), .done = at("9"), .repeats_from = at("6")},
       at("6"),
       Kind::invalid,
       {}},
      {"the end before the end", {.done = at("5")}, Position::shard_end(), Kind::invalid, {}},
      {"no place in the shard", {.done = at("5")}, Position::latest(), Kind::invalid, {}},
      {"the end", {.done = at("5"), .ending = true}, Position::shard_end(), Kind::end_shard, {}},
      {"at the end, without a position", {.done = at("5"), .ending = true}, {}, Kind::end_shard, {}},
      {"at the end, the last record", {.done = at("5"), .ending = true}, at("5"), Kind::end_shard, {}},
      {"at the end, the last record, stored already",
       {.stored = at("5"), .ending = true},
       at("5"),
       Kind::end_shard,
       {}},
      {"at the end, a record before it", {.done = at("5"), .ending = true}, at("4"), Kind::store, at("4")},
      {"at the end of a shard without records", {.ending = true}, {}, Kind::end_shard, {}},
  };
  for (const Case& each : cases) {
    SCOPED_TRACE(each.what);
    const CheckpointRuling ruling = rule_on_checkpoint(each.shard, each.asked);
    EXPECT_EQ(ruling.kind, each.kind);
    EXPECT_EQ(ruling.position, each.position.value_or(Position::trim_horizon()));
    EXPECT_EQ(ruling.why.empty(), each.kind != Kind::invalid);
  }
}

}  // namespace
}  // namespace kcl::consumer
