// Waits for what other threads do, without saying when: a condition, looked at again and again, with patience that only
// a hang exhausts.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>

namespace kcl::test {

inline bool eventually(const std::function<bool()>& holds) {
  constexpr int kLooks = 30'000;
  std::mutex mutex;
  std::condition_variable nobody_notifies;
  for (int look = 0; look < kLooks; ++look) {
    if (holds()) return true;
    std::unique_lock lock(mutex);
    nobody_notifies.wait_for(lock, std::chrono::milliseconds(2));
  }
  return false;
}

}  // namespace kcl::test
