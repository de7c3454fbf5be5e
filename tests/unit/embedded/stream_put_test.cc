#include "unit/embedded/stream_fixture.h"

namespace kcl::embedded {
namespace {

using StreamPut = StreamTest;

std::string repeated(const std::string& text, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i) all += text;
  return all;
}

TEST_F(StreamPut, RoutesByTheHashOfThePartitionKeyOrByTheExplicitHashKey) {
  make({.shards = 2});
  // MD5 begins with 0x66 and 0x90.
  EXPECT_EQ(put("\xC3\xA9", "data").shard_id, kShard0);
  EXPECT_EQ(put("abc", "data").shard_id, kShard1);
  const HashKey start_of_shard_1{.high = std::uint64_t{1} << 63, .low = 0};
  const HashKey end_of_shard_0{.high = start_of_shard_1.high - 1, .low = ~std::uint64_t{0}};
  EXPECT_EQ(put_at({}).shard_id, kShard0);
  EXPECT_EQ(put_at(end_of_shard_0).shard_id, kShard0);
  EXPECT_EQ(put_at(start_of_shard_1).shard_id, kShard1);
  EXPECT_EQ(put_at(HashKey::max()).shard_id, kShard1);
}

TEST_F(StreamPut, KeepsToTheServicesBounds) {
  const std::string e_acute = "\xC3\xA9";
  const struct {
    const char* what;
    PutRecord record;
    bool accepted;
  } cases[] = {
      {"no key", {.partition_key = "", .data = "x"}, false},
      {"no data", {.partition_key = "k", .data = ""}, true},
      {"256 characters", {.partition_key = std::string(256, 'k'), .data = "x"}, true},
      {"257 characters", {.partition_key = std::string(257, 'k'), .data = "x"}, false},
      {"256 characters of 2 bytes", {.partition_key = repeated(e_acute, 256), .data = "x"}, true},
      {"257 characters of 2 bytes", {.partition_key = repeated(e_acute, 257), .data = "x"}, false},
      {"1 MiB with the key", {.partition_key = "k", .data = std::string((1 << 20) - 1, 'x')}, true},
      {"a byte more", {.partition_key = "k", .data = std::string(1 << 20, 'x')}, false},
  };
  for (const auto& c : cases) {
    const auto result = stream->put_record(c.record, now);
    EXPECT_EQ(kind_of(result), c.accepted ? std::nullopt : std::optional(Kind::invalid_argument)) << c.what;
    const auto many = stream->put_records({&c.record, 1}, now);
    EXPECT_EQ(kind_of(many), c.accepted ? std::nullopt : std::optional(Kind::invalid_argument)) << c.what;
  }
}

TEST_F(StreamPut, ErrorsCarryTheStreamsTime) {
  now += seconds{7};
  EXPECT_EQ(stream->put_record({}, now).error().server_time, kStart + seconds{7});
}

TEST_F(StreamPut, ANumberIsGreaterThanAllBeforeItInItsShardAndUniqueInTheStream) {
  make({.shards = 2});
  const std::vector<Shard> shards = list();
  std::string last[2] = {shards[0].starting_sequence_number, shards[1].starting_sequence_number};
  EXPECT_NE(last[0], last[1]);
  for (int i = 0; i < 100; ++i) {
    if (i % 10 == 0) now += milliseconds{i * 17};
    for (const std::size_t s : {0U, 1U}) {
      const std::string number = put_at(shards[s].hash_keys.start).sequence_number;
      EXPECT_EQ(number.size(), 56U);
      EXPECT_TRUE(precedes(last[s], number));
      last[s] = number;
    }
    EXPECT_NE(last[0], last[1]);
  }
}

TEST_F(StreamPut, TheSameCallsGiveTheSameAnswers) {
  const auto history = [this] {
    make({.shards = 2});
    std::string trace;
    for (int i = 0; i < 20; ++i) {
      now += milliseconds{i};
      trace += put("key-" + std::to_string(i), "x").sequence_number + iterator(kShard1);
      if (i == 10) split(kShard0);
    }
    return trace;
  };
  EXPECT_EQ(history(), history());
}

TEST_F(StreamPut, TimeNeverRunsBackwards) {
  now += seconds{10};
  put("k", "late");
  now -= seconds{10};
  put("k", "early");
  const RecordsPage page = get(iterator(kShard0));
  EXPECT_EQ(page.records[1].approximate_arrival(), kStart + seconds{10});
  EXPECT_EQ(page.server_time, kStart + seconds{10});
}

TEST_F(StreamPut, AShardTakesAThousandRecordsASecond) {
  make({.shards = 2}, Limits{});
  const HashKey to_shard_0{};
  const HashKey to_shard_1 = HashKey::max();
  for (int i = 0; i < 1'000; ++i) put_at(to_shard_0, "");
  const PutRecord record{.partition_key = "key", .data = "", .explicit_hash_key = to_shard_0};
  EXPECT_EQ(kind_of(stream->put_record(record, now)), Kind::throttled);
  put_at(to_shard_1);
  EXPECT_EQ(kind_of(stream->put_record(record, now + milliseconds{999})), Kind::throttled);
  EXPECT_EQ(kind_of(stream->put_record(record, now + seconds{1})), std::nullopt);
}

TEST_F(StreamPut, AShardTakesAMebibyteASecond) {
  make({}, Limits{});
  const std::string kibibyte(1'024 - 3, 'x');
  for (int i = 0; i < 512; ++i) put_at({}, kibibyte);
  put_at({}, std::string((1 << 19) - 3, 'x'));
  const PutRecord record{.partition_key = "key", .data = ""};
  EXPECT_EQ(kind_of(stream->put_record(record, now)), Kind::throttled);
  now += seconds{1};
  put_at({});
}

TEST_F(StreamPut, PutRecordsThrottlesRecordByRecord) {
  make({.shards = 2}, Limits{});
  for (int i = 0; i < 999; ++i) put_at({}, "");
  const PutRecord to_0{.partition_key = "key", .data = "0", .explicit_hash_key = HashKey{}};
  const PutRecord to_1{.partition_key = "key", .data = "1", .explicit_hash_key = HashKey::max()};
  const std::vector<PutRecord> records{to_0, to_1, to_0, to_1};
  const auto outcomes = stream->put_records(records, now).value();
  ASSERT_EQ(outcomes.size(), 4U);
  EXPECT_EQ(outcomes[0].value().shard_id, kShard0);
  EXPECT_EQ(outcomes[1].value().shard_id, kShard1);
  EXPECT_EQ(kind_of(outcomes[2]), Kind::throttled);
  EXPECT_EQ(outcomes[3].value().shard_id, kShard1);
  EXPECT_EQ(data_from(kShard1, Iterator::trim_horizon), (std::vector<std::string>{"1", "1"}));
}

TEST_F(StreamPut, PutRecordsHasBoundsForTheWhole) {
  const PutRecord small{.partition_key = "k", .data = ""};
  const PutRecord large{.partition_key = "k", .data = std::string((1 << 20) - 1, 'x')};
  const PutRecord invalid{.partition_key = "", .data = ""};
  const std::vector<PutRecord> ten_mib(10, large);
  std::vector<PutRecord> a_byte_more = ten_mib;
  a_byte_more.push_back(small);
  const struct {
    const char* what;
    std::vector<PutRecord> records;
    bool accepted;
  } cases[] = {{"none", {}, false},
               {"500 records", std::vector<PutRecord>(500, small), true},
               {"501 records", std::vector<PutRecord>(501, small), false},
               {"10 MiB", ten_mib, true},
               {"a byte more", a_byte_more, false},
               {"one invalid", {small, invalid}, false}};
  for (const auto& c : cases) {
    make({}, Limits{});
    const auto result = stream->put_records(c.records, now);
    EXPECT_EQ(kind_of(result), c.accepted ? std::nullopt : std::optional(Kind::invalid_argument)) << c.what;
    EXPECT_EQ(get(iterator(kShard0)).records.empty(), !c.accepted) << c.what;
  }
  make({});
  EXPECT_TRUE(stream->put_records(std::vector<PutRecord>(10'000, small), now)) << "without limits";
}

TEST_F(StreamPut, WrongOptionsAreAllNamed) {
  try {
    const Stream refused({.name = "no spaces", .shards = 0, .retention = seconds{0}, .limits = {}});
    FAIL() << "must throw";
  } catch (const std::invalid_argument& error) {
    const std::string what = error.what();
    for (const char* field : {"name", "shards", "retention"}) EXPECT_NE(what.find(field), std::string::npos) << what;
    EXPECT_EQ(what.find("page_size"), std::string::npos) << what;
  }
}

}  // namespace
}  // namespace kcl::embedded
