// One worker of the demo's fleet, with a switch in its connections and its processors: it can be killed as by kill -9,
// and stalled as by a network that hangs.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>

#include <kcl/item_store.h>
#include <kcl/kinesis.h>
#include <kcl/worker.h>

#include "demo/ledger.h"

namespace kclpp::demo {

/// Thread-safe.
class Switch {
 public:
  /// Waits while stalled. False once killed.
  bool pass();
  void stall();
  void resume();
  void kill();
  bool stalled() const;

 private:
  enum class State { on, stalled, killed };
  void set(State state);

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  State state_ = State::on;
};

struct MemberOptions {
  std::string id;
  std::string stream;
  std::shared_ptr<kcl::Kinesis> kinesis;
  std::shared_ptr<kcl::ItemStore> store;
  std::shared_ptr<kcl::LogSink> log;
  std::chrono::milliseconds failover{3'000};
};

class Member {
 public:
  /// Starts the worker. `runtime` and `ledger` outlive the member.
  Member(const MemberOptions& options, kcl::Runtime& runtime, Ledger& ledger);

  const std::string& id() const noexcept { return id_; }
  kcl::WorkerStatus status() const { return worker_->status(); }
  bool stalled() const { return switch_->stalled(); }

  /// Nothing that this worker does has any effect from now on. Its leases are left to expire.
  void kill();
  void stall() { switch_->stall(); }
  void resume() { switch_->resume(); }
  kcl::ShutdownReport shut_down(std::chrono::milliseconds deadline);

 private:
  std::string id_;
  std::shared_ptr<Switch> switch_;
  std::unique_ptr<kcl::Worker> worker_;
};

}  // namespace kclpp::demo
