#include "multilang/children_reactor.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <system_error>
#include <utility>

namespace kcl::multilang {

namespace {

/// Of the descriptor that wakes the thread; children count from 1.
constexpr std::uint64_t kWake = 0;

}  // namespace

ChildrenReactor::ChildrenReactor(StderrWriter& errors, LogLevel log_level)
    : errors_(errors),
      log_level_(log_level),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!epoll_.open() || !wake_.open()) throw std::system_error(errno, std::generic_category(), "epoll, eventfd");
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = kWake;
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wake_.get(), &event);
  errors_.set_on_room([this] {
    post([this] {
      for (auto& [id, child] : children_) child->forward_errors();
    });
  });
  thread_ = std::thread([this] { run(); });
}

void ChildrenReactor::close() {
  post([this] {
    closing_ = true;
    for (auto& [id, child] : children_) child->let_go();
  });
  thread_.join();
  errors_.set_on_room(nullptr);
}

std::uint64_t ChildrenReactor::start(ChildStart start) {
  std::uint64_t id = 0;
  {
    const std::lock_guard lock(mutex_);
    id = ++last_id_;
  }
  post([this, id, start = std::move(start)]() mutable {
    auto child = std::make_unique<ChildProcess>(id, epoll_.get(), ChildLog{errors_, log_level_}, std::move(start));
    child->start();
    children_.emplace(id, std::move(child));
  });
  return id;
}

void ChildrenReactor::tell(std::uint64_t id, std::function<void(ChildProcess&)> action) {
  post([this, id, action = std::move(action)] {
    const auto found = children_.find(id);
    if (found != children_.end()) action(*found->second);
  });
}

void ChildrenReactor::post(std::function<void()> action) {
  {
    const std::lock_guard lock(mutex_);
    posted_.push_back(std::move(action));
  }
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(wake_.get(), &one, sizeof one);
}

void ChildrenReactor::run() {
  // A child that closed its stdin is an error of a write. Signals for the process are for other threads.
  sigset_t all;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
  while (!closing_ || !children_.empty()) {
    std::array<epoll_event, 64> events{};
    const int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < count; ++i) {
      const std::uint64_t data = events[static_cast<std::size_t>(i)].data.u64;
      if (data != kWake)
        look(data / ChildProcess::kStreams, static_cast<ChildProcess::Stream>(data % ChildProcess::kStreams));
    }
    // After the output: what a child wrote before it is let go of is read.
    take_posted();
    forget_ended();
  }
}

void ChildrenReactor::take_posted() {
  std::uint64_t drained = 0;
  [[maybe_unused]] const ssize_t got = ::read(wake_.get(), &drained, sizeof drained);
  std::vector<std::function<void()>> posted;
  {
    const std::lock_guard lock(mutex_);
    posted.swap(posted_);
  }
  for (auto& action : posted) action();
}

void ChildrenReactor::look(std::uint64_t id, ChildProcess::Stream stream) {
  const auto found = children_.find(id);
  if (found != children_.end()) found->second->on_ready(stream);
}

void ChildrenReactor::forget_ended() {
  for (auto each = children_.begin(); each != children_.end();) {
    each = each->second->ended() ? children_.erase(each) : std::next(each);
  }
}

}  // namespace kcl::multilang
