#include "worker/blocking_call.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <memory>
#include <thread>

#include "base/task_scope.h"
#include "worker/blocking_item_store.h"
#include "worker/blocking_kinesis.h"

namespace kcl::worker {
namespace {

using std::chrono::milliseconds;

/// Runs a task on the strand and hands its result to the test's thread.
class WorkerBlockingCall : public ::testing::Test {
 public:
  ~WorkerBlockingCall() override {
    threads_.loop.run_and_wait([this] { scope_.reset(); });
  }

 protected:
  template <class T>
  static base::Task<void> keep(base::Task<T> task, std::optional<T>& into, std::latch& done) {
    into.emplace(co_await std::move(task));
    done.count_down();
  }

  template <class T>
  T await(const std::function<base::Task<T>()>& start) {
    std::optional<T> result;
    std::latch done(1);
    threads_.loop.run_and_wait([&] {
      if (!scope_) scope_ = make_scope();
      scope_->spawn("test", keep(start(), result, done));
    });
    done.wait();
    return *std::move(result);
  }

  std::unique_ptr<base::TaskScope> make_scope() {
    return std::make_unique<base::TaskScope>(threads_.loop,
                                             [](const std::string&, const std::exception_ptr&) { ADD_FAILURE(); });
  }

  Called<int> call(std::function<int(const Call&)> function, milliseconds timeout) {
    return await<Called<int>>(
        [&] { return call_blocking<int>(threads_, threads_.kinesis_calls, function, threads_.loop.now() + timeout); });
  }

  static Runtime::Options one_thread_each() {
    return {.max_callback_threads = 4, .max_io_threads = 1, .buffer_bytes = 1UL << 20};
  }

  Threads threads_{one_thread_each()};
  std::unique_ptr<base::TaskScope> scope_;
};

TEST_F(WorkerBlockingCall, YieldsTheValueAndTheTimesAroundTheCallItself) {
  const auto before = threads_.loop.now();
  base::BootTime inside{};
  milliseconds timeout{};
  const auto called = call(
      [&](const Call& limits) {
        EXPECT_FALSE(threads_.loop.is_current());
        inside = threads_.loop.now();
        timeout = limits.timeout;
        return 42;
      },
      std::chrono::minutes(1));
  EXPECT_EQ(called.kind, Called<int>::Kind::returned);
  EXPECT_EQ(called.value, 42);
  EXPECT_LE(before, called.timing.sent);
  EXPECT_LE(called.timing.sent, inside);
  EXPECT_LE(inside, called.timing.received);
  EXPECT_GT(timeout, milliseconds(0));
  EXPECT_LE(timeout, std::chrono::minutes(1));
}

TEST_F(WorkerBlockingCall, WhoeverHangsIsNotWaitedForAndIsAskedToStop) {
  std::atomic<bool> stopped{false};
  std::latch ended(1);
  const auto called = call(
      [&](const Call& limits) {
        // A client that ignores its timeout, but not a stop.
        std::latch stop(1);
        const std::stop_callback on_stop(limits.stop, [&] { stop.count_down(); });
        stop.wait();
        stopped = true;
        ended.count_down();
        return 1;
      },
      milliseconds(20));
  EXPECT_EQ(called.kind, Called<int>::Kind::late);
  EXPECT_FALSE(called.value);
  ended.wait();
  EXPECT_TRUE(stopped);
}

TEST_F(WorkerBlockingCall, WithoutAFreeThreadItIsNeverMade) {
  std::latch release(1);
  std::atomic<int> calls{0};
  threads_.kinesis_calls.submit([&] { release.wait(); });
  const auto called = call([&](const Call&) { return ++calls; }, milliseconds(20));
  EXPECT_EQ(called.kind, Called<int>::Kind::not_begun);
  release.count_down();
  EXPECT_EQ(call([&](const Call&) { return 7; }, std::chrono::minutes(1)).value, 7);
  EXPECT_EQ(calls, 0);
}

TEST_F(WorkerBlockingCall, WhatItThrowsIsToldAndHarmsNothing) {
  const auto told = call([](const Call&) -> int { throw std::runtime_error("boom"); }, std::chrono::minutes(1));
  EXPECT_EQ(told.kind, Called<int>::Kind::threw);
  EXPECT_NE(told.message.find("boom"), std::string::npos);
  EXPECT_EQ(call([](const Call&) -> int { throw 5; }, std::chrono::minutes(1)).kind, Called<int>::Kind::threw);
}

TEST_F(WorkerBlockingCall, ItsWaiterMayBeDestroyedMeanwhile) {
  std::latch begun(1);
  // The call goes on after this test's body.
  const auto stopped = std::make_shared<std::latch>(1);
  threads_.loop.run_and_wait([&] {
    scope_ = make_scope();
    std::function<int(const Call&)> function = [this, &begun, stopped](const Call& limits) {
      const std::stop_callback on_stop(limits.stop, [&] {
        EXPECT_FALSE(threads_.loop.is_current());
        stopped->count_down();
      });
      begun.count_down();
      stopped->wait();
      return 1;
    };
    struct Forgetful {
      static base::Task<void> run(base::Task<Called<int>> task) { co_await std::move(task); }
    };
    auto task = call_blocking<int>(threads_, threads_.kinesis_calls, std::move(function),
                                   threads_.loop.now() + std::chrono::minutes(1));
    scope_->spawn("test", Forgetful::run(std::move(task)));
  });
  begun.wait();
  threads_.loop.run_and_wait([&] { scope_.reset(); });
  stopped->wait();
}

/// Answers when it is let go, whatever its timeout says.
class HangingStore final : public kcl::ItemStore {
 public:
  std::latch released{1};

