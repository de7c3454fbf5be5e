#include "base/blocking_pool.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <latch>
#include <memory>
#include <thread>
#include <vector>

namespace kcl::base {
namespace {

TEST(BlockingPool, StartsAThreadWhenAllOthersAreBlocked) {
  constexpr int kTasks = 20;
  std::latch everyone(kTasks);
  BlockingPool pool(kTasks);
  // Each waits for all: it ends only if all run at once.
  for (int i = 0; i < kTasks; ++i) pool.submit([&] { everyone.arrive_and_wait(); });
  everyone.wait();
  EXPECT_EQ(pool.threads(), std::size_t{kTasks});
}

TEST(BlockingPool, StartsAThreadForEachOfABurstWhenSomeAreIdle) {
  std::latch begun(1);
  std::latch all(4);
  BlockingPool pool(10);
  pool.submit([&] { begun.count_down(); });
  begun.wait();
  for (int i = 0; i < 4; ++i) pool.submit([&] { all.arrive_and_wait(); });
  all.wait();
}

TEST(BlockingPool, NeverHasMoreThreadsThanItsMaximumAndStillRunsEverything) {
  std::atomic<int> ran{0};
  std::atomic<int> running{0};
  std::atomic<bool> too_many{false};
  {
    BlockingPool pool(3);
    for (int i = 0; i < 500; ++i) {
      pool.submit([&] {
        if (++running > 3) too_many = true;
        ++ran;
        --running;
      });
      EXPECT_LE(pool.threads(), 3U);
    }
  }
  EXPECT_EQ(ran, 500);
  EXPECT_FALSE(too_many);
}

TEST(BlockingPool, StartsTasksInTheOrderOfSubmission) {
  std::vector<int> order;
  {
    BlockingPool pool(1);
    for (int i = 0; i < 100; ++i) pool.submit([&order, i] { order.push_back(i); });
  }
  ASSERT_EQ(order.size(), 100U);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST(BlockingPool, RunsWhatATaskSubmitsWhileThePoolIsBeingDestroyed) {
  std::atomic<int> depth{0};
  std::function<void()> again;
  {
    BlockingPool pool(2);
    again = [&] {
      if (++depth < 50) pool.submit(again);
    };
    pool.submit(again);
  }
  EXPECT_EQ(depth, 50);
}

TEST(BlockingPool, DestroysATaskOnTheThreadThatRanIt) {
  struct Trace {
    std::thread::id ran;
    std::thread::id destroyed;
  };
  Trace trace;
  struct Watched {
    explicit Watched(Trace& to) : trace(to) {}
    Watched(const Watched&) = delete;
    Watched& operator=(const Watched&) = delete;
    ~Watched() { trace.destroyed = std::this_thread::get_id(); }
    Trace& trace;
  };
  {
    BlockingPool pool(1);
    pool.submit([watched = std::make_shared<Watched>(trace)] { watched->trace.ran = std::this_thread::get_id(); });
  }
  EXPECT_NE(trace.ran, std::thread::id());
  EXPECT_NE(trace.ran, std::this_thread::get_id());
  EXPECT_EQ(trace.destroyed, trace.ran);
}

TEST(BlockingPool, TakesTasksFromManyThreads) {
  std::atomic<int> ran{0};
  {
    BlockingPool pool(8);
    std::vector<std::jthread> submitters;
    submitters.reserve(4);
    for (int i = 0; i < 4; ++i) {
      submitters.emplace_back([&] {
        for (int j = 0; j < 200; ++j) pool.submit([&] { ++ran; });
      });
    }
  }
  EXPECT_EQ(ran, 800);
}

}  // namespace
}  // namespace kcl::base
