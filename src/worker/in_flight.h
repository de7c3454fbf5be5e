// Counts what one worker has under way on threads that others share, so that its destructor can wait for that and for
// nothing else.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>

namespace kcl::worker {

/// Thread-safe. Outlives its tokens.
class InFlight {
 public:
  /// Counts until its last copy is gone.
  using Token = std::shared_ptr<const void>;

  Token enter() {
    {
      const std::lock_guard lock(mutex_);
      ++count_;
    }
    return Token(this, [this](const void*) { leave(); });
  }

  void wait_until_none() {
    std::unique_lock lock(mutex_);
    none_.wait(lock, [this] { return count_ == 0; });
  }

 private:
  void leave() {
    // Notified under the lock: the waiter may destroy this right after it is released.
    const std::lock_guard lock(mutex_);
    if (--count_ == 0) none_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable none_;
  std::size_t count_ = 0;
};

}  // namespace kcl::worker
