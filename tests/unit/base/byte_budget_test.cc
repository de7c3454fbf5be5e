// One bound for all (C11). The suite's name is what the TSan run filters by.
#include "base/byte_budget.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/event_loop.h"
#include "base/task_scope.h"
#include "base/virtual_loop.h"
#include "unit/base/started.h"

namespace kcl::base {
namespace {

using namespace std::chrono_literals;
using Reservation = ByteBudget::Reservation;

ByteBudget::Use ahead() { return ByteBudget::Use::ahead; }

class ByteBudgetTest : public ::testing::Test {
 protected:
  Reservation reserve(std::size_t bytes) { return run(loop, budget->reserve(loop, bytes, stop)); }

  VirtualLoop loop{Timestamp{}};
  Stop stop;
  std::shared_ptr<ByteBudget> budget = std::make_shared<ByteBudget>(100);
};

TEST_F(ByteBudgetTest, ReservationsAreCountedUntilTheyAreGone) {
  auto first = reserve(60);
  {
    const auto second = reserve(40);
    EXPECT_EQ(budget->used(), 100U);
  }
  EXPECT_EQ(budget->used(), 60U);
  auto moved = std::move(first);
  EXPECT_EQ(budget->used(), 60U);
  EXPECT_EQ(first.bytes(), 0U);  // NOLINT(bugprone-use-after-move): what a moved-from one counts is the point
  moved = Reservation();
  EXPECT_EQ(moved.bytes(), 0U);
}

TEST_F(ByteBudgetTest, WhatDoesNotFitWaits) {
  auto first = reserve(60);
  Started second(loop, budget->reserve(loop, 50, stop));
  loop.run_for(900ms);
  EXPECT_FALSE(second.done());
  first.resize(51);
  loop.run_for(50ms);
  EXPECT_FALSE(second.done()) << "one byte short";
  first.resize(50);
  loop.run_for(1ms);
  EXPECT_TRUE(second.done());
  EXPECT_EQ(budget->used(), 100U);
}

TEST_F(ByteBudgetTest, AnEstimateIsCorrectedWhateverTheLimitSays) {
  auto first = reserve(60);
  first.resize(500);
  EXPECT_EQ(budget->used(), 500U);
  Started second(loop, budget->reserve(loop, 1, stop));
  loop.run_for(1s);
  EXPECT_FALSE(second.done());
  first.resize(0);
  EXPECT_EQ(second.get().bytes(), 1U);
}

TEST_F(ByteBudgetTest, AnOversizedOneIsAdmittedWhenNothingElseIsBuffered) {
  {
    const auto huge = reserve(1000);
    EXPECT_EQ(budget->used(), 1000U);
    Started next(loop, budget->reserve(loop, 1000, stop));
    loop.run_for(1min);
    EXPECT_FALSE(next.done());
  }
  EXPECT_EQ(reserve(1000).bytes(), 1000U);
  EXPECT_EQ(budget->used(), 0U);
}

TEST_F(ByteBudgetTest, ReadingAheadLeavesHalfToThoseWhoHaveNothing) {
  auto some = run(loop, budget->reserve(loop, 40, stop, ahead));
  Started more(loop, budget->reserve(loop, 20, stop, ahead));
  loop.run_for(1s);
  EXPECT_FALSE(more.done());
  auto first = run(loop, budget->reserve(loop, 60, stop, ByteBudget::for_first));
  EXPECT_EQ(budget->used(), 100U);
  first.resize(0);
  loop.run_for(1s);
  EXPECT_FALSE(more.done()) << "it would still fill more than half";
  some.resize(20);
  EXPECT_EQ(more.get().bytes(), 20U);
}

// Smaller wishes would pass it for ever: whenever a byte is free they take it.
TEST_F(ByteBudgetTest, WhoHasNothingAndWaitedForASecondIsAdmittedOverTheLimit) {
  auto others = reserve(60);
  Started large(loop, budget->reserve(loop, 80, stop));
  Started another(loop, budget->reserve(loop, 80, stop));
  Started reads_ahead(loop, budget->reserve(loop, 20, stop, ahead));
  loop.run_for(900ms);
  EXPECT_FALSE(large.done() || another.done());
  loop.run_for(200ms);
  EXPECT_TRUE(large.done());
  loop.run_for(1h);
  EXPECT_FALSE(another.done()) << "one at a time beyond the limit";
  EXPECT_EQ(budget->used(), 140U);
  EXPECT_FALSE(reads_ahead.done());
  others.resize(10);
  loop.run_for(1ms);
  EXPECT_TRUE(another.done()) << "90 are reserved, of 100";
}

TEST_F(ByteBudgetTest, AFullBudgetIsFull) {
  const auto all = reserve(100);
  Started waiting(loop, budget->reserve(loop, 1, stop));
  loop.run_for(1h);
  EXPECT_FALSE(waiting.done());
}

TEST_F(ByteBudgetTest, AnOversizedOneIsAdmittedAheadTooWhenNothingElseIsBuffered) {
  EXPECT_EQ(run(loop, budget->reserve(loop, 1000, stop, ahead)).bytes(), 1000U);
}

TEST_F(ByteBudgetTest, AStopEndsTheWaitWithNothing) {
  const auto all = reserve(100);
  Started waiting(loop, budget->reserve(loop, 1, stop));
  loop.run_for(1s);
  stop.request();
  EXPECT_EQ(waiting.get().bytes(), 0U);
  EXPECT_EQ(reserve(1).bytes(), 0U);
  EXPECT_EQ(budget->used(), 100U);
}

TEST_F(ByteBudgetTest, AWaiterWhoseFrameIsDestroyedTakesNothing) {
  auto all = reserve(100);
  {
    Started waiting(loop, budget->reserve(loop, 10, stop));
    loop.run_for(1s);
  }
  all.resize(0);
  loop.run_for(1s);
  EXPECT_EQ(budget->used(), 0U);
}

Task<void> take_turns(ByteBudget& budget, EventLoop& loop, std::vector<std::promise<Reservation>>& out, Stop& stop) {
  for (auto& promise : out) {
    auto reservation = co_await budget.reserve(loop, 30, stop);
    promise.set_value(std::move(reservation));
  }
}

// Strands reserve while other threads release: batches are dropped wherever the program drops them.
TEST(ByteBudget, ManyThreadsReleaseWhatStrandsReserve) {
  const auto budget = std::make_shared<ByteBudget>(100);
  constexpr std::size_t kStrands = 3;
  constexpr std::size_t kTurns = 200;
  std::vector<std::vector<std::promise<Reservation>>> promises(kStrands);
  for (auto& of_strand : promises) of_strand.resize(kTurns);
  std::vector<std::unique_ptr<EventLoop>> loops;
  std::vector<std::unique_ptr<TaskScope>> scopes(kStrands);
  Stop never;
  for (std::size_t i = 0; i < kStrands; ++i) {
    EventLoop& loop = *loops.emplace_back(std::make_unique<EventLoop>());
    loop.run_and_wait([&] {
      scopes[i] = std::make_unique<TaskScope>(loop, [](const std::string&, std::exception_ptr) { ADD_FAILURE(); });
      scopes[i]->spawn("take turns", take_turns(*budget, loop, promises[i], scopes[i]->stop()));
    });
  }
  std::atomic<std::size_t> most{0};
  std::vector<std::thread> threads;
  for (auto& of_strand : promises) {
    threads.emplace_back([&] {
      for (auto& promise : of_strand) {
        auto reservation = promise.get_future().get();
        std::size_t used = budget->used();
        for (std::size_t seen = most.load(); used > seen && !most.compare_exchange_weak(seen, used);) {
        }
        reservation.resize(10);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_LE(most.load(), 100U);
  for (std::size_t i = 0; i < kStrands; ++i) loops[i]->run_and_wait([&] { scopes[i].reset(); });
  EXPECT_EQ(budget->used(), 0U);
}

TEST_F(ByteBudgetTest, WhatIsKeptIsCountedByHolderUntilItIsLetGoOf) {
  using Kept = std::map<std::string, std::size_t>;
  {
    auto first = reserve(10);
    auto second = reserve(20);
    auto third = reserve(30);
    EXPECT_EQ(budget->kept(), Kept());
    first.keep("a");
    second.keep("a");
    third.keep("b");
    const Reservation moved(std::move(second));
    EXPECT_EQ(budget->kept(), (Kept{{"a", 30}, {"b", 30}}));
    EXPECT_EQ(budget->used(), 60U) << "a part of what is used";
    first = Reservation();
    EXPECT_EQ(budget->kept(), (Kept{{"a", 20}, {"b", 30}}));
  }
  EXPECT_EQ(budget->kept(), Kept());
  EXPECT_EQ(budget->used(), 0U);
  reserve(0).keep("nothing");
  EXPECT_EQ(budget->kept(), Kept());
}

}  // namespace
}  // namespace kcl::base
