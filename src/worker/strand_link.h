// A way for any thread to an object on the strand that may be gone by then: what user code may keep (contexts,
// checkpointers, acks) holds one of these, never the object.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "base/loop.h"

namespace kcl::worker {

template <class Owner>
class StrandLink : public std::enable_shared_from_this<StrandLink<Owner>> {
 public:
  StrandLink(base::Loop& loop, Owner& owner) : loop_(&loop), owner_(&owner) {}
  StrandLink(const StrandLink&) = delete;
  StrandLink& operator=(const StrandLink&) = delete;

  /// On the strand, by the owner's end: nothing reaches the owner, nor the loop, after it.
  void close() {
    owner_ = nullptr;
    const std::lock_guard lock(mutex_);
    loop_ = nullptr;
  }

  /// From any thread: runs `action` on the strand, later; drops it when the owner is gone by then.
  void post(std::function<void(Owner&)> action) const {
    const std::lock_guard lock(mutex_);
    if (loop_ == nullptr) return;
    loop_->post([self = this->shared_from_this(), action = std::move(action)] {
      if (self->owner_ != nullptr) action(*self->owner_);
    });
  }

  /// From any thread: the strand's clock. Empty when the owner is gone.
  std::optional<base::BootTime> now() const {
    const std::lock_guard lock(mutex_);
    if (loop_ == nullptr) return std::nullopt;
    return loop_->now();
  }

 private:
  mutable std::mutex mutex_;
  base::Loop* loop_;
  /// Only on the strand.
  Owner* owner_;
};

}  // namespace kcl::worker
