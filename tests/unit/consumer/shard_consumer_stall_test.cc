// What a consumer tells the watch over stalls (C9): busy or not, a mark that moves with it, and the cause.
#include <gtest/gtest.h>

#include <string>

#include "unit/consumer/consumer_fixture.h"

namespace kcl::consumer {
namespace {

using namespace std::chrono_literals;

class ShardConsumerStallTest : public ShardConsumerTest {
 protected:
  /// Nothing moved meanwhile, though something was to be done; yields why.
  std::string stands_still_for(base::Duration duration) {
    const ShardLook before = consumer->look();
    loop.run_for(duration);
    const ShardLook after = consumer->look();
    EXPECT_TRUE(before.busy);
    EXPECT_TRUE(after.busy);
    EXPECT_EQ(before.mark, after.mark);
    return after.cause;
  }
};

TEST_F(ShardConsumerStallTest, AnIdleShardHasNothingToDo) {
  put({"a"});
  start();
  loop.run_for(10s);
  EXPECT_FALSE(consumer->look().busy);
  EXPECT_EQ(consumer->look().cause, "");
}

TEST_F(ShardConsumerStallTest, ACallbackThatDoesNotReturn) {
  put({"a"});
  program.on_process = {{.takes = 1h}};
  start();
  loop.run_for(10s);
  EXPECT_EQ(stands_still_for(20min).substr(0, 67),
            "processing, waits for process_records to return, which runs for 120");
}

TEST_F(ShardConsumerStallTest, ABatchThatFailsAgainAndAgainStandsStill) {
  put({"a"});
  program.poison = {"a"};
  start();
  loop.run_for(10s);
  EXPECT_NE(stands_still_for(20min).find("last error: process_records: poison"), std::string::npos);
}

TEST_F(ShardConsumerStallTest, EachBatchAndEachHalfIsAMovement) {
  context.options.on_error = OnError::bisect;
  context.options.max_attempts = 1;
  put({"a", "b", "c", "d"});
  program.poison = {"b"};
  start();
  std::string last = consumer->look().mark;
  for (const std::string call : {"process a", "dead_letter b", "process c d"}) {
    for (int i = 0; i < 60'000 && (program.calls.empty() || program.calls.back() != call); ++i) loop.run_for(1ms);
    loop.run_for(2ms);
    EXPECT_NE(consumer->look().mark, last) << call;
    last = consumer->look().mark;
  }
}

TEST_F(ShardConsumerStallTest, AStoppedShard) {
  context.options.on_error = OnError::stop;
  put({"a"});
  program.poison = {"a"};
  start();
  loop.run_for(1min);
  EXPECT_EQ(stands_still_for(1h),
            "stopped, waits for a restart: the batch failed for good; last error: process_records: poison");
}

TEST_F(ShardConsumerStallTest, ReadsThatFail) {
  put({"a"});
  start();
  loop.run_for(10s);
  kinesis->set_failure_message("no permission");
  kinesis->fail_reads(KinesisError::Kind::unavailable);
  loop.run_for(10s);
  EXPECT_EQ(stands_still_for(20min), "reading fails: no permission");
  kinesis->fail_reads(std::nullopt);
  loop.run_for(30s);
  EXPECT_FALSE(consumer->look().busy);
}

TEST_F(ShardConsumerStallTest, AParentThatIsNotRead) {
  syncing = make_sync(a);
  sync(*syncing);
  split(leases::kShard);
  ASSERT_TRUE(run(syncing->prepare_end(leases::kShard, {})));
  start_on(take(a, coordinator::shard_id(1)));
  loop.run_for(10s);
  EXPECT_EQ(stands_still_for(20min), std::string("waiting_for_parents, waits for parent ") + leases::kShard);
}

TEST_F(ShardConsumerStallTest, ALeaseThatCannotBeRenewed) {
  put({"a"});
  for (int i = 0; i < 1'000; ++i) program.on_process.push_back(throwing());
  context.options.longest_retry = 1s;
  start();
  loop.run_for(5s);
  for (int i = 0; i < 1'000; ++i) store.next_writes({leases::Fate::lose_request});
  loop.run_for(30s);
  EXPECT_EQ(consumer->status().state, ShardState::suspended);
  EXPECT_NE(stands_still_for(5min).find("waits for a renewal of the lease; last error: renewal: "), std::string::npos);
}

// C11: the budget is used up by a batch that the program keeps, of a shard that is done with it.
TEST_F(ShardConsumerStallTest, AKeptBatchThatUsesUpTheByteBudgetIsNamed) {
  budget = std::make_shared<base::ByteBudget>(60'000);
  context.options.on_error = OnError::bisect;
  context.options.max_attempts = 1;
  context.options.reader.max_records = 1;
  put({std::string(60'000, 'x')});
  program.poison = {std::string(60'000, 'x')};
  start();
  loop.run_for(10s);
  ASSERT_EQ(program.dead_letters.size(), 1U) << "the script keeps what it was given";
  // Data, partition key, and the view of them.
  const std::size_t bytes = 60'003 + sizeof(Record);
  EXPECT_EQ(budget->kept(), (std::map<std::string, std::size_t>{{leases::kShard, bytes}}));
  EXPECT_EQ(stands_still_for(20min), "waits for room in the byte budget: " + std::to_string(bytes) +
                                         " of 60000 bytes are used; the program keeps batches that it was done with: " +
                                         leases::kShard + ' ' + std::to_string(bytes));
  program.dead_letters.clear();
  EXPECT_TRUE(budget->kept().empty());
  loop.run_for(10s);
  EXPECT_FALSE(consumer->look().busy);
}

}  // namespace
}  // namespace kcl::consumer
