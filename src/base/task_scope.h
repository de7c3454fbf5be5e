// Owns the root coroutines of one component. None outlives its scope, none is detached: ask them to end with stop(),
// wait with join(). Destroying a scope destroys the frames that are left, wherever they are suspended. Lives on a
// strand.
#pragma once

#include <exception>
#include <functional>
#include <list>
#include <memory>
#include <string>

#include "base/loop.h"
#include "base/task.h"
#include "base/wait.h"

namespace kcl::base {

class TaskScope {
 public:
  /// `on_failure` is told what a root task threw: a defect of kclpp, since expected errors are values.
  using OnFailure = std::function<void(const std::string& task, std::exception_ptr failure)>;
  TaskScope(Loop& loop, OnFailure on_failure);
  TaskScope(const TaskScope&) = delete;
  TaskScope& operator=(const TaskScope&) = delete;
  ~TaskScope();

  /// Starts `task` soon, on the strand. After stop() tasks still start: they see the stop and wind up.
  void spawn(std::string name, Task<void> task);

  /// What the tasks of this scope give to their waits.
  Stop& stop() noexcept { return stop_; }

  /// Requests the stop and destroys the frames of all tasks, wherever they are suspended. Not to be called by one of
  /// them.
  void abandon();

  /// Waits until no task is left.
  Task<void> join();
  bool empty() const noexcept { return roots_.empty(); }

 private:
  struct Root;
  static Task<void> run(TaskScope& scope, Root& root, Task<void> task);

  Loop& loop_;
  OnFailure on_failure_;
  Stop stop_;
  Event emptied_;
  std::list<std::unique_ptr<Root>> roots_;
};

}  // namespace kcl::base
