#include "consumer/stall_cause.h"

#include <gtest/gtest.h>

#include <vector>

namespace kcl::consumer {
namespace {

using namespace std::chrono_literals;

TEST(StallCause, OnlyAShardThatCouldMoveHasSomethingToDo) {
  for (const ShardState state :
       {ShardState::starting, ShardState::waiting_for_parents, ShardState::initializing, ShardState::processing,
        ShardState::retrying, ShardState::dead_lettering, ShardState::stopped, ShardState::suspended,
        ShardState::ending, ShardState::handing_over, ShardState::stopping, ShardState::lost}) {
    EXPECT_TRUE(has_something_to_do({.state = state})) << name_of(state);
  }
  for (const ShardState state : {ShardState::idle, ShardState::ended, ShardState::released}) {
    EXPECT_FALSE(has_something_to_do({.state = state})) << name_of(state);
  }
  EXPECT_TRUE(has_something_to_do({.state = ShardState::idle, .read_error = "denied"}));
  EXPECT_TRUE(has_something_to_do({.state = ShardState::idle, .waits_for_budget = true}));
}

TEST(StallCause, NamesWhatIsWaitedFor) {
  struct Case {
    Standing shard;
    std::string cause;
  };
  const std::vector<Case> cases{
      {{.state = ShardState::processing, .waiting_for = "process_records to return", .in_call = 312'500ms},
       "processing, waits for process_records to return, which runs for 312 s"},
      {{.state = ShardState::waiting_for_parents, .waiting_for = "parent shardId-000000000003"},
       "waiting_for_parents, waits for parent shardId-000000000003"},
      {{.state = ShardState::retrying,
        .waiting_for = "the next delivery of the batch that failed",
        .last_error = "process_records: no database"},
       "retrying, waits for the next delivery of the batch that failed; last error: process_records: no database"},
      {{.state = ShardState::suspended, .waiting_for = "a renewal of the lease", .last_error = "renewal: timeout"},
       "suspended, waits for a renewal of the lease; last error: renewal: timeout"},
      {{.state = ShardState::idle, .last_error = "old", .read_error = "denied"}, "reading fails: denied"},
      {{.state = ShardState::idle, .read_error = "denied", .waits_for_budget = true},
       "waits for room in the byte budget: 90 of 100 bytes are used; the program keeps batches that it was done with: "
       "s1 50, s2 30"},
      {{.state = ShardState::idle}, ""},
  };
  const BudgetUse budget{.used = 90, .limit = 100, .kept = {{"s1", 50}, {"s2", 30}}};
  for (const Case& each : cases) EXPECT_EQ(stall_cause(each.shard, budget), each.cause);
  EXPECT_EQ(stall_cause({.state = ShardState::idle, .waits_for_budget = true}, {.used = 90, .limit = 100}),
            "waits for room in the byte budget: 90 of 100 bytes are used");
}

}  // namespace
}  // namespace kcl::consumer
