// Several calls under way at once, as many as are allowed, on one strand.
#pragma once

#include <algorithm>
#include <cstddef>
#include <exception>

#include "base/task.h"
#include "base/task_scope.h"

namespace kcl::base {

/// Runs `work(0)` to `work(count - 1)`, begun in this order, at most `at_once` of them at a time, and ends when all
/// that began have ended. `work` gives a Task<bool>; after one that yields false, or throws, no more are begun.
/// Rethrows the first exception. `loop` and what `work` refers to outlive it.
template <class Work>
Task<void> for_each_at_once(Loop& loop, std::size_t count, std::size_t at_once, Work work) {
  struct Progress {
    std::size_t next = 0;
    bool go_on = true;
    std::exception_ptr failure = nullptr;
  } progress;
  const auto lane = [](Progress& shared, std::size_t end, Work& each) -> Task<void> {
    while (shared.go_on && shared.next < end) {
      auto task = each(shared.next++);
      const bool go_on = co_await std::move(task);
      if (!go_on) shared.go_on = false;
    }
  };
  TaskScope scope(loop, [&progress](const std::string&, const std::exception_ptr& failure) {
    progress.go_on = false;
    if (!progress.failure) progress.failure = failure;
  });
  for (std::size_t i = 0; i < std::min(count, at_once); ++i) scope.spawn("each", lane(progress, count, work));
  co_await scope.join();
  if (progress.failure) std::rethrow_exception(progress.failure);
}

}  // namespace kcl::base
