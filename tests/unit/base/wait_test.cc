// Waits, events, stops, timers, and the order of virtual time.
#include "base/wait.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "base/scheduled_actions.h"
#include "base/task_scope.h"
#include "base/virtual_loop.h"
#include "unit/base/started.h"

namespace kcl::base {
namespace {

using namespace std::chrono_literals;

constexpr Timestamp kStart{1'800'000'000s};

Task<Woke> wait_for(Event& event, VirtualLoop& loop, BootTime deadline, Stop& stop) {
  co_return co_await event.wait_until(loop, deadline, stop);
}
Task<Woke> sleep(VirtualLoop& loop, BootTime deadline, Stop& stop) {
  co_return co_await sleep_until(loop, deadline, stop);
}

class WaitTest : public ::testing::Test {
 protected:
  VirtualLoop loop{kStart};
  Event event;
  Stop stop;
};

// ---- VirtualLoop

TEST_F(WaitTest, VirtualTimeMovesOnlyWhenNothingIsLeftToDoNow) {
  ScheduledActions actions;
  std::vector<BootTime> times;
  const auto note = [&] { times.push_back(loop.now()); };
  actions.at(loop, BootTime(5s), note);
  actions.at(loop, BootTime(1s), [&] {
    note();
    loop.post(note);
  });
  loop.run_until(BootTime(10s));
  EXPECT_EQ(times, (std::vector<BootTime>{BootTime(1s), BootTime(1s), BootTime(5s)}));
  EXPECT_EQ(loop.now(), BootTime(10s));
  EXPECT_EQ(loop.wall(), kStart + 10s);
}

TEST_F(WaitTest, WhatIsDueAtTheSameTimeRunsInTheOrderOfArming) {
  ScheduledActions actions;
  std::vector<int> order;
  for (int i = 0; i < 5; ++i) actions.at(loop, BootTime(1s), [&order, i] { order.push_back(i); });
  // Due in the past means now, after what was armed for now before.
  actions.at(loop, BootTime(-1s), [&order] { order.push_back(-1); });
  loop.post([&order] { order.push_back(-2); });
  loop.run_for(1s);
  EXPECT_EQ(order, (std::vector<int>{-1, -2, 0, 1, 2, 3, 4}));
}

TEST_F(WaitTest, StepRunsOneActionAndNothingBeyondItsBound) {
  ScheduledActions actions;
  int ran = 0;
  actions.at(loop, BootTime(1s), [&] { ++ran; });
  actions.at(loop, BootTime(3s), [&] { ++ran; });
  EXPECT_FALSE(loop.step(BootTime(999ms)));
  EXPECT_EQ(loop.now(), BootTime{});
  EXPECT_TRUE(loop.step(BootTime(2s)));
  EXPECT_FALSE(loop.step(BootTime(2s)));
  EXPECT_EQ(ran, 1);
  EXPECT_EQ(loop.now(), BootTime(1s));
  EXPECT_TRUE(loop.step());
  EXPECT_FALSE(loop.step());
}

// ---- Timer

TEST_F(WaitTest, ATimerFiresOnceAndMayBeMovedAndCancelled) {
  int fired = 0;
  Timer timer(loop, [&] { ++fired; });
  EXPECT_FALSE(timer.armed());
  timer.arm(BootTime(1s));
  timer.arm(BootTime(3s));
  loop.run_until(BootTime(2s));
  EXPECT_EQ(fired, 0);
  EXPECT_TRUE(timer.armed());
  loop.run_until(BootTime(4s));
  EXPECT_EQ(fired, 1);
  EXPECT_FALSE(timer.armed());
  timer.arm(BootTime(5s));
  timer.cancel();
  timer.cancel();
  timer.arm(kForever);
  EXPECT_FALSE(timer.armed()) << "never";
  loop.run_for(1h);
  EXPECT_EQ(fired, 1);
}

TEST_F(WaitTest, ATimerThatIsDestroyedNeverFires) {
  int fired = 0;
  {
    Timer timer(loop, [&] { ++fired; });
    timer.arm(BootTime(1s));
  }
  loop.run_for(1min);
  EXPECT_EQ(fired, 0);
}

TEST_F(WaitTest, AnActionMayDestroyItsTimerAndArmItAgain) {
  std::unique_ptr<Timer> timer;
  int fired = 0;
  timer = std::make_unique<Timer>(loop, [&] {
    ++fired;
    timer.reset();
  });
  timer->arm(BootTime(1s));
  loop.run_for(2s);
  EXPECT_EQ(fired, 1);

  Timer again(loop, [&] {
    if (++fired < 5) again.arm(loop.now() + 1s);
  });
  again.arm(loop.now());
  loop.run_for(1min);
  EXPECT_EQ(fired, 5);
}

TEST(BootTime, AdditionStopsAtTheEndOfTime) {
  EXPECT_EQ(saturating_add(BootTime(5s), 3s), BootTime(8s));
  EXPECT_EQ(saturating_add(BootTime(5s), Duration::max()), kForever);
  EXPECT_EQ(saturating_add(kForever, 1ns), kForever);
  EXPECT_EQ(saturating_add(kForever - 1ns, 1ns), kForever);
}

// ---- waits

TEST_F(WaitTest, AWaitEndsByItsEventItsDeadlineOrItsStop) {
  {
    Started waiting(loop, wait_for(event, loop, BootTime(10s), stop));
    loop.run_until(BootTime(2s));
    event.notify_all();
    EXPECT_FALSE(waiting.done()) << "never inline in whoever notifies";
    EXPECT_EQ(waiting.get(), Woke::notified);
    EXPECT_EQ(loop.now(), BootTime(2s));
  }
  EXPECT_EQ(run(loop, wait_for(event, loop, BootTime(10s), stop)), Woke::timeout);
  EXPECT_EQ(loop.now(), BootTime(10s));
  EXPECT_EQ(run(loop, wait_for(event, loop, BootTime(1s), stop)), Woke::timeout) << "a deadline that has passed";
  Started waiting(loop, sleep(loop, kForever, stop));
  loop.run_for(1h);
  stop.request();
  EXPECT_EQ(waiting.get(), Woke::stopped);
  const auto before = loop.now();
  EXPECT_EQ(run(loop, wait_for(event, loop, kForever, stop)), Woke::stopped) << "a later wait does not wait at all";
  EXPECT_EQ(loop.now(), before);
}

TEST_F(WaitTest, TheFirstReasonToWakeCounts) {
  Started waiting(loop, wait_for(event, loop, kForever, stop));
  loop.run_for(1s);
  event.notify_all();
  stop.request();
  event.notify_all();
  EXPECT_EQ(waiting.get(), Woke::notified);
}

TEST_F(WaitTest, AnEventRemembersNothing) {
  event.notify_all();
  Started waiting(loop, wait_for(event, loop, BootTime(5s), stop));
  EXPECT_EQ(waiting.get(), Woke::timeout);
}

Task<void> note_when_woken(Event& event, VirtualLoop& loop, std::vector<int>& order, int number, Stop& stop) {
  co_await event.wait_until(loop, kForever, stop);
  order.push_back(number);
  // Waits again: a notification is for those who waited at that moment.
  co_await event.wait_until(loop, kForever, stop);
  order.push_back(-number);
}

TEST_F(WaitTest, WaitersWakeInTheOrderInWhichTheyCame) {
  std::vector<int> order;
  TaskScope scope(loop, [](const std::string&, std::exception_ptr) { ADD_FAILURE(); });
  for (int i = 1; i <= 3; ++i) scope.spawn("w", note_when_woken(event, loop, order, i, stop));
  loop.run_for(1s);
  event.notify_all();
  loop.run_for(1s);
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3}));
  stop.request();
  run(loop, scope.join());
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3, -1, -2, -3}));
}

TEST_F(WaitTest, AWaiterWhoseFrameIsDestroyedIsForgotten) {
  {
    Started waiting(loop, wait_for(event, loop, kForever, stop));
    loop.run_for(1s);
    event.notify_all();  // woken, and destroyed before it runs
  }
  {
    Started waiting(loop, wait_for(event, loop, kForever, stop));
    loop.run_for(1s);
  }
  event.notify_all();
  stop.request();
  loop.run_for(1s);
}

// ---- stops

TEST_F(WaitTest, AChildIsStoppedWithItsParentAndNotTheOtherWayRound) {
  Stop child(stop);
  Stop grandchild(child);
  Started waiting(loop, sleep(loop, kForever, grandchild));
  loop.run_for(1s);
  grandchild.request();
  EXPECT_FALSE(stop.requested());
  EXPECT_EQ(waiting.get(), Woke::stopped);
  stop.request();
  EXPECT_TRUE(child.requested());
  const Stop born_late(stop);
  EXPECT_TRUE(born_late.requested());
}

TEST_F(WaitTest, AChildThatIsGoneIsNotAskedAnyMore) {
  {
    Stop child(stop);
  }
  stop.request();
  EXPECT_TRUE(stop.requested());
}

}  // namespace
}  // namespace kcl::base
