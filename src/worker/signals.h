// SIGTERM and SIGINT as something to wait for. Any number of watches may live at once, each sees each signal; the first
// one installs the handlers, the last one restores what was there before. A signal that the program ignores stays
// ignored.
#pragma once

#include <cstddef>

namespace kcl::worker {

class SignalWatch {
 public:
  /// Throws std::system_error when the system has no descriptor left, or when 64 watches live already.
  SignalWatch();
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;
  ~SignalWatch();

  /// Blocks until a signal or a wake() has come since the last wait.
  void wait();
  /// Ends the wait, or the next one. Thread-safe.
  void wake();
  /// Signals since construction. One that comes again within half a second is the same request: timeout(1) sends it to
  /// the process and to its group.
  int count() const noexcept;

 private:
  std::size_t slot_;
};

}  // namespace kcl::worker
