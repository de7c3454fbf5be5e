#include "unit/embedded/stream_fixture.h"

namespace kcl::embedded {
namespace {

using StreamRead = StreamTest;
using Texts = std::vector<std::string>;

TEST_F(StreamRead, ARecordComesBackAsItWasPut) {
  now += milliseconds{1'234};
  const std::string binary("a\0\xff", 3);
  const Placement placement = put("customer-7", binary);
  const RecordsPage page = get(iterator(kShard0));
  ASSERT_EQ(page.records.size(), 1U);
  EXPECT_EQ(page.records[0].sequence_number(), placement.sequence_number);
  EXPECT_EQ(page.records[0].partition_key(), "customer-7");
  EXPECT_EQ(page.records[0].text(), binary);
  EXPECT_EQ(page.records[0].approximate_arrival(), kStart + milliseconds{1'234});
  EXPECT_EQ(page.records[0].sub_sequence_number(), 0U);
  EXPECT_EQ(page.server_time, now);
}

TEST_F(StreamRead, EachIteratorTypeStartsWhereItSays) {
  std::vector<std::string> numbers;
  for (const char* data : {"a", "b", "c"}) {
    now += seconds{10};
    numbers.push_back(put("k", data).sequence_number);
  }
  now += seconds{10};
  const std::string start = list()[0].starting_sequence_number;
  const struct {
    const char* what;
    Iterator type;
    std::string number;
    Timestamp timestamp;
    Texts expected;
  } cases[] = {
      {"trim horizon", Iterator::trim_horizon, {}, {}, {"a", "b", "c"}},
      {"latest", Iterator::latest, {}, {}, {}},
      {"before the stream", Iterator::at_timestamp, {}, kStart - hours{1}, {"a", "b", "c"}},
      {"at a record's arrival", Iterator::at_timestamp, {}, kStart + seconds{20}, {"b", "c"}},
      {"after it", Iterator::at_timestamp, {}, kStart + milliseconds{20'001}, {"c"}},
      {"now", Iterator::at_timestamp, {}, now, {}},
      {"at the start", Iterator::at_sequence_number, start, {}, {"a", "b", "c"}},
      {"after the start", Iterator::after_sequence_number, start, {}, {"a", "b", "c"}},
      {"at b", Iterator::at_sequence_number, numbers[1], {}, {"b", "c"}},
      {"after b", Iterator::after_sequence_number, numbers[1], {}, {"c"}},
      {"after c", Iterator::after_sequence_number, numbers[2], {}, {}},
  };
  for (const auto& c : cases) EXPECT_EQ(data_from(kShard0, c.type, c.number, c.timestamp), c.expected) << c.what;
}

TEST_F(StreamRead, ALatestIteratorIsFixedWhenItIsMade) {
  put("k", "before");
  const std::string latest = iterator(kShard0, Iterator::latest);
  put("k", "after");
  EXPECT_EQ(data_of(get(latest)), Texts{"after"});
}

TEST_F(StreamRead, WrongIteratorRequestsAreRefused) {
  make({.shards = 2});
  const std::string of_shard_0 = put_at({}).sequence_number;
  std::string never_given = of_shard_0;
  never_given.back() = never_given.back() == '0' ? '1' : '0';
  const struct {
    const char* what;
    GetShardIterator request;
    Kind expected;
  } cases[] = {
      {"another stream", {.stream = "other", .shard_id = kShard0}, Kind::not_found},
      {"no such shard", {.stream = "orders", .shard_id = kShard2}, Kind::not_found},
      {"no shard id", {.stream = "orders", .shard_id = "garbage"}, Kind::not_found},
      {"in the future",
       {.stream = "orders", .shard_id = kShard0, .type = Iterator::at_timestamp, .timestamp = now + milliseconds{1}},
       Kind::invalid_argument},
      {"no number",
       {.stream = "orders", .shard_id = kShard0, .type = Iterator::at_sequence_number},
       Kind::invalid_argument},
      {"no decimal number",
       {.stream = "orders", .shard_id = kShard0, .type = Iterator::at_sequence_number, .sequence_number = "LATEST"},
       Kind::invalid_argument},
      {"a small number",
       {.stream = "orders", .shard_id = kShard0, .type = Iterator::after_sequence_number, .sequence_number = "42"},
       Kind::invalid_argument},
      {"another shard's number",
       {.stream = "orders", .shard_id = kShard1, .type = Iterator::at_sequence_number, .sequence_number = of_shard_0},
       Kind::invalid_argument},
      {"a number never given",
       {.stream = "orders", .shard_id = kShard0, .type = Iterator::at_sequence_number, .sequence_number = never_given},
       Kind::invalid_argument},
  };
  for (const auto& c : cases) {
    const auto result = stream->get_shard_iterator(c.request, now);
    EXPECT_EQ(kind_of(result), c.expected) << c.what;
    EXPECT_EQ(result.error().server_time, now) << c.what;
  }
}

TEST_F(StreamRead, TheNumberOfARecordStillToComeIsRefused) {
  put("k", "a");
  const std::string b = put("k", "b").sequence_number;
  make({});
  put("k", "a");
  EXPECT_EQ(kind_of(iterator_result(kShard0, Iterator::at_sequence_number, b)), Kind::invalid_argument);
  put("k", "b");
  EXPECT_EQ(data_from(kShard0, Iterator::at_sequence_number, b), Texts{"b"});
}

TEST_F(StreamRead, PagesFollowEachOther) {
  Texts expected;
  for (int i = 0; i < 25; ++i) put("k", expected.emplace_back(std::to_string(i)));
  Texts seen;
  std::string next = iterator(kShard0);
  for (const std::size_t size : {10U, 10U, 5U, 0U}) {
    const RecordsPage page = get(next, 10);
    EXPECT_EQ(page.records.size(), size);
    for (const auto& text : data_of(page)) seen.push_back(text);
    next = page.next_iterator.value();
  }
  EXPECT_EQ(seen, expected);
}

TEST_F(StreamRead, AnIteratorMayBeUsedAgain) {
  put("k", "a");
  const std::string from = iterator(kShard0);
  EXPECT_EQ(data_of(get(from)), Texts{"a"});
  put("k", "b");
  EXPECT_EQ(data_of(get(from)), (Texts{"a", "b"}));
}

TEST_F(StreamRead, LimitsOfOneAnswer) {
  for (int i = 0; i < 10'001; ++i) put("k", "");
  const std::string from = iterator(kShard0);
  EXPECT_EQ(get(from).records.size(), 10'000U);
  EXPECT_EQ(get(from, 1).records.size(), 1U);
  for (const std::size_t limit : {std::size_t{0}, std::size_t{10'001}}) {
    EXPECT_EQ(kind_of(get_result(from, limit)), Kind::invalid_argument) << limit;
  }
}

TEST_F(StreamRead, AnAnswerHoldsTenMebibytes) {
  for (int i = 0; i < 12; ++i) put("k", std::string((1 << 20) - 1, 'x'));
  const RecordsPage first = get(iterator(kShard0));
  EXPECT_EQ(first.records.size(), 10U);
  EXPECT_EQ(get(*first.next_iterator).records.size(), 2U);
}

TEST_F(StreamRead, IteratorsExpire) {
  make({.iterator_ttl = seconds{30}});
  const std::string first = iterator(kShard0);
  now += milliseconds{29'999};
  const std::string second = get(first).next_iterator.value();
  now += milliseconds{1};
  EXPECT_EQ(kind_of(get_result(first)), Kind::expired_iterator);
  EXPECT_TRUE(get_result(second)) << "a next iterator lives from its own making";
}

TEST_F(StreamRead, TheDefaultLifeOfAnIteratorIsFiveMinutes) {
  const std::string from = iterator(kShard0);
  now += minutes{5} - milliseconds{1};
  EXPECT_TRUE(get_result(from));
  now += milliseconds{1};
  EXPECT_EQ(kind_of(get_result(from)), Kind::expired_iterator);
}

TEST_F(StreamRead, GarbageIteratorsAreRefused) {
  const std::string from = iterator(kShard0);
  for (const std::string& garbage : {std::string(), std::string("garbage"), from.substr(1), from + '0'}) {
    EXPECT_EQ(kind_of(get_result(garbage)), Kind::invalid_argument) << garbage;
  }
  Stream other({.name = "orders", .created = kStart + seconds{1}, .limits = {}});
  const GetRecords request{.stream = "orders", .iterator = from};
  EXPECT_EQ(kind_of(other.get_records(request, now)), Kind::invalid_argument) << "of the stream before";
}

TEST_F(StreamRead, AnIteratorBeyondTheEndOfATwinIsRefused) {
  put("k", "a");
  split(kShard0);
  const std::string child = iterator(kShard1);
  const std::string after_a = iterator(kShard0, Iterator::latest);
  make({});
  EXPECT_EQ(kind_of(get_result(child)), Kind::invalid_argument);
  EXPECT_EQ(kind_of(get_result(after_a)), Kind::invalid_argument);
}

TEST_F(StreamRead, BehindLatestIsTheAgeOfTheLastRecordUntilNothingIsLeft) {
  for (int i = 0; i < 3; ++i) {
    put("k", "x");
    now += seconds{10};
  }
  RecordsPage page = get(iterator(kShard0), 1);
  EXPECT_EQ(page.behind_latest, seconds{30});
  page = get(*page.next_iterator, 1);
  EXPECT_EQ(page.behind_latest, seconds{20});
  page = get(*page.next_iterator, 1);
  EXPECT_EQ(page.behind_latest, seconds{0}) << "the last record was given";
  page = get(*page.next_iterator, 1);
  EXPECT_EQ(page.behind_latest, seconds{0});
}

TEST_F(StreamRead, BehindLatestIsZeroOnlyAtTheTip) {
  put("k", "a");
  put("k", "b");
  EXPECT_GT(get(iterator(kShard0), 1).behind_latest, seconds{0});
}

TEST_F(StreamRead, AnsweredRecordsShareBytesAndOutliveTheStream) {
  put("k", std::string(5'000, 'x'));
  const RecordsPage first = get(iterator(kShard0));
  const RecordsPage second = get(iterator(kShard0));
  EXPECT_EQ(first.records[0].text().data(), second.records[0].text().data());
  stream.reset();
  EXPECT_EQ(first.records[0].text(), std::string(5'000, 'x'));
}

TEST_F(StreamRead, AShardAllowsFiveReadsASecond) {
  make({.shards = 2}, Limits{});
  const std::string from = iterator(kShard0);
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(get_result(from));
  EXPECT_EQ(kind_of(get_result(from)), Kind::throttled);
  EXPECT_TRUE(get_result(iterator(kShard1)));
  now += seconds{1};
  EXPECT_TRUE(get_result(from));
}

TEST_F(StreamRead, AnAnswerOfTenMebibytesBlocksTheShardForFiveSeconds) {
  make({}, Limits{});
  for (int i = 0; i < 11; ++i) {
    put("k", std::string((1 << 20) - 1, 'x'));
    now += seconds{1};
  }
  const RecordsPage page = get(iterator(kShard0));
  ASSERT_EQ(page.records.size(), 10U);
  now += milliseconds{4'999};
  EXPECT_EQ(kind_of(get_result(*page.next_iterator)), Kind::throttled);
  now += milliseconds{1};
  EXPECT_EQ(get(*page.next_iterator).records.size(), 1U);
}

TEST_F(StreamRead, RecordsAreGoneAfterTheRetention) {
  make({.retention = hours{1}});
  const std::string a = put("k", "a").sequence_number;
  const std::string oldest = iterator(kShard0);
  now += minutes{58};
  put("k", "b");
  const std::string before_b = iterator(kShard0);
  now += minutes{2};
  EXPECT_EQ(data_from(kShard0, Iterator::trim_horizon), (Texts{"a", "b"}));
  now += milliseconds{1};
  EXPECT_EQ(data_from(kShard0, Iterator::trim_horizon), Texts{"b"});
  EXPECT_EQ(data_from(kShard0, Iterator::at_timestamp, {}, kStart), Texts{"b"});
  EXPECT_EQ(data_of(get(before_b)), Texts{"b"}) << "an iterator that retention overtook goes on at the trim horizon";
  // A trimmed record's number stands for the trim horizon.
  EXPECT_EQ(data_from(kShard0, Iterator::at_sequence_number, a), Texts{"b"});
  EXPECT_EQ(data_from(kShard0, Iterator::after_sequence_number, a), Texts{"b"});
  now += hours{2};
  EXPECT_EQ(data_from(kShard0, Iterator::trim_horizon), Texts{});
  EXPECT_EQ(kind_of(get_result(oldest)), Kind::expired_iterator);
}

TEST_F(StreamRead, ATrimmedNumberIsStillKnownByItsShardAlone) {
  make({.shards = 2, .retention = hours{1}});
  const std::string in_shard_0 = put_at({}, std::string(100'000, 'x')).sequence_number;
  const std::string in_shard_1 = put_at(HashKey::max(), std::string(100'000, 'x')).sequence_number;
  now += hours{2};
  put_at({}, "new");
  put_at(HashKey::max(), "new");
  EXPECT_EQ(data_from(kShard0, Iterator::at_sequence_number, in_shard_0), Texts{"new"});
  EXPECT_EQ(data_from(kShard1, Iterator::at_sequence_number, in_shard_1), Texts{"new"});
  EXPECT_EQ(kind_of(iterator_result(kShard0, Iterator::at_sequence_number, in_shard_1)), Kind::invalid_argument);
}

TEST_F(StreamRead, DescribeSaysWhatThereIs) {
  make({.shards = 3, .retention = hours{36}});
  const StreamDescription description = stream->describe("orders", now + seconds{5}).value();
  EXPECT_EQ(description.name, "orders");
  EXPECT_EQ(description.arn, "arn:aws:kinesis:us-east-1:000000000000:stream/orders");
  EXPECT_EQ(description.created, kStart);
  EXPECT_EQ(description.retention, hours{36});
  EXPECT_EQ(description.open_shards, 3U);
  EXPECT_EQ(description.server_time, kStart + seconds{5});
  EXPECT_TRUE(stream->describe(description.arn, now));
  EXPECT_EQ(kind_of(stream->describe("other", now)), Kind::not_found);
}

}  // namespace
}  // namespace kcl::embedded
