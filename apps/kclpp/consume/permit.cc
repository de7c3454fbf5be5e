#include "consume/permit.h"

namespace kclpp::consume {

LastCall::LastCall(std::chrono::milliseconds length) : length_(length), thread_([this] { run(); }) {}

LastCall::~LastCall() {
  end();
  thread_.join();
}

void LastCall::begin() {
  const std::lock_guard lock(mutex_);
  begun_ = true;
  changed_.notify_all();
}

void LastCall::end() {
  const std::lock_guard lock(mutex_);
  ended_ = true;
  over_.request_stop();
  changed_.notify_all();
}

void LastCall::run() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return begun_ || ended_; });
  changed_.wait_for(lock, length_, [this] { return ended_; });
  over_.request_stop();
}

bool Permit::out_of_time() const {
  // A lease that is lost while the others go on is no stop of the worker.
  if (stop_.stop_requested() && !cancelled_()) last_call_.begin();
  return last_call_.over();
}

}  // namespace kclpp::consume
