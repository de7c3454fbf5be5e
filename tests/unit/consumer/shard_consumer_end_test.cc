// The end of a shard (C6): never without its children, never for want of an answer. Names in brackets are of
// lease-traces.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "unit/consumer/consumer_fixture.h"

namespace kcl::consumer {
namespace {

using namespace std::chrono_literals;
using leases::Fate;
using leases::kShard;
using Calls = std::vector<std::string>;
using Kind = ports::CheckpointResult::Kind;

// ---- the shard's end (C6, lease-traces 1, 13)

TEST_F(ShardConsumerTest, TheEndIsStoredWithTheChildrenOnceTheProgramCheckpointed) {
  put({"a"});
  program.on_shard_ended = {checkpointing()};
  start();
  loop.run_for(3s);
  split(kShard);
  loop.run_for(5s);
  EXPECT_TRUE(running->done());
  EXPECT_EQ(program.calls, (Calls{"initialize", "process a", "shard_ended"}));
  EXPECT_TRUE(row().ended());
  EXPECT_EQ(row().children, (std::set<std::string>{coordinator::shard_id(1), coordinator::shard_id(2)}));
  EXPECT_TRUE(store.has(coordinator::shard_id(1)));
  EXPECT_TRUE(store.has(coordinator::shard_id(2)));
}

// Java KCL issue 211: the last record was checkpointed already, and naming it again in shard_ended does nothing.
TEST_F(ShardConsumerTest, AtTheEndTheLastRecordMeansTheEnd) {
  put({"a"});
  program.on_process = {checkpointing()};
  start();
  loop.run_for(3s);
  program.on_shard_ended = {checkpointing(position_of("a"))};
  split(kShard);
  loop.run_for(5s);
  EXPECT_EQ(program.checkpoints, (std::vector<Kind>{Kind::stored, Kind::stored}));
  EXPECT_TRUE(row().ended());
}

TEST_F(ShardConsumerTest, AProgramThatForgetsToCheckpointAtTheEndIsAskedAgain) {
  program.on_shard_ended = {Step{}, throwing(), checkpointing()};
  start();
  split(kShard);
  loop.run_for(1min);
  EXPECT_EQ(program.count("shard_ended"), 3U);
  EXPECT_TRUE(row().ended());
  EXPECT_NE(std::find(events.begin(), events.end(), "shard_end_not_checkpointed"), events.end());
}

TEST_F(ShardConsumerTest, AtTheEndRetryLaterMeansWhatItSays) {
  program.on_shard_ended = {
      Step{.ends = {.kind = ports::CallbackResult::Kind::retry_later, .what = {}, .retry_after = 5min}},
      checkpointing()};
  start();
  split(kShard);
  loop.run_for(4min);
  EXPECT_EQ(program.count("shard_ended"), 1U);
  loop.run_for(2min);
  EXPECT_EQ(program.count("shard_ended"), 2U);
  EXPECT_TRUE(row().ended());
}

TEST_F(ShardConsumerTest, TheLibraryStoresTheEndByItself) {
  context.options.checkpoint_automatically = true;
  put({"a"});
  start();
  split(kShard);
  loop.run_for(5s);
  EXPECT_TRUE(row().ended());
  EXPECT_EQ(program.count("shard_ended"), 1U);
}

TEST_F(ShardConsumerTest, Trace1ChildrenThatTheAnswerForgotAreFoundByListing) {
  context.options.checkpoint_automatically = true;
  kinesis->set_forget_children(true);
  start();
  split(kShard);
  loop.run_for(5s);
  EXPECT_TRUE(row().ended());
  EXPECT_EQ(row().children.size(), 2U);
}

TEST_F(ShardConsumerTest, Trace1WithoutKnownChildrenAShardDoesNotEnd) {
  context.options.checkpoint_automatically = true;
  kinesis->set_forget_children(true);
  // A partial listing: the children are not in it.
  kinesis->edit_listings(
      [](ShardPage& page) { std::erase_if(page.shards, [](const Shard& shard) { return !shard.parent_id.empty(); }); });
  start();
  split(kShard);
  loop.run_for(2min);
  EXPECT_FALSE(row().ended());
  EXPECT_EQ(program.count("shard_ended"), 0U);
  EXPECT_EQ(consumer->status().state, ShardState::ending);
  kinesis->edit_listings(nullptr);
  loop.run_for(20s);
  EXPECT_TRUE(row().ended());
}

TEST_F(ShardConsumerTest, Trace1NotFoundNeverEndsAShard) {
  context.options.checkpoint_automatically = true;
  put({"a"});
  start();
  loop.run_for(3s);
  // The endpoint is another region's for five minutes: everything is "not found".
  kinesis->fail_all(KinesisError::Kind::not_found);
  loop.run_for(5min);
  EXPECT_FALSE(row().ended());
  EXPECT_EQ(row().owner, "A");
  EXPECT_EQ(program.count("shard_ended"), 0U);
  kinesis->fail_all(std::nullopt);
  put({"b"});
  loop.run_for(15s);
  EXPECT_EQ(program.calls.back(), "process b");
}

TEST_F(ShardConsumerTest, Trace13AWriteThatIsLostAtTheEndIsMadeAgain) {
  context.options.checkpoint_automatically = true;
  for (const Fate fate : {Fate::lose_request, Fate::lose_answer, Fate::throttle}) {
    for (std::size_t lost = 0; lost < 3; ++lost) {
      SCOPED_TRACE(std::to_string(static_cast<int>(fate)) + ", " + std::to_string(lost));
      end();
      for (const std::string& id : rows()) store.erase(id);
      make_stream(1);
      program.calls.clear();
      start();
      loop.run_for(100ms);
      split(kShard);
      // Two children's rows and the end; a renewal may come between.
      for (std::size_t i = 0; i < lost; ++i) store.next_writes({Fate::answer});
      store.next_writes({fate});
      loop.run_for(2min);
      EXPECT_TRUE(running->done());
      EXPECT_TRUE(row().ended());
      EXPECT_EQ(row().children.size(), 2U);
      EXPECT_EQ(rows().size(), 3U);
    }
  }
}

// Once failed: the second answer is "lease lost", and the program, which throws on, takes an orderly end for a loss.
TEST_F(ShardConsumerTest, TheEndMayBeCheckpointedTwice) {
  program.on_shard_ended = {{.takes = 100ms, .checkpoints = true}};
  start();
  split(kShard);
  while (program.count("shard_ended") == 0) loop.run_for(10ms);
  EXPECT_EQ(run(program.checkpointer->checkpoint(std::nullopt)).kind, Kind::stored);
  EXPECT_TRUE(row().ended());
  loop.run_for(1s);
  EXPECT_EQ(program.checkpoints, std::vector<Kind>{Kind::stored});
}

// The service forgot the shard before it was read to its end: its row goes, and with it the lease; that is no end.
TEST_F(ShardConsumerTest, Trace1AForgottenShardIsLostAndNotEnded) {
  make_stream(1, 1h);
  put({"a"});
  syncing = make_sync(a);
  sync(*syncing);
  split(kShard);
  ASSERT_TRUE(run(syncing->prepare_end(kShard, {})));
  loop.run_for(3h);
  start_on(take(a));
  base::Stop stop;
  base::Started<void> looking(loop, syncing->run(stop, [](const std::string& why) { ADD_FAILURE() << why; }));
  loop.run_for(10min);
  EXPECT_TRUE(running->done());
  EXPECT_EQ(program.calls, (Calls{"initialize", "lease_lost"}));
  EXPECT_FALSE(store.has(kShard));
  // Nothing blocks the children any more.
  start_on(take(a, coordinator::shard_id(1)));
  loop.run_for(30s);
  EXPECT_EQ(program.epochs.back().shard_id, coordinator::shard_id(1));
  stop.request();
  looking.get();
}

}  // namespace
}  // namespace kcl::consumer
