#include "base/blocking_pool.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "base/check.h"

namespace kcl::base {

BlockingPool::BlockingPool(std::size_t max_threads) : max_threads_(max_threads) {
  check(max_threads > 0, "a pool has at least one thread");
  threads_.emplace_back([this] { run(); });
}

BlockingPool::~BlockingPool() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  wake_.notify_all();
  // A running task may submit another, and that start a thread: until the last one is joined.
  for (;;) {
    std::vector<std::thread> ending;
    {
      const std::lock_guard lock(mutex_);
      ending.swap(threads_);
    }
    if (ending.empty()) return;
    for (std::thread& thread : ending) {
      check(thread.get_id() != std::this_thread::get_id(), "a pool of threads is not destroyed by one of its own");
      thread.join();
    }
  }
}

void BlockingPool::submit(std::function<void()> task) {
  const std::lock_guard lock(mutex_);
  queue_.push_back(std::move(task));
  if (queue_.size() <= idle_) {
    wake_.notify_one();
    return;
  }
  if (threads_.size() >= max_threads_) return;
  try {
    threads_.emplace_back([this] { run(); });
  } catch (const std::system_error&) {
    // The system has no more threads to give: those that are there will come to it.
    wake_.notify_one();
  }
}

std::size_t BlockingPool::threads() const {
  const std::lock_guard lock(mutex_);
  return threads_.size();
}

void BlockingPool::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    ++idle_;
    wake_.wait(lock, [this] { return closing_ || !queue_.empty(); });
    --idle_;
    if (queue_.empty()) return;
    {
      const auto task = std::move(queue_.front());
      queue_.pop_front();
      lock.unlock();
      task();
    }
    lock.lock();
  }
}

}  // namespace kcl::base
