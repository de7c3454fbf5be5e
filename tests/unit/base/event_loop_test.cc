#include "base/event_loop.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <latch>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/task_scope.h"
#include "base/wait.h"

namespace kcl::base {
namespace {

using std::chrono::milliseconds;

TEST(EventLoop, RunsPostedActionsOnItsThreadInOrder) {
  EventLoop loop;
  std::vector<int> order;
  for (int i = 0; i < 100; ++i) {
    loop.post([&, i] {
      EXPECT_TRUE(loop.is_current());
      order.push_back(i);
    });
  }
  loop.run_and_wait([&] { order.push_back(100); });
  EXPECT_FALSE(loop.is_current());
  ASSERT_EQ(order.size(), 101U);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST(EventLoop, TakesActionsFromManyThreads) {
  EventLoop loop;
  int ran = 0;
  {
    std::vector<std::jthread> threads;
    threads.reserve(4);
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (int j = 0; j < 500; ++j) loop.post([&] { ++ran; });
      });
    }
  }
  int seen = 0;
  loop.run_and_wait([&] { seen = ran; });
  EXPECT_EQ(seen, 2000);
}

TEST(EventLoop, RunAndWaitRunsAtOnceOnTheStrandItself) {
  EventLoop loop;
  bool inner = false;
  loop.run_and_wait([&] {
    loop.run_and_wait([&] { inner = true; });
    EXPECT_TRUE(inner);
  });
}

TEST(EventLoop, FiresTimersInTheOrderOfDeadlineThenArming) {
  EventLoop loop;
  std::vector<char> order;
  std::latch done(3);
  std::vector<std::unique_ptr<Timer>> timers;
  loop.run_and_wait([&] {
    const BootTime soon = loop.now() + milliseconds(5);
    const auto add = [&](char name, BootTime when) {
      timers.push_back(std::make_unique<Timer>(loop, [&, name] {
        order.push_back(name);
        done.count_down();
      }));
      timers.back()->arm(when);
    };
    add('c', soon + milliseconds(1));
    add('a', soon);
    add('b', soon);
  });
  done.wait();
  loop.run_and_wait([&] {
    EXPECT_EQ(std::string(order.begin(), order.end()), "abc");
    timers.clear();
  });
}

TEST(EventLoop, ADestroyedTimerNeverFires) {
  EventLoop loop;
  bool fired = false;
  loop.run_and_wait([&] {
    Timer timer(loop, [&] { fired = true; });
    timer.arm(loop.now());
  });
  loop.run_and_wait([&] {});
  loop.run_and_wait([&] { EXPECT_FALSE(fired); });
}

TEST(EventLoop, TimersAndPostedActionsDoNotStarveEachOther) {
  EventLoop loop;
  int fired = 0;
  std::unique_ptr<Timer> storm;
  loop.run_and_wait([&] {
    storm = std::make_unique<Timer>(loop, [&] {
      ++fired;
      storm->arm(loop.now());
    });
    storm->arm(loop.now());
  });
  int before = 0;
  loop.run_and_wait([&] { before = fired; });
  std::latch seen(1);
  std::function<void()> again = [&] { fired > before + 1000 ? seen.count_down() : loop.post(again); };
  loop.post(again);
  seen.wait();
  loop.run_and_wait([&] { storm.reset(); });
}

TEST(EventLoop, DestroysActionsThatDidNotRun) {
  const auto held = std::make_shared<int>(1);
  {
    EventLoop loop;
    std::latch blocked(1);
    loop.post([&] { blocked.wait(); });
    for (int i = 0; i < 10; ++i) loop.post([held] {});
    blocked.count_down();
  }
  EXPECT_EQ(held.use_count(), 1);
}

TEST(EventLoop, LastTurnMovesOn) {
  EventLoop loop;
  loop.run_and_wait([] {});
  const BootTime before = loop.last_turn();
  EXPECT_LE(before, loop.now());
  while (loop.last_turn() == before) loop.run_and_wait([] {});
  EXPECT_GT(loop.last_turn(), before);
}

TEST(EventLoop, AnotherThreadWakesACoroutine) {
  EventLoop loop;
  int sent = 0;  // on the strand
  std::atomic<int> got{0};
  std::latch received(1);
  Event arrived;
  std::unique_ptr<TaskScope> scope;
  struct Receiver {
    static Task<void> run(Loop& strand, Event& wake, const int& from, std::atomic<int>& into, std::latch& done) {
      while (from == 0) co_await wake.wait_uninterruptibly(strand);
      into = from;
      done.count_down();
    }
  };
  loop.run_and_wait([&] {
    scope = std::make_unique<TaskScope>(loop, [](const std::string&, const std::exception_ptr&) { ADD_FAILURE(); });
    scope->spawn("receive", Receiver::run(loop, arrived, sent, got, received));
  });
  std::jthread([&] {
    loop.post([&] {
      sent = 42;
      arrived.notify_all();
    });
  }).join();
  received.wait();
  EXPECT_EQ(got, 42);
  loop.run_and_wait([&] { scope.reset(); });
}

}  // namespace
}  // namespace kcl::base
