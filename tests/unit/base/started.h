// A coroutine that a test has started on a virtual loop, with its result once it has one.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "base/task.h"
#include "base/task_scope.h"
#include "base/virtual_loop.h"

namespace kcl::base {

/// Starts the task; destroying this destroys its frame, wherever that is suspended. Declare it after what the task
/// works with.
template <class T>
class Started {
 public:
  Started(VirtualLoop& loop, Task<T> task)
      : loop_(loop), scope_(loop, [](const std::string&, std::exception_ptr) { ADD_FAILURE() << "the task threw"; }) {
    scope_.spawn("test", keep(result_, std::move(task)));
  }
  Started(const Started&) = delete;
  Started& operator=(const Started&) = delete;

  bool done() const { return result_.has_value(); }
  /// Runs the loop until the task has ended.
  T get() {
    // An hour of virtual time: whatever has not ended by then hangs.
    const BootTime patience = loop_.now() + std::chrono::hours(1);
    while (!done() && loop_.step(patience)) {
    }
    if (!done()) ADD_FAILURE() << "the task does not end";
    return std::move(*result_);
  }

 private:
  static Task<void> keep(std::optional<T>& result, Task<T> task) { result.emplace(co_await std::move(task)); }

  VirtualLoop& loop_;
  std::optional<T> result_;
  TaskScope scope_;
};

/// Tasks that yield nothing are done when they are done.
template <>
class Started<void> {
 public:
  Started(VirtualLoop& loop, Task<void> task) : started_(loop, with_value(std::move(task))) {}
  bool done() const { return started_.done(); }
  void get() { started_.get(); }

 private:
  static Task<bool> with_value(Task<void> task) {
    co_await std::move(task);
    co_return true;
  }
  Started<bool> started_;
};

/// Runs the loop until the task has ended, and yields what it yields.
template <class T>
T run(VirtualLoop& loop, Task<T> task) {
  return Started<T>(loop, std::move(task)).get();
}

}  // namespace kcl::base
