// Level 1 of the API.
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>

#include "integration/worker/workbench.h"

namespace kcl::test {
namespace {

class Consume : public Workbench {
 protected:
  Consume() : Workbench(3) {}
  WorkerConfig with_signals() const {
    WorkerConfig with = config();
    with.handle_signals = true;
    return with;
  }
  /// Sends SIGTERM once `count` records have come.
  std::jthread terminate_after(std::size_t count) {
    return std::jthread([this, count] {
      EXPECT_TRUE(eventually([&] { return records_ >= count; }));
      ::kill(::getpid(), SIGTERM);
    });
  }
  std::atomic<std::size_t> records_{0};
};

TEST_F(Consume, GivesEachRecordAndReturnsZeroAfterSigterm) {
  put(0, 60);
  const auto terminator = terminate_after(60);
  EXPECT_EQ(consume(with_signals(), [&](const Record&) { ++records_; }), 0);
  EXPECT_EQ(records_, 60U);
  for (const Shard& shard : stream.list()) EXPECT_TRUE(SequenceNumber::parse(stored(shard.id)));
}

TEST_F(Consume, AHandlerThatThrowsGetsItsBatchAgain) {
  put(0, 30);
  std::atomic<bool> failed{false};
  const auto terminator = terminate_after(30);
  const int code = consume(with_signals(), [&](const Record&) {
    if (!failed.exchange(true)) throw std::runtime_error("once");
    ++records_;
  });
  EXPECT_EQ(code, 0);
  EXPECT_GE(records_, 30U);
}

TEST_F(Consume, SeveralHandlersOfAShardKeepTheOrderOfEachKey) {
  for (int i = 0; i < 400; ++i) ASSERT_TRUE(stream.put("key-" + std::to_string(i % 17), "record-" + std::to_string(i)));
  std::mutex mutex;
  std::map<std::string, std::vector<std::string>> by_key;
  std::set<std::thread::id> threads;
  std::atomic<bool> failed{false};
  const auto terminator = terminate_after(400);
  WorkerConfig with = with_signals();
  with.max_records = 50;
  const auto handler = [&](const Record& record) {
    if (record.text() == "record-100" && !failed.exchange(true)) throw std::runtime_error("once");
    {
      const std::lock_guard lock(mutex);
      by_key[std::string(record.partition_key())].emplace_back(record.sequence_number());
      threads.insert(std::this_thread::get_id());
    }
    ++records_;
  };
  EXPECT_EQ(consume(with, handler, {.parallelism_per_shard = 4}), 0);
  EXPECT_EQ(records_, 400U) << "what was handled does not come again in the same epoch";
  EXPECT_GT(threads.size(), 3U);
  for (const auto& [key, numbers] : by_key) {
    const auto earlier = [](const std::string& a, const std::string& b) { return compare_sequence_numbers(a, b) < 0; };
    EXPECT_TRUE(std::ranges::is_sorted(numbers, earlier)) << key;
  }
  for (const Shard& shard : stream.list()) EXPECT_TRUE(SequenceNumber::parse(stored(shard.id)));
}

TEST_F(Consume, ParallelismHasItsBounds) {
  for (const std::size_t wrong : {0UL, 1'001UL}) {
    EXPECT_THROW(consume(config(), [](const Record&) {}, {.parallelism_per_shard = wrong}), ConfigError);
  }
}

TEST_F(Consume, BatchByBatch) {
  put(0, 60);
  const auto terminator = terminate_after(60);
  const int code = consume_batches(with_signals(), [&](const RecordBatch& batch) { records_ += batch.size(); });
  EXPECT_EQ(code, 0);
  EXPECT_EQ(records_, 60U);
}

TEST_F(Consume, EachShardHasAHandlerOfItsOwnWhoseCallsAreNeverConcurrent) {
  put(0, 60);
  std::mutex mutex;
  std::set<std::string> shards;
  const auto terminator = terminate_after(60);
  const int code = consume_each_shard(with_signals(), [&](const ShardContext& context) {
    const std::lock_guard lock(mutex);
    shards.insert(context.shard_id());
    // Not thread-safe, and need not be.
    return [this, count = std::make_shared<int>(0)](const Record&) {
      ++*count;
      ++records_;
    };
  });
  EXPECT_EQ(code, 0);
  EXPECT_EQ(shards.size(), 3U);
}

TEST_F(Consume, ReturnsOneAfterAFailureThatTheLogHasToo) {
  WorkerConfig wrong = with_signals();
  wrong.stream = "no-such-stream";
  EXPECT_EQ(consume(wrong, [](const Record&) {}), 1);
  EXPECT_EQ(log->count("worker_failed"), 1U);
}

}  // namespace
}  // namespace kcl::test
