// Between the strand and the program's LogSink: a bounded queue and one thread. A slow sink delays log lines and in the
// end loses some, which is counted and reported; it never delays a lease. What says the same again and again is left
// out, and counted.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>

#include <kcl/log_sink.h>

#include "base/loop.h"
#include "metrics/registry.h"
#include "worker/log_limit.h"

namespace kcl::worker {

class AsyncLog {
 public:
  static constexpr std::size_t kCapacity = 10'000;

  AsyncLog(const base::Loop& clock, std::shared_ptr<LogSink> sink, metrics::Registry& registry);
  AsyncLog(const AsyncLog&) = delete;
  AsyncLog& operator=(const AsyncLog&) = delete;
  /// Writes what is queued for up to a second, and waits for the event in the sink's hands.
  ~AsyncLog();

  /// From any thread; never waits for the sink.
  void write(LogEvent event);

 private:
  void run();
  void wait(std::unique_lock<std::mutex>& lock);
  void queue_left_out(base::BootTime now);
  LogEvent next();

  const base::Loop& clock_;
  std::shared_ptr<LogSink> sink_;
  std::shared_ptr<metrics::Counter> dropped_total_;

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<LogEvent> queue_;
  /// Since the last report.
  std::size_t dropped_ = 0;
  LogLimit limit_;
  bool closing_ = false;
  std::thread thread_;
};

}  // namespace kcl::worker
