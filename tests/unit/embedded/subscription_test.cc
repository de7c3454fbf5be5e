#include "embedded/subscription.h"

#include <string>
#include <vector>

#include "unit/embedded/stream_fixture.h"

namespace kcl::embedded {
namespace {

using Texts = std::vector<std::string>;
using Type = GetShardIterator::Type;

class SubscriptionTest : public StreamTest {
 protected:
  SubscriptionTest() { begin({}); }

  void begin(Subscriptions::Options options, Stream::Options stream_options = {}) {
    make(std::move(stream_options));
    consumers.emplace(stream->arn(), Consumers::Options{});
    arn = consumers->add("app", now).value().arn;
    subscriptions.emplace(*stream, *consumers, options);
  }
  KinesisResult<Subscriptions::Id> try_subscribe(Type type = Type::trim_horizon, const std::string& number = {},
                                                 Timestamp timestamp = {}) {
    return subscriptions->subscribe(
        {.consumer_arn = arn, .shard_id = kShard0, .type = type, .sequence_number = number, .timestamp = timestamp},
        now);
  }
  /// The data of the event that comes now; "-" when there is nothing.
  Texts texts_of(Subscriptions::Id id) {
    const auto word = subscriptions->next(id, now);
    if (!word) return {"-"};
    Texts texts;
    for (const Record& record : std::get<ShardEvent>(*word).records) texts.emplace_back(record.text());
    return texts;
  }
  ShardEvent event(Subscriptions::Id id) { return std::get<ShardEvent>(subscriptions->next(id, now).value()); }
  std::optional<Kind> error(Subscriptions::Id id) {
    const auto word = subscriptions->next(id, now);
    const auto* failure = word ? std::get_if<KinesisError>(&*word) : nullptr;
    return failure != nullptr ? std::optional(failure->kind) : std::nullopt;
  }
  bool over(Subscriptions::Id id) {
    const auto word = subscriptions->next(id, now);
    return word && std::holds_alternative<Subscriptions::End>(*word);
  }

