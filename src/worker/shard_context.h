// What a program sees of one epoch (kcl::ShardContext), and the strand's side of it. Thread-safe; outlives the worker.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include <kcl/record_processor.h>

#include "base/loop.h"
#include "worker/strand_link.h"

namespace kcl::worker {

class UserProcessor;

/// How far this epoch is certainly ours, as last told by the strand. It only ever errs towards "cancelled".
class EpochGuard {
 public:
  explicit EpochGuard(std::shared_ptr<StrandLink<UserProcessor>> link) : link_(std::move(link)) {}

  void publish(base::BootTime valid_until) noexcept {
    valid_until_.store(valid_until.time_since_epoch().count(), std::memory_order_relaxed);
  }
  void end() noexcept { over_.store(true, std::memory_order_relaxed); }
  bool over() const noexcept { return over_.load(std::memory_order_relaxed); }

  bool cancelled() const {
    if (over()) return true;
    const auto now = link_->now();
    return !now || now->time_since_epoch().count() >= valid_until_.load(std::memory_order_relaxed);
  }

  const std::shared_ptr<StrandLink<UserProcessor>>& link() const noexcept { return link_; }

 private:
  std::shared_ptr<StrandLink<UserProcessor>> link_;
  std::atomic<bool> over_{false};
  std::atomic<base::Duration::rep> valid_until_{0};
};

}  // namespace kcl::worker

namespace kcl {

struct ShardContext::Content {
  std::string application;
  std::string stream;
  std::string shard_id;
  std::string worker_id;
  std::uint64_t epoch = 0;
  Position checkpoint = Position::trim_horizon();
  std::vector<std::string> parents;
  std::optional<HashKeyRange> hash_keys;
  std::shared_ptr<worker::EpochGuard> guard;
  std::stop_source stop;
  /// Returns at once; does nothing when the worker is gone.
  std::function<void()> stop_worker;
};

}  // namespace kcl
