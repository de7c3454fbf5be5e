// The thread behind Children: waits on every descriptor of every child, and carries out what other threads ask for.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/descriptor.h"
#include "multilang/child_process.h"
#include "multilang/children.h"

namespace kcl::multilang {

class ChildrenReactor {
 public:
  ChildrenReactor(StderrWriter& errors, LogLevel log_level);
  ChildrenReactor(const ChildrenReactor&) = delete;
  ChildrenReactor& operator=(const ChildrenReactor&) = delete;
  ~ChildrenReactor() = default;

  std::uint64_t start(ChildStart start);
  /// Carried out in the order of the calls, if the child is still there.
  void tell(std::uint64_t id, std::function<void(ChildProcess&)> action);
  /// Lets every child go and returns when they have ended. Once.
  void close();

 private:
  void post(std::function<void()> action);
  void run();
  void take_posted();
  void look(std::uint64_t id, ChildProcess::Stream stream);
  void forget_ended();

  StderrWriter& errors_;
  const LogLevel log_level_;
  base::Descriptor epoll_;
  base::Descriptor wake_;

  // Of the thread.
  std::map<std::uint64_t, std::unique_ptr<ChildProcess>> children_;
  bool closing_ = false;

  std::mutex mutex_;
  std::vector<std::function<void()>> posted_;
  std::uint64_t last_id_ = 0;

  std::thread thread_;
};

}  // namespace kcl::multilang
