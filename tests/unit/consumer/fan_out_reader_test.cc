// Reading one shard by enhanced fan-out: whatever ends a stream of events, no gap and no repeat; never a hammer, never
// an end that nobody told, never more than there is room for.
#include "consumer/fan_out_reader.h"

#include <string>
#include <utility>
#include <vector>

#include "unit/consumer/reader_fixture.h"

namespace kcl::consumer {
namespace {

using namespace std::chrono_literals;

class FanOutReaderTest : public ReaderTest<FanOutReader> {
 protected:
  FanOutReaderTest() { options.fan_out = FanOutOptions{.consumer_arn = kinesis->consumer_arn()}; }

  /// Puts a record every second, and gives what is read meanwhile.
  std::vector<int> read_while_putting(int count) {
    std::vector<int> numbers;
    for (int i = 0; i < count; ++i) {
      put(1);
      for (const int number : read_for(1s)) numbers.push_back(number);
    }
    for (const int number : read_for(40s)) numbers.push_back(number);
    return numbers;
  }
};

TEST_F(FanOutReaderTest, EveryRecordOnceAndInOrder) {
  put(9);
  start();
  EXPECT_EQ(read_for(1s), up_to(9));
  put(3);
  EXPECT_EQ(read_for(1s), (std::vector<int>{10, 11, 12}));
}

TEST_F(FanOutReaderTest, TheServicesEndEveryFiveMinutesLeavesNoGapAndNoRepeat) {
  start();
  EXPECT_EQ(read_while_putting(20 * 60), up_to(20 * 60));
  EXPECT_EQ(kinesis->subscribed().size(), 5U);
  EXPECT_EQ(kinesis->last_subscription()->type, GetShardIterator::Type::after_sequence_number);
}

TEST_F(FanOutReaderTest, AStreamThatBreaksInAnyWayLeavesNoGapAndNoRepeat) {
  for (const ErrorKind kind : {ErrorKind::unavailable, ErrorKind::in_use, ErrorKind::throttled, ErrorKind::denied,
                               ErrorKind::not_found, ErrorKind::invalid_argument}) {
    SCOPED_TRACE(static_cast<int>(kind));
    start_anew();
    options.fan_out->consumer_arn = kinesis->consumer_arn();
    start();
    std::vector<int> numbers;
    for (int i = 0; i < 10; ++i) {
      for (const int number : read_while_putting(7)) numbers.push_back(number);
      kinesis->break_streams(kind);
    }
    for (const int number : read_while_putting(1)) numbers.push_back(number);
    EXPECT_EQ(numbers, up_to(71));
    EXPECT_GE(kinesis->subscribed().size(), 10U);
    EXPECT_FALSE(reader->drained());
  }
}

TEST_F(FanOutReaderTest, ADeadStreamIsNoticedAndReplaced) {
  start();
  EXPECT_EQ(read_while_putting(3), up_to(3));
  kinesis->set_silent(true);
  put(1);
  EXPECT_EQ(read_for(29s), std::vector<int>{});
  EXPECT_EQ(kinesis->subscribed().size(), 1U);
  EXPECT_GE(*reader->behind(), 25s) << "nobody knows what came meanwhile";
  read_for(2s);
  kinesis->set_silent(false);
  EXPECT_EQ(read_for(10s), std::vector<int>{4});
  EXPECT_EQ(kinesis->subscribed().size(), 2U);
  EXPECT_EQ(reader->behind(), 0ms);
}

TEST_F(FanOutReaderTest, AShardWithoutRecordsIsNotSilent) {
  start();
  read_for(4min);
  EXPECT_EQ(kinesis->subscribed().size(), 1U);
  EXPECT_EQ(reader->behind(), 0ms);
  EXPECT_EQ(reader->reach(), coordinator::Reach::at_tip);
  EXPECT_EQ(budget->used(), 0U) << "other shards need the room";
}

TEST_F(FanOutReaderTest, Trace1OnlyChildrenEndAShard) {
  put(3);
  start();
  EXPECT_EQ(read_for(3s), up_to(3));
  kinesis->fail_reads(ErrorKind::not_found);
  kinesis->break_streams(ErrorKind::not_found);
  read_for(10min);
  EXPECT_FALSE(reader->drained());
  EXPECT_EQ(reader->last_error(), "as scripted");
  kinesis->fail_reads(std::nullopt);
  put(1);
  split(kShard);
  EXPECT_EQ(read_for(30s), std::vector<int>{4});
  EXPECT_TRUE(reader->drained());
  EXPECT_EQ(reader->child_shards().size(), 2U);
  EXPECT_TRUE(running->done());
  EXPECT_EQ(kinesis->streams(), 0);
}

TEST_F(FanOutReaderTest, AnEndWithoutChildrenIsNone) {
  kinesis->set_forget_children(true);
  put(1);
  split(kShard);
  start();
  EXPECT_EQ(read_for(3min), up_to(1));
  EXPECT_FALSE(reader->drained());
  kinesis->set_forget_children(false);
  read_for(30s);
  EXPECT_TRUE(reader->drained());
}

TEST_F(FanOutReaderTest, RefusalsAreTriedEverMoreRarely) {
  for (const ErrorKind kind : {ErrorKind::in_use, ErrorKind::throttled, ErrorKind::not_found, ErrorKind::denied}) {
    start_anew();
    options.fan_out->consumer_arn = kinesis->consumer_arn();
    kinesis->fail_reads(kind);
    start();
    read_for(10min);
    const auto& tries = kinesis->subscribed();
    EXPECT_GE(tries.size(), 600U / 20);
    EXPECT_LE(tries.size(), 75U) << static_cast<int>(kind);
    EXPECT_GE(tries.back() - tries[tries.size() - 2], 10s);
    EXPECT_FALSE(reader->turned_away()) << "unless it was asked for";
  }
}

// Two that read with one consumer take the stream from each other. Each reads on.
TEST_F(FanOutReaderTest, ATakeOverIsSurvived) {
  start();
  EXPECT_EQ(read_while_putting(3), up_to(3));
  const SubscribeToShard twin{.consumer_arn = kinesis->consumer_arn(), .shard_id = kShard};
  ASSERT_TRUE(kinesis->subscriptions().subscribe(twin, kinesis->server_time()));
  put(1);
  EXPECT_EQ(read_for(1s), std::vector<int>{});
  EXPECT_EQ(read_for(20s), std::vector<int>{4});
}

TEST_F(FanOutReaderTest, AProcessorThatIsSlowCostsTheStreamAndNoRecord) {
  options.prefetch = 1;
  put(1);
  start();
  loop.run_for(500ms);
  EXPECT_EQ(kinesis->streams(), 1);
  loop.run_for(1min);
  EXPECT_EQ(kinesis->streams(), 0) << "paused for more than a second";
  put(8);
  EXPECT_EQ(read_for(20s), up_to(9));
}

TEST_F(FanOutReaderTest, AFullBudgetCostsTheStreamAndNoRecordAndItsRoomIsKept) {
  put(4, 1000);
  base::Stop never;
  auto others = run(budget->reserve(loop, budget->limit(), never));
  start();
  loop.run_for(900ms);
  EXPECT_EQ(kinesis->streams(), 1);
  EXPECT_TRUE(reader->waits_for_budget());
  loop.run_for(1min);
  EXPECT_EQ(kinesis->streams(), 0);
  EXPECT_EQ(kinesis->subscribed().size(), 1U);
  others.resize(budget->limit() - 10'000);
  loop.run_for(100ms);
  EXPECT_FALSE(reader->waits_for_budget());
  EXPECT_EQ(budget->used(), budget->limit() - 10'000 + 4 * (1001 + sizeof(Record))) << "the event that came again";
  EXPECT_EQ(read_for(10s), up_to(4));
  EXPECT_EQ(budget->used(), budget->limit() - 10'000);
}

TEST_F(FanOutReaderTest, RoomThatIsNotUsedIsGivenBack) {
  put(4, 1000);
  base::Stop never;
  auto others = run(budget->reserve(loop, budget->limit(), never));
  start();
  loop.run_for(10s);
  kinesis->fail_reads(ErrorKind::unavailable);
  others.resize(0);
  read_for(1min);
  EXPECT_EQ(budget->used(), 0U);
  kinesis->fail_reads(std::nullopt);
  EXPECT_EQ(read_for(30s), up_to(4));
}

TEST_F(FanOutReaderTest, StoppingEndsAnyWait) {
  base::Stop never;
  for (const char* where : {"backing off", "full budget", "full queue"}) {
    start_anew();
    options.fan_out->consumer_arn = kinesis->consumer_arn();
    put(10);
    base::ByteBudget::Reservation others;
    if (std::string(where) == "full budget") others = run(budget->reserve(loop, budget->limit(), never));
    if (std::string(where) == "backing off") kinesis->fail_reads(ErrorKind::denied);
    base::Stop asked;
    FanOutReader waiting(reading());
    base::Started<void> reading_on(loop, waiting.run(asked));
    loop.run_for(1min);
    for (int i = 0; i < 3; ++i) put(1), loop.run_for(10s);
    EXPECT_FALSE(reading_on.done());
    const auto began = loop.now();
    asked.request();
    reading_on.get();
    EXPECT_LT(loop.now() - began, 1s) << where;
    EXPECT_EQ(kinesis->streams(), 0) << where;
  }
}

TEST_F(FanOutReaderTest, WhereItStartsIsWhatItWasTold) {
  put(4);
  using Type = GetShardIterator::Type;
  const auto instant = loop.wall() - 10s;
  start({.kind = shards::ReadFrom::Kind::timestamp, .timestamp = instant});
  loop.run_for(1s);
  EXPECT_EQ(kinesis->last_subscription()->type, Type::at_timestamp);
  EXPECT_EQ(kinesis->last_subscription()->timestamp, instant);
  EXPECT_EQ(kinesis->last_subscription()->shard_id, kShard);
}

// Records that were written long ago are far from the tip: the service says how far it has looked.
TEST_F(FanOutReaderTest, AQuietShardGoesOnWhereTheServiceHasLooked) {
  put(1);
  start();
  EXPECT_EQ(read_for(1s), up_to(1));
  read_for(11min);
  EXPECT_EQ(kinesis->subscribed().size(), 3U);
  put(1);
  EXPECT_EQ(read_for(1s), std::vector<int>{2});
}

TEST_F(FanOutReaderTest, NothingFromTheLimitOnIsDelivered) {
  put(3);
  loop.run_for(10s);
  options.until = kinesis->server_time();
  put(3);
  start();
  EXPECT_EQ(read_for(10s), up_to(3));
  EXPECT_EQ(reader->reach(), coordinator::Reach::at_limit);
  EXPECT_TRUE(running->done());
}

TEST_F(FanOutReaderTest, WhereItIsRefusedAnotherReaderMayGoOn) {
  options.fan_out->fall_back = true;
  put(3);
  start();
  EXPECT_EQ(read_for(6s), up_to(3));
  const std::string after = reader->from().sequence_number;
  kinesis->fail_reads(ErrorKind::denied);
  kinesis->break_streams(ErrorKind::unavailable);
  put(2);
  read_for(1min);
  EXPECT_TRUE(reader->turned_away());
  EXPECT_TRUE(running->done());
  EXPECT_EQ(reader->from().sequence_number, after);
  kinesis->fail_reads(ErrorKind::unavailable);
  start();
  read_for(10min);
  EXPECT_FALSE(reader->turned_away()) << "an outage is no refusal";
}

}  // namespace
}  // namespace kcl::consumer
