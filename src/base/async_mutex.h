// Mutual exclusion among the coroutines of one strand, across their awaits.
#pragma once

#include <utility>

#include "base/loop.h"
#include "base/task.h"
#include "base/wait.h"

namespace kcl::base {

class AsyncMutex {
 public:
  explicit AsyncMutex(Loop& loop) : loop_(loop) {}
  AsyncMutex(const AsyncMutex&) = delete;
  AsyncMutex& operator=(const AsyncMutex&) = delete;

  class [[nodiscard]] Guard {
   public:
    explicit Guard(AsyncMutex& mutex) : mutex_(&mutex) {}
    Guard(Guard&& other) noexcept : mutex_(std::exchange(other.mutex_, nullptr)) {}
    Guard& operator=(Guard&&) = delete;
    ~Guard() {
      if (mutex_ != nullptr) mutex_->unlock();
    }

   private:
    AsyncMutex* mutex_;
  };

  /// Holders do bounded work only (calls with deadlines), so waiting for one needs no deadline of its own.
  Task<Guard> lock() {
    while (locked_) co_await unlocked_.wait_uninterruptibly(loop_);
    locked_ = true;
    co_return Guard(*this);
  }

 private:
  void unlock() {
    locked_ = false;
    unlocked_.notify_all();
  }

  Loop& loop_;
  bool locked_ = false;
  Event unlocked_;
};

}  // namespace kcl::base
