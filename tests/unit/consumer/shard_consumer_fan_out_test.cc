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

}  // namespace
}  // namespace kcl::consumer
