#include "base/task_scope.h"

#include "base/check.h"

namespace kcl::base {

struct TaskScope::Root {
  Root(Loop& loop, std::string task_name, std::function<void()> start, std::function<void()> end)
      : name(std::move(task_name)), starting(loop, std::move(start)), ending(loop, std::move(end)) {}
  std::string name;
  std::optional<Task<void>> task;
  Timer starting;
  Timer ending;
};

TaskScope::TaskScope(Loop& loop, OnFailure on_failure) : loop_(loop), on_failure_(std::move(on_failure)) {}

TaskScope::~TaskScope() { abandon(); }

void TaskScope::abandon() {
  stop_.request();
  while (!roots_.empty()) roots_.pop_back();
}

Task<void> TaskScope::run(TaskScope& scope, Root& root, Task<void> task) {
  std::exception_ptr failure;
  try {
    co_await std::move(task);
  } catch (...) {
    failure = std::current_exception();
  }
  if (failure) scope.on_failure_(root.name, failure);
  // A frame cannot destroy itself while it runs: its root goes in the next turn.
  root.ending.arm(scope.loop_.now());
}

void TaskScope::spawn(std::string name, Task<void> task) {
  const auto slot = roots_.emplace(roots_.end());
  *slot = std::make_unique<Root>(
      loop_, std::move(name), [slot] { (*slot)->task->frame_.resume(); },
      [this, slot] {
        const auto ended = std::move(*slot);
        roots_.erase(slot);
        if (roots_.empty()) emptied_.notify_all();
      });
  (*slot)->task = run(*this, **slot, std::move(task));
  (*slot)->starting.arm(loop_.now());
}

Task<void> TaskScope::join() {
  while (!roots_.empty()) co_await emptied_.wait_uninterruptibly(loop_);
}

}  // namespace kcl::base
