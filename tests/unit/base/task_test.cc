// Task, TaskScope, and the ways in which coroutines on one strand meet: AsyncMutex.
#include "base/task.h"

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "base/async_mutex.h"
#include "base/event_loop.h"
#include "base/task_scope.h"
#include "base/virtual_loop.h"
#include "unit/base/started.h"

namespace kcl::base {
namespace {

using namespace std::chrono_literals;

Task<int> give(int value) { co_return value; }

Task<int> add(Task<int> a, Task<int> b) {
  const int first = co_await std::move(a);
  const int second = co_await std::move(b);
  co_return first + second;
}

Task<int> fail() {
  throw std::runtime_error("broken");
  co_return 0;
}

Task<std::string> catch_failure() {
  std::string what;
  try {
    co_await fail();
  } catch (const std::exception& e) {
    what = e.what();
  }
  co_return what;
}

/// Says when a frame is destroyed.
class Note {
 public:
  Note(std::vector<std::string>& notes, std::string name) : notes_(notes), name_(std::move(name)) {}
  Note(const Note&) = delete;
  Note& operator=(const Note&) = delete;
  ~Note() { notes_.push_back("end of " + name_); }

 private:
  std::vector<std::string>& notes_;
  std::string name_;
};

Task<void> sleep(VirtualLoop& loop, Duration time, Stop& stop) { co_await sleep_for(loop, time, stop); }

Task<void> note_then_sleep(VirtualLoop& loop, std::vector<std::string>& notes, std::string name, Duration time,
                           Stop& stop) {
  notes.push_back(name);
  const Note note(notes, name);
  co_await sleep(loop, time, stop);
}

class TaskTest : public ::testing::Test {
 protected:
  TaskScope::OnFailure remember() {
    return [this](const std::string& task, std::exception_ptr) { notes.push_back("failure of " + task); };
  }
  VirtualLoop loop{Timestamp{}};
  Stop never;
  std::vector<std::string> notes;
};

TEST_F(TaskTest, YieldsWhatItReturns) { EXPECT_EQ(run(loop, add(give(1), give(2))), 3); }

TEST_F(TaskTest, WhatItThrowsItsAwaiterGets) { EXPECT_EQ(run(loop, catch_failure()), "broken"); }

TEST_F(TaskTest, IsLazyAndItsFrameGoesWithIt) {
  {
    const auto task = note_then_sleep(loop, notes, "a", 1s, never);
    loop.run_for(1min);
  }
  EXPECT_TRUE(notes.empty()) << "not awaited, not started";
}

TEST_F(TaskTest, MovesButIsNotShared) {
  Task<int> first = give(1);
  Task<int> second = std::move(first);
  first = give(3);
  EXPECT_EQ(run(loop, std::move(second)), 1);
  EXPECT_EQ(run(loop, std::move(first)), 3);
}

// Thousands of awaits that end at once: each resumes its awaiter by symmetric transfer, without growing the stack.
Task<int> count_down(int from) { co_return from == 0 ? 0 : 1; }
Task<int> many(int times) {
  int sum = 0;
  for (int i = 1; i <= times; ++i) sum += co_await count_down(i);
  co_return sum;
}
TEST_F(TaskTest, ALoopOfAwaitsDoesNotGrowTheStack) { EXPECT_EQ(run(loop, many(20'000)), 20'000); }

// ---- TaskScope

using TaskScopeTest = TaskTest;

TEST_F(TaskScopeTest, TasksStartSoonAndNotInline) {
  TaskScope scope(loop, remember());
  scope.spawn("a", note_then_sleep(loop, notes, "a", 1s, never));
  scope.spawn("b", note_then_sleep(loop, notes, "b", 1s, never));
  EXPECT_TRUE(notes.empty());
  loop.run_for(0s);
  EXPECT_EQ(notes, (std::vector<std::string>{"a", "b"}));
}

TEST_F(TaskScopeTest, JoinWaitsForTheLast) {
  TaskScope scope(loop, remember());
  for (const auto time : {1s, 5s, 3s}) scope.spawn("sleep", sleep(loop, time, never));
  const auto began = loop.now();
  run(loop, scope.join());
  EXPECT_EQ(loop.now() - began, 5s);
  EXPECT_TRUE(scope.empty());
}

TEST_F(TaskScopeTest, StopEndsTheWaitsThatWereGivenIt) {
  TaskScope scope(loop, remember());
  scope.spawn("sleep", sleep(loop, 1h, scope.stop()));
  loop.run_for(1s);
  scope.stop().request();
  // Spawned after the stop: starts, sees it and winds up.
  scope.spawn("late", sleep(loop, 1h, scope.stop()));
  run(loop, scope.join());
  EXPECT_EQ(loop.now(), BootTime(1s));
}

TEST_F(TaskScopeTest, DestroyingItDestroysTheFramesWhereverTheyAre) {
  {
    TaskScope scope(loop, remember());
    scope.spawn("a", note_then_sleep(loop, notes, "a", 1h, never));
    scope.spawn("never started", note_then_sleep(loop, notes, "b", 1h, never));
    loop.step();
  }
  EXPECT_EQ(notes, (std::vector<std::string>{"a", "end of a"}));
  loop.run_for(2h);
  EXPECT_EQ(notes.size(), 2U) << "nothing of it runs any more";
}

TEST_F(TaskScopeTest, AbandoningDestroysTheFramesAndLeavesTheScopeUsable) {
  TaskScope scope(loop, remember());
  scope.spawn("a", note_then_sleep(loop, notes, "a", 1h, never));
  loop.run_for(1s);
  scope.abandon();
  EXPECT_TRUE(scope.empty());
  EXPECT_EQ(notes.back(), "end of a");
  run(loop, scope.join());
}

Task<void> broken() { co_await fail(); }

TEST_F(TaskScopeTest, WhatARootThrowsIsReportedAndEndsIt) {
  TaskScope scope(loop, remember());
  scope.spawn("a", broken());
  run(loop, scope.join());
  EXPECT_EQ(notes, std::vector<std::string>{"failure of a"});
}

Task<void> spawn_another(TaskScope& scope, VirtualLoop& loop, std::vector<std::string>& notes, Stop& stop) {
  scope.spawn("child", note_then_sleep(loop, notes, "child", 1s, stop));
  co_return;
}

TEST_F(TaskScopeTest, ATaskMaySpawnAnotherAndJoinWaitsForThatToo) {
  TaskScope scope(loop, remember());
  scope.spawn("parent", spawn_another(scope, loop, notes, never));
  run(loop, scope.join());
  EXPECT_EQ(notes, (std::vector<std::string>{"child", "end of child"}));
}

// ---- AsyncMutex

Task<void> hold(AsyncMutex& mutex, VirtualLoop& loop, std::vector<std::string>& notes, std::string name, Stop& stop) {
  const auto guard = co_await mutex.lock();
  notes.push_back(name);
  co_await sleep_for(loop, 1s, stop);
  notes.push_back(name);
}

TEST_F(TaskTest, AMutexIsHeldAcrossAwaitsByOne) {
  AsyncMutex mutex(loop);
  TaskScope scope(loop, remember());
  for (const char* name : {"a", "b", "c"}) scope.spawn(name, hold(mutex, loop, notes, name, never));
  run(loop, scope.join());
  ASSERT_EQ(notes.size(), 6U);
  for (std::size_t i = 0; i < 6; i += 2) EXPECT_EQ(notes[i], notes[i + 1]);
  EXPECT_EQ(loop.now(), BootTime(3s));
}

Task<void> hold_and_ask_again(AsyncMutex& mutex, VirtualLoop& loop, std::vector<std::string>& notes, Stop& stop) {
  {
    const auto guard = co_await mutex.lock();
    notes.push_back("a");
    co_await sleep_for(loop, 1s, stop);
  }
  // In the moment of the release, when those who wait have not been woken yet.
  const auto guard = co_await mutex.lock();
  notes.push_back("a again");
}

TEST_F(TaskTest, AMutexIsGivenInTheOrderInWhichItWasAskedFor) {
  AsyncMutex mutex(loop);
  TaskScope scope(loop, remember());
  scope.spawn("a", hold_and_ask_again(mutex, loop, notes, never));
  for (const char* name : {"b", "c"}) scope.spawn(name, hold(mutex, loop, notes, name, never));
  run(loop, scope.join());
  EXPECT_EQ(notes, (std::vector<std::string>{"a", "b", "b", "c", "c", "a again"}));
}

TEST_F(TaskTest, AHolderWhoseFrameIsDestroyedLetsGo) {
  AsyncMutex mutex(loop);
  TaskScope survivors(loop, remember());
  {
    TaskScope doomed(loop, remember());
    doomed.spawn("a", hold(mutex, loop, notes, "a", never));
    loop.run_for(100ms);
    doomed.spawn("waits", hold(mutex, loop, notes, "waits", never));
    survivors.spawn("b", hold(mutex, loop, notes, "b", never));
    loop.run_for(100ms);
  }
  run(loop, survivors.join());
  EXPECT_EQ(notes, (std::vector<std::string>{"a", "b", "b"}));
}

}  // namespace
}  // namespace kcl::base
