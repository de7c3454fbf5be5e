// Who asks: a thread that is inside one of the program's callbacks, or any other.
#pragma once

#include <utility>

namespace kcl::worker {

class EpochGuard;

/// While it lives, its thread is inside a callback of that epoch.
class InCallback {
 public:
  explicit InCallback(const EpochGuard& epoch) : before_(std::exchange(current(), &epoch)) {}
  InCallback(const InCallback&) = delete;
  InCallback& operator=(const InCallback&) = delete;
  ~InCallback() { current() = before_; }

  static bool of(const EpochGuard& epoch) { return current() == &epoch; }

 private:
  static const EpochGuard*& current() {
    thread_local const EpochGuard* epoch = nullptr;
    return epoch;
  }

  const EpochGuard* before_;
};

}  // namespace kcl::worker
