// A consumer that reads by enhanced fan-out: what it owes its program does not depend on how it reads.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "unit/consumer/consumer_fixture.h"

namespace kcl::consumer {
namespace {

using namespace std::chrono_literals;
using leases::kShard;
using Calls = std::vector<std::string>;

class ShardConsumerFanOutTest : public ShardConsumerTest {
 protected:
  ShardConsumerFanOutTest() {
    context.options.checkpoint_automatically = true;
    context.options.reader.fan_out = FanOutOptions{.consumer_arn = kinesis->consumer_arn()};
  }
  auto told(const std::string& event) const { return std::count(events.begin(), events.end(), event); }
};

TEST_F(ShardConsumerFanOutTest, RecordsAreDeliveredAndCheckpointedAndTheEndIsStored) {
  put({"a", "b"});
  start();
  loop.run_for(2s);
  put({"c"});
  loop.run_for(1s);
  EXPECT_EQ(program.calls, (Calls{"initialize", "process a b", "process c"}));
  EXPECT_EQ(kinesis->reads(), 0) << "nothing is polled";
  split(kShard);
  loop.run_for(10s);
  EXPECT_TRUE(running->done());
  EXPECT_EQ(program.calls.back(), "shard_ended");
  EXPECT_TRUE(row().ended());
  EXPECT_EQ(row().children.size(), 2U);
}

TEST_F(ShardConsumerFanOutTest, ARestartGoesOnRightAfterTheCheckpoint) {
  put({"a", "b"});
  start();
  loop.run_for(2s);
  shut_down();
  EXPECT_EQ(stored(), position_of("b"));
  put({"c"});
  loop.run_for(5s);
  start();
  loop.run_for(10s);
  EXPECT_EQ(program.calls.back(), "process c");
  EXPECT_EQ(program.count("process"), 2U);
}

TEST_F(ShardConsumerFanOutTest, WhereItIsRefusedTheShardIsPolledIfThatWasAskedFor) {
  put({"a"});
  context.options.reader.fan_out = FanOutOptions{.consumer_arn = "arn:nobody", .fall_back = true};
  start();
  loop.run_for(1min);
  put({"b"});
  loop.run_for(5s);
  EXPECT_EQ(program.calls, (Calls{"initialize", "process a", "process b"}));
  EXPECT_EQ(kinesis->subscribed().size(), 3U);
  EXPECT_EQ(told("fan_out_refused"), 1);
}

TEST_F(ShardConsumerFanOutTest, AndElseItIsTriedForEver) {
  put({"a"});
  context.options.reader.fan_out = FanOutOptions{.consumer_arn = "arn:nobody"};
  start();
  loop.run_for(10min);
  EXPECT_EQ(program.calls, Calls{"initialize"});
  EXPECT_GT(kinesis->subscribed().size(), 20U);
  EXPECT_EQ(told("fan_out_refused"), 0);
  EXPECT_NE(consumer->status().last_error.find("arn:nobody"), std::string::npos) << consumer->status().last_error;
}

// ---- vmware-go-kcl's defect 16: each of these ends the consumer there, for a sync interval or for good

// There the renewal shares its loop with process_records.
TEST_F(ShardConsumerFanOutTest, Defect16ABatchOfAMinuteDoesNotCostTheLease) {
  put({"a", "b"});
  program.on_process.push_back({.takes = 60s});
  start();
  loop.run_for(2s);
  EXPECT_EQ(program.in_flight, 1);
  for (int i = 0; i < 5; ++i) {
    const auto counter = row().counter;
    loop.run_for(10s);
    EXPECT_GT(row().counter, counter) << "renewed while the batch is in the program's hands";
    EXPECT_TRUE(hold->may_deliver());
  }
  put({"c"});
  loop.run_for(20s);
  EXPECT_EQ(program.calls, (Calls{"initialize", "process a b", "process c"}));
  EXPECT_EQ(program.epochs.size(), 1U);
}

// There a stream's error is not looked at, and one resubscribe is all that is tried.
TEST_F(ShardConsumerFanOutTest, Defect16ABrokenStreamAndManyRefusedResubscribesEndNothing) {
  put({"a"});
  start();
  loop.run_for(2s);
  kinesis->break_streams(KinesisError::Kind::unavailable);
  put({"b"});
  for (const auto kind : {KinesisError::Kind::in_use, KinesisError::Kind::throttled, KinesisError::Kind::unavailable}) {
    kinesis->fail_reads(kind);
    const std::size_t before = kinesis->subscribed().size();
    loop.run_for(1min);
    EXPECT_GE(kinesis->subscribed().size(), before + 2);
    EXPECT_EQ(consumer->status().last_error, "read: as scripted") << "what is wrong is told";
    EXPECT_FALSE(running->done());
    EXPECT_TRUE(hold->may_deliver());
  }
  EXPECT_GT(told("read_failed"), 0);
  kinesis->fail_reads(std::nullopt);
  loop.run_for(1min);
  EXPECT_EQ(program.calls, (Calls{"initialize", "process a", "process b"}));
  EXPECT_EQ(program.epochs.size(), 1U);
}

// There an end before the first event ends the consumer.
TEST_F(ShardConsumerFanOutTest, Defect16StreamsThatEndBeforeTheirFirstEventAreBegunAgain) {
  put({"a"});
  kinesis->break_streams(KinesisError::Kind::unavailable);
  start();
  for (int i = 0; i < 3; ++i) {
    loop.run_for(30s);
    EXPECT_FALSE(running->done());
    if (program.count("process") == 0) kinesis->break_streams(KinesisError::Kind::unavailable);
  }
  kinesis->break_streams(std::nullopt);
  loop.run_for(1min);
  EXPECT_EQ(program.calls, (Calls{"initialize", "process a"}));

  shut_down();
  put({"b"});
  kinesis->set_silent(true);
  start();
  loop.run_for(2min);
  EXPECT_FALSE(running->done());
  EXPECT_EQ(program.calls.back(), "initialize") << "nothing ever came";
  kinesis->set_silent(false);
  loop.run_for(1min);
  EXPECT_EQ(program.calls.back(), "process b");
}

}  // namespace
}  // namespace kcl::consumer
