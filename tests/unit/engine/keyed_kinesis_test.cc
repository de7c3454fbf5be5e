// One stream of several: its shards by their lease keys, and the shard sync over them.
#include "engine/keyed_kinesis.h"

#include <gtest/gtest.h>

#include <chrono>

#include "leases/lease_key.h"
#include "unit/coordinator/sync_fixture.h"

namespace kcl::engine {
namespace {

using coordinator::shard_id;
using coordinator::ShardSync;
using coordinator::ShardSyncOptions;
using leases::Lease;
using namespace std::chrono_literals;

class KeyedKinesisTest : public coordinator::SyncTest {
 protected:
  base::BootTime soon() const { return loop.now() + 5s; }
  StreamDescription describe() {
    auto answer = run(keyed.describe_stream("orders", soon()));
    return *answer.value;
  }
  std::string key(int shard) { return leases::lease_key(*leases::stream_part_of(describe()), shard_id(shard)); }
  /// Of the first shard, from its beginning.
  std::string iterator() {
    GetShardIterator request;
    request.stream = "orders";
    request.shard_id = key(0);
    auto answer = run(keyed.get_shard_iterator(std::move(request), soon()));
    return answer.value ? answer.value->iterator : "none: " + answer.value.error().message;
  }

  KeyedKinesis keyed{*kinesis};
};

TEST_F(KeyedKinesisTest, ShardsAndTheirParentsAreListedByTheirKeys) {
  split(shard_id(0));
  describe();
  ListShards request;
  request.stream = "orders";
  auto answer = run(keyed.list_shards(std::move(request), soon()));
  ASSERT_TRUE(answer.value);
  ASSERT_EQ(answer.value->shards.size(), 4U);
  EXPECT_EQ(answer.value->shards[0].id, key(0));
  EXPECT_EQ(answer.value->shards[0].parent_id, "");
  EXPECT_EQ(answer.value->shards[2].id, key(2));
  EXPECT_EQ(answer.value->shards[2].parent_id, key(0));
  EXPECT_EQ(answer.value->shards[2].adjacent_parent_id, "");
}

TEST_F(KeyedKinesisTest, WhatEndsAShardTellsItsChildrenByTheirKeys) {
  split(shard_id(0));
  GetRecords request;
  request.stream = "orders";
  request.iterator = iterator();
  auto page = run(keyed.get_records(std::move(request), soon()));
  ASSERT_TRUE(page.value) << page.value.error().message;
  ASSERT_EQ(page.value->child_shards.size(), 2U);
  EXPECT_EQ(page.value->child_shards[0].id, key(2));
  EXPECT_EQ(page.value->child_shards[0].parents, std::vector<std::string>{key(0)});

  SubscribeToShard subscribe;
  subscribe.stream = "orders";
  subscribe.consumer_arn = kinesis->consumer_arn();
  subscribe.shard_id = key(0);
  auto opened = run(keyed.subscribe_to_shard(std::move(subscribe), soon()));
  ASSERT_TRUE(opened.value) << opened.value.error().message;
  std::vector<ChildShard> children;
  while (children.empty()) {
    auto event = run((*opened.value)->next(loop.now() + 1min));
    ASSERT_TRUE(event.value && *event.value);
    children = (*event.value)->child_shards;
  }
  EXPECT_EQ(children[0].id, key(2));
}

TEST_F(KeyedKinesisTest, AStreamThatWasMadeAnewIsReadFromItsBeginning) {
  StreamDescription before = describe();
  before.created -= 1h;
  Lease old;
  old.key = leases::lease_key(*leases::stream_part_of(before), shard_id(0));
  old.from = kinesis->server_time();
  ASSERT_EQ(run(a.create(old, leases::Origin::fresh)).kind, leases::CreateResult::Kind::created);
  ShardSyncOptions options;
  options.stream = "orders";
  options.initial = shards::InitialPosition::latest;
  options.keyed_by_stream = true;
  ShardSync anew(loop, random, keyed, b, base::EventLog(loop, [](const LogEvent&) {}), options);
  sync(anew);
  EXPECT_EQ(anew.last_view().start_instant, shards::kTrimHorizon) << "what was put since has not been read";
  EXPECT_EQ(rows().size(), 3U);
  EXPECT_TRUE(store.has(old.key)) << "it is left alone";
}

}  // namespace
}  // namespace kcl::engine
