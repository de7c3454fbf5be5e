// Threads for calls that block: user callbacks, plugged-in clients and stores.
//
// A task never waits behind a blocked one as long as the maximum is not reached: a thread is started whenever none is
// idle. Tasks start in the order of submission. Threads stay until the end.
//
// Thread-safe. The destructor runs what was submitted to its end, however long that takes, and joins; it must not run
// on one of the pool's own threads. A task must not throw.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace kcl::base {

class BlockingPool {
 public:
  /// Starts the first thread, and throws std::system_error when it cannot; later ones are done without.
  explicit BlockingPool(std::size_t max_threads);
  BlockingPool(const BlockingPool&) = delete;
  BlockingPool& operator=(const BlockingPool&) = delete;
  ~BlockingPool();

  /// A task is destroyed on the thread that ran it. Never blocks.
  void submit(std::function<void()> task);

  std::size_t threads() const;

 private:
  void run();

  const std::size_t max_threads_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> queue_;
  /// Threads that wait for work. Those that were woken and have not come yet count: their task is still in the queue,
  /// too.
  std::size_t idle_ = 0;
  bool closing_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace kcl::base
