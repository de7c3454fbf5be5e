// Reading one shard: never a gap, never an end that nobody told, never more than the budget allows.
#include "consumer/polling_reader.h"

#include <string>
#include <utility>
#include <vector>

#include "unit/consumer/reader_fixture.h"

namespace kcl::consumer {
namespace {

using namespace std::chrono_literals;

using PollingReaderTest = ReaderTest<PollingReader>;

TEST_F(PollingReaderTest, EveryRecordOnceAndInOrder) {
  put(9);
  start();
  EXPECT_EQ(read_for(10s), up_to(9));
  put(3);
  EXPECT_EQ(read_for(10s), (std::vector<int>{10, 11, 12}));
}

TEST_F(PollingReaderTest, AfterAnyErrorItGoesOnRightAfterTheLastRecordFetched) {
  for (const ErrorKind kind : {ErrorKind::throttled, ErrorKind::expired_iterator, ErrorKind::invalid_argument,
                               ErrorKind::not_found, ErrorKind::denied, ErrorKind::unavailable}) {
    SCOPED_TRACE(static_cast<int>(kind));
    start_anew();
    put(30);
    start();
    auto numbers = read_for(500ms);
    kinesis->fail_reads(kind);
    for (const int number : read_for(20s)) numbers.push_back(number);
    EXPECT_LT(numbers.size(), 30U);
    EXPECT_FALSE(reader->drained());
    kinesis->fail_reads(std::nullopt);
    for (const int number : read_for(30s)) numbers.push_back(number);
    EXPECT_EQ(numbers, up_to(30));
  }
}

// An iterator lives for five minutes.
TEST_F(PollingReaderTest, AnExpiredIteratorCostsNothing) {
  put(4);
  options.prefetch = 1;
  start();
  loop.run_for(10s);  // one batch waits for the program
  loop.run_for(30min);
  EXPECT_EQ(read_for(10s), up_to(4));
}

TEST_F(PollingReaderTest, Trace1OnlyAnAnswerWithoutANextIteratorEndsAShard) {
  put(3);
  start();
  EXPECT_EQ(read_for(3s), up_to(3));
  kinesis->fail_reads(ErrorKind::not_found);
  read_for(10min);
  EXPECT_FALSE(reader->drained());
  EXPECT_TRUE(reader->child_shards().empty());
  EXPECT_EQ(reader->last_error(), "as scripted");
  kinesis->fail_reads(std::nullopt);
  split(kShard);
  read_for(20s);
  EXPECT_TRUE(reader->drained());
  EXPECT_EQ(reader->child_shards().size(), 2U);
  EXPECT_TRUE(running->done());
}

TEST_F(PollingReaderTest, AShardIsDrainedOnlyOnceItsLastBatchWasPopped) {
  put(1);
  split(kShard);
  start();
  loop.run_for(10s);
  EXPECT_FALSE(reader->drained());
  EXPECT_EQ(pop_all(), up_to(1));
  EXPECT_TRUE(reader->drained());
}

TEST_F(PollingReaderTest, ItReadsNoFurtherAheadThanItMay) {
  put(100);
  options.prefetch = 3;
  start();
  loop.run_for(1min);
  EXPECT_EQ(kinesis->reads(), 3);
  ASSERT_TRUE(reader->pop());
  loop.run_for(1min);
  EXPECT_EQ(kinesis->reads(), 4);
}

// The service allows five reads a second, for all applications together.
TEST_F(PollingReaderTest, ItKeepsToTheServicesPace) {
  put(100);
  start();
  read_for(4s);
  EXPECT_LE(kinesis->reads(), 21);
  read_for(10s);
  const int before = kinesis->reads();
  read_for(10s);
  EXPECT_LE(kinesis->reads() - before, 12) << "nothing new: about one a second";
}

TEST_F(PollingReaderTest, WhoWasThrottledReadsLessOftenForAWhile) {
  put(2'000);
  start();
  read_for(2s);
  kinesis->fail_reads(ErrorKind::throttled);
  read_for(5s);
  kinesis->fail_reads(std::nullopt);
  int before = kinesis->reads();
  read_for(4s);
  EXPECT_LE(kinesis->reads() - before, 8) << "another application may need the shard";
  read_for(120s);
  before = kinesis->reads();
  read_for(10s);
  EXPECT_GE(kinesis->reads() - before, 45) << "nobody does";
}

TEST_F(PollingReaderTest, WhatIsBufferedIsInTheBudgetUntilItsLastCopyIsGone) {
  put(2, 1000);
  start();
  loop.run_for(5s);
  auto batch = reader->pop();
  ASSERT_TRUE(batch);
  loop.run_for(100ms);
  stop.request();
  running->get();
  const std::size_t held = 2 * (1001U + sizeof(Record));
  EXPECT_EQ(budget->used(), held) << "the estimate was corrected";
  std::optional<RecordBatch> kept = batch->batch;
  batch.reset();
  EXPECT_EQ(budget->used(), held);
  kept.reset();
  EXPECT_EQ(budget->used(), 0U);
}

TEST_F(PollingReaderTest, AFullBudgetStopsReadingAndRoomStartsItAgain) {
  put(4);
  base::Stop never;
  auto others = run(budget->reserve(loop, budget->limit(), never));
  start();
  EXPECT_EQ(read_for(30s), std::vector<int>{});
  EXPECT_EQ(kinesis->reads(), 0);
  others.resize(0);
  EXPECT_EQ(read_for(5s), up_to(4));
}

TEST_F(PollingReaderTest, AShardThatHasNothingIsServedBesideThoseThatReadAhead) {
  put(8);
  base::Stop never;
  auto others = run(budget->reserve(loop, budget->limit() / 2, never));
  start();
  loop.run_for(5s);
  auto first = reader->pop();
  ASSERT_TRUE(first) << "the other half of the budget is for it";
  loop.run_for(30s);
  EXPECT_FALSE(reader->pop()) << "it reads ahead of a batch that is not done with";
  first.reset();
  loop.run_for(5s);
  auto second = reader->pop();
  ASSERT_TRUE(second) << "it has nothing any more, and need not read ahead";
  // A program that keeps a batch is through with it all the same.
  const RecordBatch kept = second->batch;
  loop.run_for(30s);
  EXPECT_FALSE(reader->pop());
  second.reset();
  loop.run_for(5s);
  EXPECT_TRUE(reader->pop());
}

TEST_F(PollingReaderTest, WhatIsCountedIsTheAnswerAndWhatPointsIntoIt) {
  put(2, 1000);
  kinesis->set_buffer_bytes(50'000);
  start();
  loop.run_for(5s);
  const auto fetched = reader->pop();
  stop.request();
  running->get();
  EXPECT_EQ(budget->used(), 50'000 + 2 * sizeof(Record));
  EXPECT_EQ(fetched->batch.bytes(), 2 * 1001U);
}

TEST_F(PollingReaderTest, StoppingEndsAnyWait) {
  put(100);
  for (const bool full : {false, true}) {
    base::Stop never;
    base::ByteBudget::Reservation others;
    if (full) others = run(budget->reserve(loop, budget->limit(), never));
    base::Stop asked;
    PollingReader waiting(reading());
    base::Started<void> reading(loop, waiting.run(asked));
    loop.run_for(1min);
    EXPECT_FALSE(reading.done());
    const auto began = loop.now();
    asked.request();
    reading.get();
    EXPECT_LT(loop.now() - began, 1s);
  }
}

TEST_F(PollingReaderTest, WhereItStartsIsWhatItWasTold) {
  put(4);
  using Type = GetShardIterator::Type;
  const auto instant = loop.wall() - 10s;
  const std::vector<std::pair<shards::ReadFrom, Type>> cases{
      {{}, Type::trim_horizon},
      {{.kind = shards::ReadFrom::Kind::timestamp, .sequence_number = {}, .timestamp = instant}, Type::at_timestamp}};
  for (const auto& [from, type] : cases) {
    start(from);
    loop.run_for(1s);
    EXPECT_EQ(kinesis->last_iterator()->type, type);
    EXPECT_EQ(kinesis->last_iterator()->timestamp, from.timestamp);
  }
}

TEST_F(PollingReaderTest, HowFarBehindIsTheServicesWordOrTheSilenceSince) {
  EXPECT_FALSE((start(), reader->behind()));
  read_for(5s);
  EXPECT_EQ(reader->behind(), 0ms);
  kinesis->fail_reads(ErrorKind::unavailable);
  read_for(1min);
  EXPECT_GE(*reader->behind(), 58s) << "nobody knows what came meanwhile";
}

TEST_F(PollingReaderTest, TheTipIsReachedOnceAndForAll) {
  put(5);
  start();
  EXPECT_EQ(reader->reach(), coordinator::Reach::working);
  loop.run_for(300ms);
  EXPECT_EQ(reader->reach(), coordinator::Reach::working) << "batches wait for the program";
  EXPECT_EQ(read_for(10s), up_to(5));
  EXPECT_EQ(reader->reach(), coordinator::Reach::at_tip);
}

// Once failed: kinesis-local compares times of arrival, and records of one PutRecords have the same; a worker that was
// to stop when it had caught up left the rest of them.
TEST_F(PollingReaderTest, AFullPageIsNotTheTipWhateverTheServiceSays) {
  kinesis->set_claims_the_tip(true);
  options.min_interval = 1s;
  put(5);
  start();
  for (const int last : {2, 4}) {
    loop.run_for(last == 2 ? 500ms : 1s);
    EXPECT_EQ(pop_all(), (std::vector<int>{last - 1, last}));
    EXPECT_EQ(reader->reach(), coordinator::Reach::working);
  }
  loop.run_for(1s);
  EXPECT_EQ(pop_all(), std::vector<int>{5});
  EXPECT_EQ(reader->reach(), coordinator::Reach::at_tip);
}

TEST_F(PollingReaderTest, NothingFromTheLimitOnIsDelivered) {
  put(5);
  loop.run_for(1min);
  options.until = kinesis->server_time();
  put(1);
  loop.run_for(1min);
  put(1);
  start();
  EXPECT_EQ(read_for(10s), up_to(5));
  EXPECT_EQ(reader->reach(), coordinator::Reach::at_limit);
  loop.run_for(1h);
  EXPECT_EQ(pop_all(), std::vector<int>());
}

TEST_F(PollingReaderTest, TheTipBeforeTheLimitIsNotTheEnd) {
  put(2);
  options.until = kinesis->server_time() + 1h;
  start();
  EXPECT_EQ(read_for(50min), up_to(2));
  EXPECT_EQ(reader->reach(), coordinator::Reach::working);
  put(1);
  EXPECT_EQ(read_for(5min), std::vector<int>{3});
  loop.run_for(10min);
  EXPECT_EQ(reader->reach(), coordinator::Reach::at_tip);
}

// Its children would start, and the rest of it would never be read by whoever comes without a limit.
TEST_F(PollingReaderTest, AClosedShardThatIsCutAtTheLimitIsNotDrained) {
  put(1);
  loop.run_for(1min);
  options.until = kinesis->server_time();
  put(1);
  split(kShard);
  start();
  EXPECT_EQ(read_for(1min), up_to(1));
  EXPECT_EQ(reader->reach(), coordinator::Reach::at_limit);
  EXPECT_FALSE(reader->drained());
}

}  // namespace
}  // namespace kcl::consumer
