#include <kcl/testing/embedded_stream.h>

#include <atomic>
#include <set>
#include <stdexcept>
#include <thread>

#include <gtest/gtest.h>

namespace kcl::testing {
namespace {

using Kind = KinesisError::Kind;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Timestamp kStart{std::chrono::sys_days{std::chrono::year{2026} / 1 / 1}};

TEST(EmbeddedStream, IsReadThroughTheSeam) {
  EmbeddedStream orders({.name = "orders"});
  const Placement placement = orders.put("customer-7", "a pear").value();
  const auto kinesis = orders.kinesis();
  const ShardPage shards = kinesis->list_shards({.stream = "orders"}, {}).value();
  ASSERT_EQ(shards.shards.size(), 1U);
  const auto from = kinesis->get_shard_iterator({.stream = "orders", .shard_id = shards.shards[0].id}, {}).value();
  const RecordsPage page = kinesis->get_records({.stream = "orders", .iterator = from.iterator}, {}).value();
  ASSERT_EQ(page.records.size(), 1U);
  EXPECT_EQ(page.records[0].text(), "a pear");
  EXPECT_EQ(page.records[0].sequence_number(), placement.sequence_number);
  EXPECT_EQ(kinesis->describe_stream("orders", {}).value().arn, orders.describe().arn);
}

TEST(EmbeddedStream, RefusesOtherStreams) {
  EmbeddedStream orders({.name = "orders"});
  const auto kinesis = orders.kinesis();
  EXPECT_EQ(kinesis->describe_stream("other", {}).error().kind, Kind::not_found);
  EXPECT_EQ(kinesis->list_shards({.stream = "other"}, {}).error().kind, Kind::not_found);
  EXPECT_EQ(kinesis->get_shard_iterator({.stream = "other"}, {}).error().kind, Kind::not_found);
  EXPECT_EQ(kinesis->get_records({.stream = "other"}, {}).error().kind, Kind::not_found);
  EXPECT_TRUE(kinesis->list_shards({.stream = orders.describe().arn}, {}));
}

TEST(EmbeddedStream, GoesByTheClockGiven) {
  Timestamp now = kStart;
  EmbeddedStream stream({.retention = hours{2}, .iterator_ttl = seconds{10}, .clock = [&now] { return now; }});
  EXPECT_EQ(stream.describe().created, kStart);
  EXPECT_EQ(stream.describe().retention, hours{2});
  const auto kinesis = stream.kinesis();
  const GetShardIterator request{.stream = stream.name(), .shard_id = stream.list()[0].id};
  const GetRecords get{.stream = stream.name(), .iterator = kinesis->get_shard_iterator(request, {}).value().iterator};
  now += seconds{9};
  EXPECT_EQ(kinesis->get_records(get, {}).value().server_time, now);
  now += seconds{1};
  EXPECT_EQ(kinesis->get_records(get, {}).error().kind, Kind::expired_iterator);
}

TEST(EmbeddedStream, LimitsCanBeSwitchedOff) {
  for (const bool limits : {true, false}) {
    EmbeddedStream stream({.limits = limits, .clock = [] { return kStart; }});
    std::size_t throttled = 0;
    for (int i = 0; i < 1'001; ++i) throttled += stream.put("k", "") ? 0 : 1;
    EXPECT_EQ(throttled, limits ? 1U : 0U);
  }
}

TEST(EmbeddedStream, ReshardsAndListsAllPages) {
  EmbeddedStream stream({.shards = 1'500, .limits = false});
  ASSERT_EQ(stream.list().size(), 1'500U);
  const auto children = stream.split(stream.list()[0].id).value();
  EXPECT_EQ(children, (std::vector<std::string>{"shardId-000000001500", "shardId-000000001501"}));
  EXPECT_EQ(stream.merge(children[1], children[0]).value(), "shardId-000000001502");
  EXPECT_EQ(stream.list().size(), 1'503U);
  EXPECT_EQ(stream.describe().open_shards, 1'500U);
  const std::vector<PutRecord> records{{.partition_key = "k", .data = "x", .explicit_hash_key = HashKey{}}};
  EXPECT_EQ(stream.put_many(records).value()[0].value().shard_id, "shardId-000000001502");
}

TEST(EmbeddedStream, WrongOptionsAreNamed) { EXPECT_THROW(EmbeddedStream({.shards = 0}), std::invalid_argument); }

TEST(EmbeddedStream, TheSeamAndItsRecordsOutliveTheStream) {
  auto stream = std::make_unique<EmbeddedStream>();
  ASSERT_TRUE(stream->put("k", "still here"));
  const std::string shard = stream->list()[0].id;
  auto kinesis = stream->kinesis();
  stream.reset();
  const auto from = kinesis->get_shard_iterator({.stream = "embedded", .shard_id = shard}, {}).value().iterator;
  const RecordsPage page = kinesis->get_records({.stream = "embedded", .iterator = from}, {}).value();
  kinesis.reset();
  EXPECT_EQ(page.records[0].text(), "still here");
}

TEST(EmbeddedStream, ServesManyThreads) {
  constexpr std::size_t kWriters = 3;
  constexpr std::size_t kRecordsEach = 2'000;
  EmbeddedStream stream({.limits = false});
  std::atomic<std::size_t> writing = kWriters;
  std::vector<std::thread> threads;
  for (std::size_t w = 0; w < kWriters; ++w) {
    threads.emplace_back([&stream, &writing, w] {
      for (std::size_t i = 0; i < kRecordsEach; ++i) {
        EXPECT_TRUE(stream.put("k", std::to_string(w) + '/' + std::to_string(i)));
      }
      --writing;
    });
  }
  // Reads the bytes of records while later ones are written beside them.
  std::set<std::string> seen;
  const auto kinesis = stream.kinesis();
  std::string next =
      kinesis->get_shard_iterator({.stream = stream.name(), .shard_id = stream.list()[0].id}, {}).value().iterator;
  for (bool more = true; more;) {
    const bool all_written = writing == 0;
    const RecordsPage page = kinesis->get_records({.stream = stream.name(), .iterator = next}, {}).value();
    for (const Record& record : page.records) EXPECT_TRUE(seen.emplace(record.text()).second);
    next = page.next_iterator.value();
    more = !all_written || !page.records.empty();
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(seen.size(), kWriters * kRecordsEach);
}

}  // namespace
}  // namespace kcl::testing
