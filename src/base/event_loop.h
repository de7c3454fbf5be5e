// The strand of production: one thread that owns a loop, real time. See loop.h.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "base/loop.h"
#include "base/timer_queue.h"

namespace kcl::base {

class EventLoop final : public Loop {
 public:
  /// Starts the thread.
  EventLoop();
  /// Stops the thread; actions that were posted and did not run are destroyed. Everything that lives on the strand must
  /// be gone by then. Not to be called on the strand.
  ~EventLoop() override;

  BootTime now() const override;
  Timestamp wall() const override;
  void post(std::function<void()> action) override;

  /// True on the strand.
  bool is_current() const noexcept { return std::this_thread::get_id() == thread_.get_id(); }

  /// Runs `action` on the strand and waits for it. Called on the strand it runs at once.
  void run_and_wait(const std::function<void()>& action);

  /// Time of the last turn of the loop: what a liveness probe looks at. Any thread.
  BootTime last_turn() const noexcept;

 private:
  void arm(Timer& timer, BootTime deadline) override;
  void disarm(Timer& timer) noexcept override;
  void run();

  TimerQueue timers_;

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> posted_;
  bool stopping_ = false;
  std::atomic<Duration::rep> last_turn_{0};

  std::thread thread_;
};

}  // namespace kcl::base
