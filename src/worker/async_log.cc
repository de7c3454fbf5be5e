#include "worker/async_log.h"

#include <utility>

namespace kcl::worker {

namespace {

constexpr base::Duration kLastWords = std::chrono::seconds(1);

}  // namespace

AsyncLog::AsyncLog(const base::Loop& clock, std::shared_ptr<LogSink> sink, metrics::Registry& registry)
    : clock_(clock),
      sink_(std::move(sink)),
      dropped_total_(
          registry.counter("kclpp_log_events_dropped_total", "Log events lost because the log sink was too slow.")),
      thread_([this] { run(); }) {}

AsyncLog::~AsyncLog() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void AsyncLog::write(LogEvent event) {
  {
    const base::BootTime now = clock_.now();
    const std::lock_guard lock(mutex_);
    queue_left_out(now);
    if (limit_.admit(event, now)) {
      if (queue_.size() >= kCapacity) {
        ++dropped_;
        dropped_total_->add();
        return;
      }
      queue_.push_back(std::move(event));
    }
  }
  wake_.notify_one();
}

void AsyncLog::run() {
  std::unique_lock lock(mutex_);
  base::BootTime until = base::kForever;
  for (;;) {
    wait(lock);
    if (closing_ && until == base::kForever) {
      until = clock_.now() + kLastWords;
      queue_left_out(base::kForever);
    }
    if (queue_.empty() || clock_.now() >= until) return;
    const LogEvent event = next();
    lock.unlock();
    try {
      sink_->write(event);
    } catch (...) {
      // Against its contract, and there is no log to say so.
      dropped_total_->add();
    }
    lock.lock();
  }
}

/// Until there is something to write, or the end has come.
void AsyncLog::wait(std::unique_lock<std::mutex>& lock) {
  while (!closing_ && queue_.empty()) {
    const base::BootTime now = clock_.now();
    queue_left_out(now);
    if (!queue_.empty()) return;
    if (const auto due = limit_.due()) {
      wake_.wait_for(lock, *due - now);
    } else {
      wake_.wait(lock);
    }
  }
}

/// Under the lock.
void AsyncLog::queue_left_out(base::BootTime now) {
  for (LogEvent& event : limit_.take_left_out(clock_.wall(), now)) queue_.push_back(std::move(event));
}

/// Under the lock: the queue's front, or before it word of those that found the queue full.
LogEvent AsyncLog::next() {
  if (dropped_ > 0) {
    return {.time = clock_.wall(),
            .level = LogLevel::warning,
            .name = "log_events_dropped",
            .fields = {{"count", std::exchange(dropped_, 0)}}};
  }
  LogEvent event = std::move(queue_.front());
  queue_.pop_front();
  return event;
}

}  // namespace kcl::worker