  StoreResult<void> ensure(CreateTable, const Call&) override { return hang<StoreResult<void>>({}); }
  StoreResult<ReadItem> get(const std::string&, bool, const Call&) override {
    return hang<StoreResult<ReadItem>>(ReadItem{});
  }
  WriteOutcome create(const Item&, const Call&) override { return hang<WriteOutcome>({}); }
  WriteOutcome update(const ItemUpdate&, const Call&) override { return hang<WriteOutcome>({}); }
  WriteOutcome remove(const std::string&, const std::vector<Condition>&, const Call&) override {
    return hang<WriteOutcome>({});
  }
  StoreResult<ScanPage> scan(const ScanRequest&, const Call&) override {
    return hang<StoreResult<ScanPage>>(ScanPage{});
  }

 private:
  template <class T>
  T hang(T value) {
    released.wait();
    return value;
  }
};

TEST_F(WorkerBlockingCall, AHangingStoreAnswersByItsDeadlineWithWhatIsTrue) {
  const auto hanging = std::make_shared<HangingStore>();
  BlockingItemStore store(threads_, hanging);
  using Write = ports::Answer<WriteOutcome>;
  using Read = ports::Answer<StoreResult<ReadItem>>;
  const auto soon = [&] { return threads_.loop.now() + milliseconds(20); };

  // Sent, and nothing heard: unknown. Never sent, as its only thread hangs: for certain not applied.
  const auto sent = await<Write>([&] { return store.update({}, soon()); });
  EXPECT_EQ(sent.value.kind, WriteOutcome::Kind::unknown);
  EXPECT_FALSE(sent.value.message.empty());
  const auto unsent = await<Write>([&] { return store.update({}, soon()); });
  EXPECT_EQ(unsent.value.kind, WriteOutcome::Kind::not_applied);
  const auto read = await<Read>([&] { return store.get("key", true, soon()); });
  ASSERT_FALSE(read.value);
  EXPECT_EQ(read.value.error().kind, StoreError::Kind::unavailable);
  hanging->released.count_down();
}

class ThrowingKinesis final : public kcl::Kinesis {
 public:
  KinesisResult<StreamDescription> describe_stream(const std::string&, const Call&) override {
    throw std::runtime_error("boom");
  }
  KinesisResult<ShardPage> list_shards(const ListShards&, const Call&) override { throw 1; }
  KinesisResult<ShardIterator> get_shard_iterator(const GetShardIterator&, const Call&) override { throw 1; }
  KinesisResult<RecordsPage> get_records(const GetRecords&, const Call&) override { throw 1; }
};

TEST_F(WorkerBlockingCall, AKinesisClientThatThrowsIsUnavailable) {
  BlockingKinesis kinesis(threads_, std::make_shared<ThrowingKinesis>());
  using Description = ports::Answer<KinesisResult<StreamDescription>>;
  const auto answer =
      await<Description>([&] { return kinesis.describe_stream("s", threads_.loop.now() + std::chrono::minutes(1)); });
  ASSERT_FALSE(answer.value);
  EXPECT_EQ(answer.value.error().kind, KinesisError::Kind::unavailable);
  EXPECT_NE(answer.value.error().message.find("boom"), std::string::npos);
}

/// Two events, and the end.
class ShortStream final : public kcl::ShardSubscription {
 public:
  KinesisResult<std::optional<ShardEvent>> next(const Call&) override {
    if (events_ == 2) return std::optional<ShardEvent>();
    ShardEvent event;
    event.continuation_sequence_number = std::to_string(++events_);
    return std::optional(std::move(event));
  }

