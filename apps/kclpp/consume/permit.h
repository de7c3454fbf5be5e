// How long a batch in hand may still wait for whoever takes it: while the lease is ours and, once the worker stops,
// until the last call is over.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>

namespace kclpp::consume {

/// One per run: from the worker's stop to the moment when what still runs must end, so that the shutdown ends by its
/// deadline. Thread-safe.
class LastCall {
 public:
  /// Over so long after begin().
  explicit LastCall(std::chrono::milliseconds length);
  LastCall(const LastCall&) = delete;
  LastCall& operator=(const LastCall&) = delete;
  ~LastCall();

  /// The worker stops. Later calls change nothing.
  void begin();
  /// Nothing waits any more.
  void end();
  bool over() const noexcept { return over_.stop_requested(); }

 private:
  void run();

  const std::chrono::milliseconds length_;
  std::stop_source over_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool begun_ = false;
  bool ended_ = false;
  std::thread thread_;
};

/// Of one call of a processor. Thread-safe.
class Permit {
 public:
  /// `stop`: the worker is told to stop, or the lease is lost. `cancelled`: the lease is not, or not certainly, ours.
  Permit(std::stop_token stop, std::function<bool()> cancelled, LastCall& last_call)
      : stop_(std::move(stop)), cancelled_(std::move(cancelled)), last_call_(last_call) {}

  /// The call should give up, if it can do so without harm.
  bool withdrawn() const { return cancelled_() || out_of_time(); }
  /// The call must give up: the lease is lost for good, or the worker's time is over.
  bool ended() const { return (stop_.stop_requested() && cancelled_()) || out_of_time(); }
  /// The worker wants to stop: what cannot be done soon is better not waited for.
  bool stopping() const { return stop_.stop_requested(); }
  const std::stop_token& stop() const { return stop_; }

 private:
  bool out_of_time() const;

  std::stop_token stop_;
  std::function<bool()> cancelled_;
  LastCall& last_call_;
};

}  // namespace kclpp::consume