  std::optional<Consumers> consumers;
  std::optional<Subscriptions> subscriptions;
  std::string arn;
};

TEST_F(SubscriptionTest, RecordsComeAsTheyArePutAndSilenceIsAnEmptyEvent) {
  const std::string first = put("k", "a").sequence_number;
  const auto id = try_subscribe().value();
  EXPECT_EQ(subscriptions->due(id), now + seconds{5});
  EXPECT_EQ(texts_of(id), Texts{"a"});
  EXPECT_EQ(texts_of(id), Texts{"-"});
  now += seconds{4};
  put("k", "b");
  put("k", "c");
  EXPECT_EQ(texts_of(id), (Texts{"b", "c"}));
  EXPECT_EQ(subscriptions->due(id), now + seconds{5});
  now += milliseconds{4'999};
  EXPECT_EQ(texts_of(id), Texts{"-"});
  now += milliseconds{1};
  EXPECT_EQ(texts_of(id), Texts{});
}

TEST_F(SubscriptionTest, EachPositionStartsWhereItSays) {
  Texts numbers;
  for (const char* data : {"a", "b", "c"}) {
    now += seconds{10};
    numbers.push_back(put("k", data).sequence_number);
  }
  const struct {
    const char* what;
    Type type;
    std::string number;
    Timestamp timestamp;
    Texts expected;
  } cases[] = {
      {"trim horizon", Type::trim_horizon, {}, {}, {"a", "b", "c"}},
      {"latest", Type::latest, {}, {}, {}},
      {"timestamp", Type::at_timestamp, {}, kStart + seconds{20}, {"b", "c"}},
      {"at b", Type::at_sequence_number, numbers[1], {}, {"b", "c"}},
      {"after b", Type::after_sequence_number, numbers[1], {}, {"c"}},
  };
  for (const auto& c : cases) {
    now += seconds{5};
    const auto id = try_subscribe(c.type, c.number, c.timestamp).value();
    now += seconds{5};
    EXPECT_EQ(texts_of(id), c.expected) << c.what;
  }
}

TEST_F(SubscriptionTest, WhatCannotBeSubscribedToIsRefused) {
  const auto kind = [&](const SubscribeToShard& request) { return kind_of(subscriptions->subscribe(request, now)); };
  EXPECT_EQ(kind({.consumer_arn = arn + "0", .shard_id = kShard0}), Kind::not_found);
  EXPECT_EQ(kind({.consumer_arn = "app", .shard_id = kShard0}), Kind::not_found);
  EXPECT_EQ(kind({.consumer_arn = arn, .shard_id = kShard1}), Kind::not_found);
  EXPECT_EQ(kind_of(try_subscribe(Type::after_sequence_number, "17")), Kind::invalid_argument);
  Consumers slow(stream->arn(), {.creation_time = seconds{10}});
  Subscriptions early(*stream, slow, {});
  const std::string creating = slow.add("app", now).value().arn;
  EXPECT_EQ(kind_of(early.subscribe({.consumer_arn = creating, .shard_id = kShard0}, now)), Kind::in_use);
}

TEST_F(SubscriptionTest, ItEndsAfterItsLifetimeAndGoesOnAfterTheContinuation) {
  put("k", "a");
  const auto id = try_subscribe().value();
  std::string after = event(id).continuation_sequence_number.value();
  now += minutes{5} - milliseconds{1};
  put("k", "b");
  const ShardEvent last = event(id);
  EXPECT_EQ(subscriptions->due(id), kStart + minutes{5});
  now += milliseconds{1};
  put("k", "c");
  EXPECT_TRUE(over(id));
  EXPECT_TRUE(over(id));
  const auto next = try_subscribe(Type::after_sequence_number, last.continuation_sequence_number.value()).value();
  EXPECT_EQ(texts_of(next), Texts{"c"});
  now += seconds{5};
  EXPECT_EQ(texts_of(try_subscribe(Type::after_sequence_number, after).value()), (Texts{"b", "c"}));
}

TEST_F(SubscriptionTest, AContinuationIsGoodWhereverAStreamBegan) {
  begin({}, {.retention = minutes{1}});
  put("k", "old");
  now += minutes{2};
  // Trimmed: the number before the first record is nobody's any more.
  const auto at_horizon = try_subscribe().value();
  now += seconds{5};
  const std::string nowhere = event(at_horizon).continuation_sequence_number.value();
  const auto again = try_subscribe(Type::after_sequence_number, nowhere).value();
  put("k", "new");
  EXPECT_EQ(texts_of(again), Texts{"new"});
  now += seconds{5};
  const auto latest = try_subscribe(Type::latest).value();
  now += seconds{5};
  const std::string tip = event(latest).continuation_sequence_number.value();
  put("k", "newer");
  EXPECT_EQ(texts_of(try_subscribe(Type::after_sequence_number, tip).value()), Texts{"newer"});
}

TEST_F(SubscriptionTest, AClosedShardEndsWithItsChildren) {
  for (const bool apart : {true, false}) {
    begin({}, {.empty_answer_at_end = apart});
    put("k", "a");
    const auto id = try_subscribe().value();
    split(kShard0);
    ShardEvent last = event(id);
    EXPECT_EQ(last.records.size(), 1U);
    if (apart) {
      EXPECT_TRUE(last.child_shards.empty());
      last = event(id);
    }
    EXPECT_FALSE(last.continuation_sequence_number);
    ASSERT_EQ(last.child_shards.size(), 2U);
    EXPECT_EQ(last.child_shards[0].id, kShard1);
    EXPECT_EQ(last.child_shards[1].parents, Texts{kShard0});
    EXPECT_TRUE(over(id));
  }
}

TEST_F(SubscriptionTest, ANewerOneTakesOverAfterFiveSecondsAndIsRefusedBefore) {
  const auto old = try_subscribe().value();
  now += milliseconds{4'999};
  EXPECT_EQ(kind_of(try_subscribe()), Kind::in_use);
  subscriptions->close(old);
  EXPECT_EQ(kind_of(try_subscribe()), Kind::in_use);
  now += milliseconds{1};
  const auto newer = try_subscribe().value();
  now += seconds{5};
  const auto newest = try_subscribe().value();
  put("k", "a");
  EXPECT_EQ(subscriptions->due(newer), now);
  EXPECT_EQ(error(newer), Kind::in_use);
  EXPECT_TRUE(over(newer));
  EXPECT_EQ(texts_of(newest), Texts{"a"});
}

TEST_F(SubscriptionTest, ConsumersAndShardsAreApart) {
  begin({}, {.shards = 2});
  const std::string other = consumers->add("other", now).value().arn;
  const auto mine = try_subscribe().value();
  EXPECT_TRUE(subscriptions->subscribe({.consumer_arn = other, .shard_id = kShard0}, now));
  EXPECT_TRUE(subscriptions->subscribe({.consumer_arn = arn, .shard_id = kShard1}, now));
  put_at({}, "a");
  EXPECT_EQ(texts_of(mine), Texts{"a"});
}

TEST_F(SubscriptionTest, AConsumerThatGoesTakesItsStreamsAlong) {
  const auto id = try_subscribe().value();
  ASSERT_TRUE(consumers->remove(arn, now));
  now += seconds{1};
  EXPECT_EQ(error(id), Kind::not_found);
}

TEST_F(SubscriptionTest, AShardThatIsForgottenIsAnErrorAndNoEnd) {
  begin({.lifetime = hours{1}}, {.retention = minutes{1}});
  const auto id = try_subscribe().value();
  split(kShard0);
  now += minutes{2};
  EXPECT_EQ(error(id), Kind::not_found);
}

TEST_F(SubscriptionTest, EventsAreCutByTheirSizeAndSlowedByTheirRate) {
  begin({.event_records = 2, .bytes_per_second = 5});
  for (const char* data : {"a", "b", "c", "d", "e"}) put("k", data);
  const auto id = try_subscribe().value();
  ShardEvent sent = event(id);
  EXPECT_EQ(sent.records.size(), 2U);
  EXPECT_GT(sent.behind_latest.count(), 0);
  EXPECT_LE(subscriptions->due(id), now);
  EXPECT_EQ(texts_of(id), (Texts{"c", "d"}));
  EXPECT_EQ(texts_of(id), Texts{"-"});
  // Eight bytes are what 1.6 seconds allow.
  EXPECT_EQ(subscriptions->due(id), now + milliseconds{1'600});
  now += milliseconds{1'600};
  EXPECT_EQ(texts_of(id), Texts{"e"});
  EXPECT_EQ(subscriptions->due(id), now + seconds{5});
}

}  // namespace
}  // namespace kcl::embedded
