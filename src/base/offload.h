// Where work runs that keeps a processor busy: off the strand in production, so that a large batch delays nobody's
// renewals; in the simulation in its own time.
#pragma once

#include <cstddef>
#include <functional>

#include "base/task.h"

namespace kcl::base {

class Offload {
 public:
  Offload() = default;
  Offload(const Offload&) = delete;
  Offload& operator=(const Offload&) = delete;
  virtual ~Offload() = default;

  /// Runs `work` on whatever thread, and awaits its end on the strand; what it throws, this throws. `work` owns what it
  /// uses: it may outlive whoever awaits it. `bytes` says how much it has to look at.
  virtual Task<void> run(std::size_t bytes, std::function<void()> work) = 0;
};

/// On the strand, at once.
class InlineOffload final : public Offload {
 public:
  Task<void> run(std::size_t /*bytes*/, std::function<void()> work) override {
    work();
    co_return;
  }
};

}  // namespace kcl::base
