#include "base/event_loop.h"

#include <algorithm>

#include "base/boot_clock.h"
#include "base/run_on.h"
#include "base/wall_clock.h"

namespace kcl::base {

namespace {

// The condition variable waits on CLOCK_MONOTONIC, which stands still in a suspended machine: wake up now and then to
// look at CLOCK_BOOTTIME again.
constexpr Duration kLongestSleep = std::chrono::seconds(1);

// Between two looks at the posted actions, so that a storm of timers cannot starve other threads, nor the reverse.
constexpr int kTimersPerTurn = 64;

}  // namespace

EventLoop::EventLoop() : thread_([this] { run(); }) {}

EventLoop::~EventLoop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

BootTime EventLoop::now() const { return boot_now(); }

Timestamp EventLoop::wall() const { return wall_now(); }

BootTime EventLoop::last_turn() const noexcept {
  return BootTime(Duration(last_turn_.load(std::memory_order_relaxed)));
}

void EventLoop::post(std::function<void()> action) {
  {
    const std::lock_guard lock(mutex_);
    posted_.push_back(std::move(action));
  }
  wake_.notify_one();
}

void EventLoop::run_and_wait(const std::function<void()>& action) {
  if (is_current()) return action();
  run_on(*this, action);
}

void EventLoop::arm(Timer& timer, BootTime deadline) { timers_.add(timer, deadline); }

void EventLoop::disarm(Timer& timer) noexcept { timers_.remove(timer); }

void EventLoop::run() {
  std::deque<std::function<void()>> batch;
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      const auto ready = [this] { return stopping_ || !posted_.empty(); };
      if (!ready()) {
        const auto next = timers_.next();
        const auto wait = next ? std::min(*next - boot_now(), kLongestSleep) : kLongestSleep;
        if (wait > Duration::zero()) wake_.wait_for(lock, wait, ready);
      }
      if (stopping_) return;
      batch.swap(posted_);
    }
    const BootTime turn = boot_now();
    last_turn_.store(turn.time_since_epoch().count(), std::memory_order_relaxed);
    for (auto& action : batch) action();
    batch.clear();
    for (int i = 0; i < kTimersPerTurn && timers_.fire_one(turn); ++i) {
    }
  }
}

}  // namespace kcl::base
