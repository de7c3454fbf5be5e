#include "worker/ack.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

namespace kcl::worker {
namespace {

using ports::CallbackResult;

/// A batch of records 1, 2, 3 …; number 3 is an aggregate's of two, if asked for.
struct Fixture {
  explicit Fixture(std::size_t records) : buffer(std::make_shared<std::vector<std::string>>()) {
    buffer->reserve(records);
    auto content = std::make_shared<RecordBatch::Content>();
    for (std::size_t i = 1; i <= records; ++i) {
      buffer->push_back(std::to_string(i));
      content->records.emplace_back(
          Record::Fields{.sequence_number = buffer->back(), .partition_key = "k", .data = "d"});
    }
    content->buffer = buffer;
    batch.emplace(content);
    ack.emplace(std::make_shared<Ack::State>(*batch, [this](Settled what) {
      settled.push_back(std::move(what));
      ++times;
    }));
  }

  const Record& record(std::size_t number) const { return (*batch)[number - 1]; }

  std::shared_ptr<std::vector<std::string>> buffer;
  std::optional<RecordBatch> batch;
  std::vector<Settled> settled;
  std::atomic<int> times{0};
  std::optional<Ack> ack;
};

TEST(WorkerAck, WholeBatchAtOnce) {
  Fixture f(3);
  f.ack->done();
  ASSERT_EQ(f.times, 1);
  EXPECT_TRUE(f.settled[0].result.ok());
  f.ack.reset();
  EXPECT_EQ(f.times, 1);
}

TEST(WorkerAck, RecordsInAnyOrder) {
  Fixture f(12);
  for (const std::size_t number : {7U, 1U, 12U, 3U, 2U, 10U, 9U, 8U, 4U, 5U, 11U}) f.ack->done(f.record(number));
  EXPECT_EQ(f.times, 0);
  f.ack->done(f.record(7));  // twice is once
  EXPECT_EQ(f.times, 0);
  f.ack->done(f.record(6));
  ASSERT_EQ(f.times, 1);
  EXPECT_TRUE(f.settled[0].result.ok());
}

TEST(WorkerAck, RecordsOfOneAggregateAreDifferentRecords) {
  auto content = std::make_shared<RecordBatch::Content>();
  for (const std::uint64_t sub : {0U, 1U}) {
    content->records.emplace_back(Record::Fields{.sequence_number = "5", .data = "d", .sub_sequence_number = sub});
  }
  int times = 0;
  const RecordBatch batch(content);
  const Ack ack(std::make_shared<Ack::State>(batch, [&](const Settled&) { ++times; }));
  ack.done(batch[1]);
  EXPECT_EQ(times, 0);
  ack.done(batch[0]);
  EXPECT_EQ(times, 1);
}

TEST(WorkerAck, FailureTellsWhyAndHowFarTheGapFreePrefixGoes) {
  struct Case {
    std::vector<std::size_t> done;
    std::optional<std::string> until;
  };
  const std::vector<Case> cases{
      {{}, std::nullopt}, {{2, 3}, std::nullopt}, {{1}, "1"}, {{1, 2, 4}, "2"}, {{3, 2, 1}, "3"}};
  for (const Case& each : cases) {
    Fixture f(4);
    for (const std::size_t number : each.done) f.ack->done(f.record(number));
    f.ack->failed("the sink is full");
    ASSERT_EQ(f.times, 1);
    EXPECT_EQ(f.settled[0].result.kind, CallbackResult::Kind::threw);
    EXPECT_EQ(f.settled[0].result.what, "the sink is full");
    ASSERT_EQ(f.settled[0].done_until.has_value(), each.until.has_value());
    if (each.until) {
      EXPECT_EQ(f.settled[0].done_until->text(), *each.until);
    }
  }
}

TEST(WorkerAck, WhenTheLastCopyGoesTheBatchHasFailed) {
  Fixture f(3);
  {
    const Ack copy = *f.ack;
    copy.done(f.record(1));
    f.ack.reset();
    EXPECT_EQ(f.times, 0);
  }
  ASSERT_EQ(f.times, 1);
  EXPECT_EQ(f.settled[0].result.kind, CallbackResult::Kind::threw);
  EXPECT_NE(f.settled[0].result.what.find("2 records"), std::string::npos) << f.settled[0].result.what;
  EXPECT_EQ(f.settled[0].done_until->text(), "1");
}

TEST(WorkerAck, OnlyTheFirstSettlementCounts) {
  Fixture f(2);
  f.ack->failed("first");
  f.ack->done();
  f.ack->done(f.record(1));
  f.ack->failed("second");
  f.ack.reset();
  EXPECT_EQ(f.times, 1);
}

TEST(WorkerAck, ARecordOfAnotherBatchIsRefused) {
  Fixture f(3);
  Fixture other(5);
  EXPECT_THROW(f.ack->done(other.record(4)), std::invalid_argument);
  EXPECT_EQ(f.times, 0);
}

TEST(WorkerAck, OnceSettledItKeepsNoRecordsInMemory) {
  Fixture f(3);
  const std::weak_ptr<std::vector<std::string>> records = f.buffer;
  f.buffer.reset();
  f.batch.reset();
  EXPECT_FALSE(records.expired());
  f.ack->done();
  EXPECT_TRUE(records.expired());
}

TEST(WorkerAck, FromManyThreadsItSettlesOnce) {
  for (int round = 0; round < 20; ++round) {
    Fixture f(64);
    {
      std::vector<std::jthread> threads;
      threads.reserve(4);
      for (std::size_t thread = 0; thread < 4; ++thread) {
        threads.emplace_back([&f, thread, ack = *f.ack] {
          for (std::size_t number = 1 + thread; number <= 64; number += 4) ack.done(f.record(number));
        });
      }
      f.ack.reset();
    }
    ASSERT_EQ(f.times, 1);
    EXPECT_TRUE(f.settled[0].result.ok());
  }
}

}  // namespace
}  // namespace kcl::worker
