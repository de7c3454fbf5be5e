// Handlers of one shard side by side: in order per key, nothing twice, nothing left out. Threads are real.
#include "worker/keyed_processor.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <kcl/errors.h>

#include "worker/ack.h"
#include "worker/shard_context.h"

namespace kcl::worker {
namespace {

using namespace std::chrono_literals;
using ports::CallbackResult;

/// Hands batches of one shard to a KeyedProcessor and waits for their settlements.
class KeyedProcessorTest : public ::testing::Test {
 protected:
  void make(std::size_t lanes, KeyedProcessor::Handler handler) {
    processor.emplace(pool, lanes, std::make_shared<const KeyedProcessor::Handler>(std::move(handler)));
  }
  /// A batch of `keys`' records; data are numbers that rise over all batches.
  RecordBatch batch_of(const std::vector<std::string>& keys) {
    auto bytes = std::make_shared<std::deque<std::string>>();
    auto content = std::make_shared<RecordBatch::Content>();
    for (const std::string& key : keys) {
      Record::Fields fields;
      fields.sequence_number = bytes->emplace_back(std::to_string(1'000'000 + ++made));
      fields.partition_key = bytes->emplace_back(key);
      fields.data = bytes->emplace_back(std::to_string(made));
      content->records.emplace_back(fields);
    }
    content->buffer = bytes;
    return RecordBatch(content);
  }
  /// Its place among the settlements.
  std::size_t hand_out(const RecordBatch& batch) {
    std::size_t place = 0;
    {
      const std::lock_guard lock(mutex);
      place = settled.size();
      settled.emplace_back();
    }
    const auto state = std::make_shared<Ack::State>(batch, [this, place](Settled what) {
      const std::lock_guard lock(mutex);
      settled[place] = std::move(what);
      changed.notify_all();
    });
    processor->process_records(batch, Ack(state));
    return place;
  }
  Settled wait_for(std::size_t place) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return settled[place].has_value(); });
    return *settled[place];
  }

  std::mutex mutex;
  std::condition_variable changed;
  std::deque<std::optional<Settled>> settled;
  int made = 0;
  base::BlockingPool pool{16};
  std::optional<KeyedProcessor> processor;
};

TEST_F(KeyedProcessorTest, KeepsTheOrderOfEachKeyAcrossBatches) {
  std::mutex seen_mutex;
  std::map<std::string, std::vector<int>> seen;
  make(4, [&](const Record& record) {
    const std::lock_guard lock(seen_mutex);
    seen[std::string(record.partition_key())].push_back(std::stoi(std::string(record.text())));
  });
  std::vector<std::string> keys;
  for (int i = 0; i < 200; ++i) keys.push_back("key-" + std::to_string(i * i % 23));
  std::vector<std::size_t> places;
  for (int i = 0; i < 20; ++i) places.push_back(hand_out(batch_of(keys)));
  for (const std::size_t place : places) EXPECT_TRUE(wait_for(place).result.ok());
  std::size_t count = 0;
  for (const auto& [key, numbers] : seen) {
    EXPECT_TRUE(std::ranges::is_sorted(numbers)) << key;
    EXPECT_EQ(std::ranges::adjacent_find(numbers), numbers.end()) << key;
    count += numbers.size();
  }
  EXPECT_EQ(count, 4'000U);
}

TEST_F(KeyedProcessorTest, DifferentKeysRunAtOnce) {
  std::mutex meeting;
  std::condition_variable met;
  int there = 0;
  // Each waits for the other: one after the other, they would wait for ever.
  make(8, [&](const Record&) {
    std::unique_lock lock(meeting);
    ++there;
    met.notify_all();
    met.wait(lock, [&] { return there >= 2; });
  });
  std::vector<std::string> keys;
  for (int i = 0; i < 40; ++i) keys.push_back(std::to_string(i));
  EXPECT_TRUE(wait_for(hand_out(batch_of(keys))).result.ok());
}

TEST_F(KeyedProcessorTest, AfterAFailureOnlyWhatWasNotHandledComesAgain) {
  std::mutex seen_mutex;
  std::map<int, int> times;
  std::atomic<int> failures{3};
  make(4, [&](const Record& record) {
    const int number = std::stoi(std::string(record.text()));
    if (number == 17 && failures.fetch_sub(1) > 0) throw std::runtime_error("not yet");
    const std::lock_guard lock(seen_mutex);
    ++times[number];
  });
  std::vector<std::string> keys;
  for (int i = 0; i < 30; ++i) keys.push_back("key-" + std::to_string(i % 5));
  const std::vector<RecordBatch> batches{batch_of(keys), batch_of(keys), batch_of(keys)};
  std::vector<std::size_t> places;
  for (const RecordBatch& batch : batches) places.push_back(hand_out(batch));
  const Settled first = wait_for(places[0]);
  EXPECT_EQ(first.result.kind, CallbackResult::Kind::threw);
  EXPECT_EQ(first.result.what, "not yet");
  // As the consumer has it: those that failed, one at a time.
  for (std::size_t i = 0; i < batches.size(); ++i) {
    bool done = wait_for(places[i]).result.ok();
    while (!done) done = wait_for(hand_out(batches[i])).result.ok();
  }
  ASSERT_EQ(times.size(), 90U);
  for (const auto& [number, count] : times) EXPECT_EQ(count, 1) << number;
}

TEST_F(KeyedProcessorTest, NothingOfAKeyRunsBehindItsFailure) {
  std::atomic<bool> failed{false};
  std::atomic<int> behind{0};
  make(2, [&](const Record& record) {
    if (record.text() == "1") {
      failed = true;
      throw std::runtime_error("the first");
    }
    if (failed && record.partition_key() == "a") ++behind;
  });
  const std::vector<std::size_t> places{hand_out(batch_of({"a", "b", "a"})), hand_out(batch_of({"a", "b"}))};
  for (const std::size_t place : places) wait_for(place);
  EXPECT_EQ(behind, 0);
  EXPECT_FALSE(wait_for(places[0]).result.ok());
}

TEST_F(KeyedProcessorTest, RetryLaterIsPassedOn) {
  make(2, [](const Record&) { throw RetryLater(1234ms); });
  const Settled what = wait_for(hand_out(batch_of({"a"})));
  EXPECT_EQ(what.result.kind, CallbackResult::Kind::retry_later);
  EXPECT_EQ(what.result.retry_after, 1234ms);
}

TEST_F(KeyedProcessorTest, WhatWasHandledWithoutAGapIsToldForTheCheckpoint) {
  make(3, [](const Record& record) {
    if (record.text() == "4") throw std::runtime_error("the fourth");
  });
  const RecordBatch batch = batch_of({"a", "a", "a", "a", "a"});
  const Settled what = wait_for(hand_out(batch));
  EXPECT_EQ(what.done_until, batch[2].position());
}

// Handlers of a minute's worth of records must not go on beside those of the next holder.
TEST_F(KeyedProcessorTest, NoHandlerBeginsOnceTheEpochIsNotCertainlyOurs) {
  std::atomic<int> handled{0};
  make(4, [&](const Record&) { ++handled; });
  auto content = std::make_shared<ShardContext::Content>();
  content->guard = std::make_shared<EpochGuard>(nullptr);
  content->guard->end();
  processor->initialize(ShardContext(content));
  const Settled outcome = wait_for(hand_out(batch_of({"a", "b", "c", "d"})));
  EXPECT_EQ(outcome.result.kind, CallbackResult::Kind::retry_later);
  EXPECT_EQ(handled, 0);
}

}  // namespace
}  // namespace kcl::worker
