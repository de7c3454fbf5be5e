#include "base/run_on.h"

#include <condition_variable>
#include <mutex>

namespace kcl::base {

void run_on(Loop& loop, const std::function<void()>& action) {
  std::mutex mutex;
  std::condition_variable ran;
  bool done = false;
  loop.post([&] {
    action();
    // Notified under the lock: the waiter owns these variables and may be gone right after it is released.
    const std::lock_guard lock(mutex);
    done = true;
    ran.notify_one();
  });
  std::unique_lock lock(mutex);
  ran.wait(lock, [&] { return done; });
}

}  // namespace kcl::base
