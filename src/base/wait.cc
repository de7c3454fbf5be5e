#include "base/wait.h"

#include <algorithm>

namespace kcl::base {

Stop::Stop(Stop& parent) : parent_(&parent), requested_(parent.requested_) { parent.children_.push_back(this); }

Stop::~Stop() {
  if (parent_ != nullptr) std::erase(parent_->children_, this);
}

void Stop::request() {
  if (requested_) return;
  requested_ = true;
  const auto waits = waits_;
  for (Wait* wait : waits) wait->wake(Woke::stopped);
  for (Stop* child : children_) child->request();
}

Wait::Wait(Loop& loop, Event* event, BootTime deadline, Stop* stop)
    : loop_(loop), event_(event), deadline_(deadline), stop_(stop), timer_(loop, [this] {
        unlink();
        waiter_.resume();
      }) {}

void Wait::await_suspend(std::coroutine_handle<> waiter) {
  waiter_ = waiter;
  if (stop_ != nullptr && stop_->requested()) {
    woke_ = Woke::stopped;
    timer_.arm(loop_.now());
    return;
  }
  timer_.arm(deadline_);
  if (event_ != nullptr) event_->waits_.push_back(this);
  if (stop_ != nullptr) stop_->waits_.push_back(this);
}

void Wait::wake(Woke why) {
  unlink();
  woke_ = why;
  timer_.arm(loop_.now());
}

void Wait::unlink() noexcept {
  if (event_ != nullptr) std::erase(event_->waits_, this);
  if (stop_ != nullptr) std::erase(stop_->waits_, this);
}

void Event::notify_all() {
  const auto waits = waits_;
  for (Wait* wait : waits) wait->wake(Woke::notified);
}

}  // namespace kcl::base
