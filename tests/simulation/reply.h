// An answer on its way from a simulated server to a worker that may have crashed meanwhile.
#pragma once

#include <memory>
#include <optional>

#include "base/task.h"
#include "base/wait.h"

namespace kcl::simulation {

template <class T>
struct Reply {
  std::optional<T> value;
  base::Event arrived;

  void send(T answer) {
    value = std::move(answer);
    arrived.notify_all();
  }
};

/// The answer, or nothing once the deadline has passed on the worker's own clock.
template <class T>
base::Task<std::optional<T>> await_reply(base::Loop& loop, std::shared_ptr<Reply<T>> reply, base::BootTime deadline) {
  base::Stop never;
  // Also when the answer is there already: ports never answer inline.
  do {
    co_await reply->arrived.wait_until(loop, deadline, never);
  } while (!reply->value && loop.now() < deadline);
  co_return std::move(reply->value);
}

}  // namespace kcl::simulation
