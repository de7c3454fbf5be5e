// Decoding on threads made for that, as many as there are cores. Small work is done on the strand: handing it over
// would cost more.
#pragma once

#include <cstddef>
#include <functional>

#include "base/offload.h"
#include "worker/runtime.h"

namespace kcl::worker {

class Decoding final : public base::Offload {
 public:
  /// `threads` outlives it and whatever it runs.
  explicit Decoding(Threads& threads) : threads_(threads) {}

  base::Task<void> run(std::size_t bytes, std::function<void()> work) override;

 private:
  Threads& threads_;
};

}  // namespace kcl::worker
