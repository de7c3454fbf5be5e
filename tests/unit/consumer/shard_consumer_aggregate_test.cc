// Aggregates on their way to the program: positions inside them, and what is left out of them.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "kpl/aggregate_writer.h"
#include "unit/consumer/consumer_fixture.h"

namespace kcl::consumer {
namespace {

using namespace std::chrono_literals;
using leases::kShard;
using Calls = std::vector<std::string>;

class AggregateTest : public ShardConsumerTest {
 protected:
  /// An aggregate of these data, all of one key; their positions can be asked for by them.
  void put_aggregate(const std::vector<std::string>& data, bool damaged = false) {
    std::vector<kpl::Entry> entries;
    for (const std::string& text : data) entries.push_back({.partition_key = "key", .data = text});
    std::string bytes = kpl::aggregate_of(entries);
    if (damaged) bytes.back() ^= 1;
    const testing::PutRecord record{.partition_key = "key", .data = std::move(bytes), .explicit_hash_key = {}};
    const auto placed = stream->put_record(record, kinesis->server_time());
    for (std::size_t i = 0; i < data.size(); ++i)
      positions.insert_or_assign(data[i], *Position::parse(placed->sequence_number, i));
  }
  /// The row's range is one in which the key does not lie: every user record is a stray.
  void start_among_strays(StrayRecords choice) {
    context.options.strays = choice;
    syncing = make_sync(a);
    sync(*syncing);
    store.change(kShard, {Action::set(std::string(leases::kcl_row::kEndingHashKey), "0")});
    start_on(take(a, kShard));
  }
};

TEST_F(AggregateTest, IsDeliveredAsItsUserRecords) {
  put({"a"});
  put_aggregate({"b", "c", "d"});
  start();
  loop.run_for(5s);
  EXPECT_EQ(program.calls, (Calls{"initialize", "process a b c d"}));
}

TEST_F(AggregateTest, ACheckpointInsideItIsWhereTheNextEpochBegins) {
  put_aggregate({"a", "b", "c", "d"});
  put({"e"});
  program.on_process = {checkpointing(position_of("b"))};
  start();
  loop.run_for(5s);
  EXPECT_EQ(program.checkpoints, std::vector{ports::CheckpointResult::Kind::stored});
  EXPECT_EQ(stored(), position_of("b"));
  EXPECT_EQ(stored().sub_sequence(), 1U);
  end();
  loop.run_for(1min);
  program.calls.clear();
  start();
  loop.run_for(5s);
  EXPECT_EQ(program.calls, (Calls{"initialize", "process c d e"}));
}

TEST_F(AggregateTest, ACheckpointAtItsEndBringsNothingOfItBack) {
  context.options.checkpoint_automatically = true;
  put_aggregate({"a", "b"});
  start();
  loop.run_for(5s);
  shut_down();
  EXPECT_EQ(stored(), position_of("b"));
  put({"c"});
  program.calls.clear();
  start();
  loop.run_for(5s);
  EXPECT_EQ(program.calls, (Calls{"initialize", "process c"}));
}

TEST_F(AggregateTest, ADamagedOneIsDeliveredAsItIsAndTold) {
  put_aggregate({"a", "b"}, true);
  put({"c"});
  put_aggregate({"d"}, true);
  start();
  loop.run_for(5s);
  ASSERT_EQ(program.calls.size(), 3U);
  EXPECT_TRUE(program.calls[1].ends_with(" c"));
  EXPECT_EQ(std::ranges::count(events, "aggregate_damaged"), 1);
  EXPECT_EQ(ShardMeters(metrics, shard_labels("", kShard)).damaged_aggregates->value(), 2U);
}

TEST_F(AggregateTest, StraysAreDeliveredUnlessToldOtherwise) {
  put_aggregate({"a", "b"});
  start_among_strays(StrayRecords::deliver);
  loop.run_for(5s);
  EXPECT_EQ(program.calls, (Calls{"initialize", "process a b"}));
  EXPECT_EQ(ShardMeters(metrics, shard_labels("", kShard)).strays->value(), 2U);
  EXPECT_EQ(ShardMeters(metrics, shard_labels("", kShard)).left_out->value(), 0U);
}

class LeftOut : public AggregateTest, public ::testing::WithParamInterface<StrayRecords> {};
INSTANTIATE_TEST_SUITE_P(Each, LeftOut, ::testing::Values(StrayRecords::leave_out, StrayRecords::drop_aggregate));

TEST_P(LeftOut, IsPassedOver) {
  context.options.checkpoint_automatically = true;
  put({"a"});
  put_aggregate({"b", "c"});
  start_among_strays(GetParam());
  loop.run_for(5s);
  EXPECT_EQ(program.calls, (Calls{"initialize", "process a"}));
  loop.run_for(20s);
  EXPECT_EQ(stored(), position_of("c")) << "it would be read again and again";
  // Nothing else in the answer: no call, and yet it goes on.
  put_aggregate({"d", "e", "f"});
  loop.run_for(20s);
  EXPECT_EQ(program.calls.size(), 2U);
  EXPECT_EQ(stored(), position_of("f"));
  split(kShard);
  loop.run_for(20s);
  EXPECT_EQ(program.calls.back(), "shard_ended");
  EXPECT_TRUE(row().ended());
}

/// Decodes when it is told to.
class HeldDecoding final : public base::Offload {
 public:
  explicit HeldDecoding(base::Loop& loop) : loop_(loop) {}
  base::Task<void> run(std::size_t /*bytes*/, std::function<void()> work) override {
    while (held) co_await changed_.wait_uninterruptibly(loop_);
    work();
  }
  void let_go() {
    held = false;
    changed_.notify_all();
  }
  bool held = true;

 private:
  base::Loop& loop_;
  base::Event changed_;
};

TEST_F(AggregateTest, AShardDoesNotEndBeforeItsLastAggregateIsTakenApart) {
  context.options.checkpoint_automatically = true;
  HeldDecoding slow(loop);
  decoding = &slow;
  put_aggregate({"a", "b"});
  split(kShard);
  start();
  loop.run_for(1min);
  EXPECT_EQ(program.calls, Calls{"initialize"});
  EXPECT_EQ(consumer->progress().reach, coordinator::Reach::working);
  EXPECT_FALSE(row().ended());
  slow.let_go();
  loop.run_for(1min);
  EXPECT_EQ(program.calls, (Calls{"initialize", "process a b", "shard_ended"}));
  EXPECT_TRUE(row().ended());
  end();
}

}  // namespace
}  // namespace kcl::consumer
