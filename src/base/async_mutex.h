// Mutual exclusion among the coroutines of one strand, across their awaits: in the order in which they asked.
#pragma once

#include <algorithm>
#include <deque>
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
    const Place place(*this);
    while (locked_ || queue_.front() != &place) co_await unlocked_.wait_uninterruptibly(loop_);
    locked_ = true;
    co_return Guard(*this);
  }

 private:
  /// In the queue; of a frame, which may be destroyed while it waits.
  class Place {
   public:
    explicit Place(AsyncMutex& mutex) : mutex_(mutex) { mutex_.queue_.push_back(this); }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() {
      mutex_.queue_.erase(std::ranges::find(mutex_.queue_, this));
      mutex_.unlocked_.notify_all();
    }

   private:
    AsyncMutex& mutex_;
  };

  void unlock() {
    locked_ = false;
    unlocked_.notify_all();
  }

  Loop& loop_;
  bool locked_ = false;
  std::deque<const Place*> queue_;
  Event unlocked_;
};

}  // namespace kcl::base
