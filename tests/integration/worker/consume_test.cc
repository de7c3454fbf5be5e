// Level 1 of the API.
#include <signal.h>

#include <atomic>
#include <set>
#include <stdexcept>
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