 private:
  int events_ = 0;
};

class FanOutKinesis final : public kcl::Kinesis {
 public:
  KinesisResult<StreamDescription> describe_stream(const std::string&, const Call&) override {
    return StreamDescription{};
  }
  KinesisResult<ShardPage> list_shards(const ListShards&, const Call&) override { return ShardPage{}; }
  KinesisResult<ShardIterator> get_shard_iterator(const GetShardIterator&, const Call&) override {
    return ShardIterator{};
  }
  KinesisResult<RecordsPage> get_records(const GetRecords&, const Call&) override { return RecordsPage{}; }
  KinesisResult<std::unique_ptr<kcl::ShardSubscription>> subscribe_to_shard(const SubscribeToShard& request,
                                                                            const Call&) override {
    if (request.shard_id == "taken") {
      return Failure{KinesisError{.kind = KinesisError::Kind::in_use, .message = "another has it", .server_time = {}}};
    }
    return std::unique_ptr<kcl::ShardSubscription>(std::make_unique<ShortStream>());
  }
};

using Subscribed = ports::Answer<KinesisResult<std::unique_ptr<ports::ShardSubscription>>>;
using NextEvent = ports::Answer<KinesisResult<std::optional<ShardEvent>>>;

TEST_F(WorkerBlockingCall, APluggedInSubscriptionIsReadToItsEnd) {
  BlockingKinesis kinesis(threads_, std::make_shared<FanOutKinesis>());
  const auto by = [&] { return threads_.loop.now() + std::chrono::minutes(1); };
  auto opened = await<Subscribed>([&] { return kinesis.subscribe_to_shard({.shard_id = "s"}, by()); });
  ASSERT_TRUE(opened.value);
  ports::ShardSubscription& stream = **opened.value;
  for (const char* number : {"1", "2"}) {
    const auto event = await<NextEvent>([&] { return stream.next(by()); });
    ASSERT_TRUE(event.value && *event.value);
    EXPECT_EQ((*event.value)->continuation_sequence_number, number);
  }
  const auto end = await<NextEvent>([&] { return stream.next(by()); });
  ASSERT_TRUE(end.value);
  EXPECT_FALSE(*end.value);
}

TEST_F(WorkerBlockingCall, ASubscriptionThatIsRefusedOrNotOfferedSaysSo) {
  const auto by = [&] { return threads_.loop.now() + std::chrono::minutes(1); };
  BlockingKinesis kinesis(threads_, std::make_shared<FanOutKinesis>());
  const auto taken = await<Subscribed>([&] { return kinesis.subscribe_to_shard({.shard_id = "taken"}, by()); });
  EXPECT_EQ(taken.value.error().kind, KinesisError::Kind::in_use);
  BlockingKinesis plain(threads_, std::make_shared<ThrowingKinesis>());
  const auto unsupported = await<Subscribed>([&] { return plain.subscribe_to_shard({}, by()); });
  EXPECT_EQ(unsupported.value.error().kind, KinesisError::Kind::unsupported);
  EXPECT_NE(unsupported.value.error().message.find("subscribe_to_shard"), std::string::npos);
}

}  // namespace
}  // namespace kcl::worker
