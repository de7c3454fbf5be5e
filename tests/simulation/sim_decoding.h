// Decoding that takes its time, meanwhile anything may happen to the worker.
#pragma once

#include "base/offload.h"
#include "base/wait.h"
#include "simulation/world.h"

namespace kcl::simulation {

class SimDecoding final : public base::Offload {
 public:
  SimDecoding(World& world, base::Loop& loop) : world_(world), loop_(loop) {}

  base::Task<void> run(std::size_t /*bytes*/, std::function<void()> work) override {
    base::Stop never;
    const auto takes = world_.random.between(base::Duration::zero(), std::chrono::milliseconds(300));
    co_await base::sleep_for(loop_, takes, never);
    work();
  }

 private:
  World& world_;
  base::Loop& loop_;
};

}  // namespace kcl::simulation
