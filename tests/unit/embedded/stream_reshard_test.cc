#include "unit/embedded/stream_fixture.h"

namespace kcl::embedded {
namespace {

using StreamReshard = StreamTest;
using Texts = std::vector<std::string>;

HashKey key(const char* decimal) { return HashKey::parse(decimal).value(); }

TEST_F(StreamReshard, ASplitReplacesAShardByTwo) {
  make({.shards = 2});
  now += seconds{5};
  EXPECT_EQ(stream->split_shard(kShard0, std::nullopt, now).value(), (std::vector<std::string>{kShard2, kShard3}));
  const auto shards = list();
  ASSERT_EQ(shards.size(), 4U);
  EXPECT_FALSE(shards[0].is_open());
  EXPECT_TRUE(shards[1].is_open());
  EXPECT_EQ(shards[2].parents(), std::vector<std::string>{kShard0});
  EXPECT_EQ(shards[3].parents(), std::vector<std::string>{kShard0});
  EXPECT_EQ(shards[2].hash_keys, (HashKeyRange{.start = {}, .end = key("85070591730234615865843651857942052863")}));
  EXPECT_EQ(shards[3].hash_keys, (HashKeyRange{.start = key("85070591730234615865843651857942052864"),
                                               .end = key("170141183460469231731687303715884105727")}));
  EXPECT_EQ(stream->describe("orders", now).value().open_shards, 3U);
  EXPECT_EQ(put_at({}).shard_id, kShard2);
}

TEST_F(StreamReshard, ASplitMayBeAtAChosenKey) {
  ASSERT_TRUE(stream->split_shard(kShard0, key("1000"), now));
  EXPECT_EQ(put_at(key("999")).shard_id, kShard1);
  EXPECT_EQ(put_at(key("1000")).shard_id, kShard2);
}

TEST_F(StreamReshard, AMergeReplacesTwoShardsByOneInEitherOrder) {
  for (const bool lower_first : {true, false}) {
    make({.shards = 2});
    const char* first = lower_first ? kShard0 : kShard1;
    const char* second = lower_first ? kShard1 : kShard0;
    EXPECT_EQ(stream->merge_shards(first, second, now).value(), kShard2);
    const auto shards = list();
    ASSERT_EQ(shards.size(), 3U);
    EXPECT_FALSE(shards[0].is_open());
    EXPECT_FALSE(shards[1].is_open());
    EXPECT_EQ(shards[2].parent_id, first);
    EXPECT_EQ(shards[2].adjacent_parent_id, second);
    EXPECT_EQ(shards[2].hash_keys, HashKeyRange{});
  }
}

TEST_F(StreamReshard, WrongReshardsAreRefusedAndChangeNothing) {
  make({.shards = 4});
  merge(kShard0, kShard1);  // the child, 4, adjoins 2
  const struct {
    const char* what;
    const char* shard;
    const char* adjacent;  // null for a split
    std::optional<HashKey> at;
    Kind expected;
  } cases[] = {
      {"split an unknown shard", "shardId-000000000009", nullptr, {}, Kind::not_found},
      {"split a closed shard", kShard0, nullptr, {}, Kind::invalid_argument},
      {"split at the start", kShard2, nullptr, key("170141183460469231731687303715884105728"), Kind::invalid_argument},
      {"split right after it", kShard2, nullptr, key("170141183460469231731687303715884105729"),
       Kind::invalid_argument},
      {"split outside", kShard2, nullptr, key("7"), Kind::invalid_argument},
      {"merge an unknown shard", "garbage", kShard2, {}, Kind::not_found},
      {"merge with an unknown shard", kShard2, "garbage", {}, Kind::not_found},
      {"merge a closed shard", kShard1, kShard2, {}, Kind::invalid_argument},
      {"merge with a closed shard", kShard2, kShard1, {}, Kind::invalid_argument},
      {"merge with itself", kShard2, kShard2, {}, Kind::invalid_argument},
      {"merge what does not adjoin", "shardId-000000000004", kShard3, {}, Kind::invalid_argument},
  };
  for (const auto& c : cases) {
    const auto kind = c.adjacent != nullptr ? kind_of(stream->merge_shards(c.shard, c.adjacent, now))
                                            : kind_of(stream->split_shard(c.shard, c.at, now));
    EXPECT_EQ(kind, c.expected) << c.what;
  }
  EXPECT_EQ(listed(), "0 1 2 3 4");
  EXPECT_EQ(stream->describe("orders", now).value().open_shards, 3U);
  merge("shardId-000000000004", kShard2);
}

TEST_F(StreamReshard, AShardTooNarrowToSplitIsRefused) {
  ASSERT_TRUE(stream->split_shard(kShard0, key("2"), now));
  ASSERT_EQ(list()[1].hash_keys, (HashKeyRange{.start = {}, .end = key("1")}));
  EXPECT_EQ(kind_of(stream->split_shard(kShard1, std::nullopt, now)), Kind::invalid_argument);
}

TEST_F(StreamReshard, ChildrenStartAfterEveryNumberOfTheirParents) {
  make({.shards = 2});
  // Within one second, where the clock alone would not tell generations apart.
  std::string last_of_0 = put_at({}).sequence_number;
  split(kShard0);
  split(kShard2);
  merge(kShard3, kShard1);
  const auto shards = list();
  EXPECT_FALSE(precedes(*shards[0].ending_sequence_number, last_of_0));
  for (const Shard& shard : shards) {
    for (const std::string& parent_id : shard.parents()) {
      const Shard& parent = shards[static_cast<std::size_t>(std::stoi(parent_id.substr(8)))];
      EXPECT_TRUE(precedes(*parent.ending_sequence_number, shard.starting_sequence_number)) << shard.id;
    }
  }
}

TEST_F(StreamReshard, AClosedShardEndsWithAnEmptyAnswerThatNamesItsChildren) {
  put("k", "a");
  put("k", "b");
  const std::string from = iterator(kShard0);
  split(kShard0);
  EXPECT_EQ(data_of(get(from, 1)), Texts{"a"});
  const RecordsPage last_records = get(from);
  EXPECT_EQ(data_of(last_records), (Texts{"a", "b"}));
  EXPECT_EQ(last_records.behind_latest, seconds{0});
  EXPECT_TRUE(last_records.child_shards.empty());
  const RecordsPage end = get(last_records.next_iterator.value());
  EXPECT_TRUE(end.records.empty());
  EXPECT_FALSE(end.next_iterator);
  ASSERT_EQ(end.child_shards.size(), 2U);
  const auto shards = list();
  for (const std::size_t i : {0U, 1U}) {
    EXPECT_EQ(end.child_shards[i].id, shards[i + 1].id);
    EXPECT_EQ(end.child_shards[i].parents, std::vector<std::string>{kShard0});
    EXPECT_EQ(end.child_shards[i].hash_keys, shards[i + 1].hash_keys);
  }
}

TEST_F(StreamReshard, BothParentsOfAMergeNameTheChildWithBothParents) {
  make({.shards = 2});
  merge(kShard1, kShard0);
  for (const char* parent : {kShard0, kShard1}) {
    const RecordsPage end = get(iterator(parent));
    ASSERT_EQ(end.child_shards.size(), 1U);
    EXPECT_EQ(end.child_shards[0].id, kShard2);
    EXPECT_EQ(end.child_shards[0].parents, (std::vector<std::string>{kShard1, kShard0}));
    EXPECT_EQ(end.child_shards[0].hash_keys, HashKeyRange{});
  }
}

TEST_F(StreamReshard, TheEndMayComeWithTheLastRecords) {
  make({.empty_answer_at_end = false});
  put("k", "a");
  const std::string from = iterator(kShard0);
  EXPECT_TRUE(get(from).next_iterator) << "open";
  split(kShard0);
  const RecordsPage end = get(from);
  EXPECT_EQ(data_of(end), Texts{"a"});
  EXPECT_FALSE(end.next_iterator);
  EXPECT_EQ(end.child_shards.size(), 2U);
}

TEST_F(StreamReshard, IteratorsSurvive) {
  const std::string horizon = iterator(kShard0);
  put("k", "a");
  const std::string latest = iterator(kShard0, Iterator::latest);
  split(kShard0);
  merge(kShard1, kShard2);
  EXPECT_EQ(data_of(get(horizon)), Texts{"a"});
  EXPECT_EQ(get(latest).child_shards.size(), 2U);
}

TEST_F(StreamReshard, AClosedShardsNumbersAreValidPositions) {
  const std::string a = put("k", "a").sequence_number;
  split(kShard0);
  const std::string end = *list()[0].ending_sequence_number;
  EXPECT_EQ(data_from(kShard0, Iterator::at_sequence_number, a), Texts{"a"});
  for (const Iterator type : {Iterator::at_sequence_number, Iterator::after_sequence_number}) {
    EXPECT_FALSE(get(iterator(kShard0, type, end)).next_iterator);
  }
  EXPECT_FALSE(get(iterator(kShard0, Iterator::latest)).next_iterator);
}

TEST_F(StreamReshard, AClosedShardIsForgottenAfterTheRetention) {
  make({.retention = hours{1}});
  put("k", "a");
  now += minutes{30};
  split(kShard0);
  now += hours{1};
  const std::string from = iterator(kShard0);
  EXPECT_EQ(listed(), "0 1 2") << "its records are gone, but it is not old enough itself";
  EXPECT_EQ(get(from).child_shards.size(), 2U);
  now += milliseconds{1};
  EXPECT_EQ(listed(), "1 2");
  EXPECT_EQ(kind_of(iterator_result(kShard0, Iterator::trim_horizon)), Kind::not_found);
  EXPECT_EQ(kind_of(get_result(from)), Kind::not_found);
  EXPECT_EQ(kind_of(stream->split_shard(kShard0, std::nullopt, now)), Kind::not_found);
  EXPECT_EQ(list()[0].parent_id, kShard0) << "children keep naming a parent that is no longer listed";
}

using StreamListing = StreamTest;
constexpr auto kFrom = ListShards::Filter::from_timestamp;

TEST_F(StreamListing, FromTimestampGivesEveryShardOpenThenOrLater) {
  make({.shards = 2, .retention = hours{24}});
  now = kStart + hours{1};
  split(kShard0);  // 2 and 3
  now = kStart + hours{2};
  split(kShard2);  // 4 and 5
  now = kStart + hours{3};
  const struct {
    const char* what;
    Timestamp from;
    const char* expected;
  } cases[] = {
      {"before the stream", kStart - hours{99}, "0 1 2 3 4 5"},
      {"its creation", kStart, "0 1 2 3 4 5"},
      {"when the first closed", kStart + hours{1}, "0 1 2 3 4 5"},
      {"after the first closed", kStart + hours{1} + milliseconds{1}, "1 2 3 4 5"},
      {"after the second closed", kStart + hours{2} + milliseconds{1}, "1 3 4 5"},
      {"now", kStart + hours{3}, "1 3 4 5"},
  };
  for (const auto& c : cases) EXPECT_EQ(listed(kFrom, c.from), c.expected) << c.what;
  EXPECT_EQ(listed(), "0 1 2 3 4 5");
  now = kStart + hours{25} + milliseconds{1};
  EXPECT_EQ(listed(kFrom, kStart), "1 2 3 4 5") << "from the trim horizon";
}

TEST_F(StreamListing, PagesKeepTheFilter) {
  make({.shards = 5, .page_size = 2});
  now += seconds{1};
  merge(kShard3, "shardId-000000000004");  // 5
  now += seconds{1};
  ListShards request{.stream = "orders", .filter = kFrom, .timestamp = now};
  ShardPage page = stream->list_shards(request, now).value();
  ASSERT_EQ(page.shards.size(), 2U);
  EXPECT_EQ(page.shards[0].id, kShard0);
  ASSERT_FALSE(page.next_token.empty());

  request.next_token = page.next_token;
  page = stream->list_shards(request, now).value();
  ASSERT_EQ(page.shards.size(), 2U);
  EXPECT_EQ(page.shards[1].id, "shardId-000000000005");
  EXPECT_TRUE(page.next_token.empty()) << "nothing follows a page that is just full";

  request.filter = ListShards::Filter::none;
  page = stream->list_shards(request, now).value();
  EXPECT_EQ(page.shards.back().id, "shardId-000000000005") << "AWS: the filter need not be said again";
  request.filter = kFrom;
  request.timestamp -= seconds{1};
  EXPECT_EQ(kind_of(stream->list_shards(request, now)), Kind::invalid_argument) << "but not be changed";
}

TEST_F(StreamListing, TheDefaultPageHasAThousandShards) {
  make({.shards = 1'001});
  const ShardPage page = stream->list_shards({.stream = "orders"}, now).value();
  EXPECT_EQ(page.shards.size(), 1'000U);
  EXPECT_EQ(list().size(), 1'001U);
}

TEST_F(StreamListing, TokensExpireAndGarbageIsRefused) {
  make({.shards = 3, .page_size = 1});
  ListShards request{.stream = "orders"};
  request.next_token = stream->list_shards(request, now).value().next_token;
  EXPECT_TRUE(stream->list_shards(request, now + minutes{5} - milliseconds{1}));
  EXPECT_EQ(kind_of(stream->list_shards(request, now + minutes{5})), Kind::invalid_argument);
  request.next_token = "garbage";
  EXPECT_EQ(kind_of(stream->list_shards(request, now)), Kind::invalid_argument);
  request.next_token = iterator(kShard0);
  EXPECT_EQ(kind_of(stream->list_shards(request, now)), Kind::invalid_argument) << "an iterator is no page token";
  const ListShards elsewhere{.stream = "other"};
  EXPECT_EQ(kind_of(stream->list_shards(elsewhere, now)), Kind::not_found);
}

}  // namespace
}  // namespace kcl::embedded
