// One request under way: all that the strand and a reactor share about it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <kcl/result.h>

#include "base/wait.h"
#include "http/inflow.h"
#include "http/message.h"

namespace kcl::http {

class EasyHandle;

/// How far a request has come. Never back: what went out once stays out.
enum class Stage : std::uint8_t {
  queued,      ///< with the reactor, or waiting for a free connection
  resolving,   ///< looking the host's name up, or its proxy's
  connecting,  ///< TCP, the proxy's CONNECT, TLS
  sent,        ///< some of its bytes may be out
  cancelled,   ///< nobody waits for it any more
};

class Transfer {
 public:
  using Outcome = Result<Response, Error>;

  Transfer(Request to_send, std::string host_and_port)
      : request(std::move(to_send)), target(std::move(host_and_port)) {}
  /// Its answer's body is taken while it arrives.
  Transfer(Request to_send, std::string host_and_port, std::size_t window)
      : request(std::move(to_send)), target(std::move(host_and_port)), inflow(std::make_unique<Inflow>(window)) {}
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  const Request request;
  const std::string target;
  /// Null: the answer comes as a whole.
  const std::unique_ptr<Inflow> inflow;

  // From any thread. Sending and cancelling are settled here against each other: whoever cancels knows for certain
  // whether a byte may have gone out, or may yet.
  Stage stage() const noexcept { return stage_.load(); }
  /// False when it was cancelled: go no further.
  bool advance(Stage to) noexcept {
    Stage seen = stage_.load();
    while (seen < to && !stage_.compare_exchange_weak(seen, to)) {
    }
    return seen != Stage::cancelled;
  }
  /// How far it had come.
  Stage cancel() noexcept { return stage_.exchange(Stage::cancelled); }

  // On the strand.
  /// Of a streamed answer: how it ended.
  std::optional<Outcome> answer;
  /// Also when there is something new in the inflow.
  base::Event answered;
  bool client_gone = false;
  void settle(Outcome outcome) {
    if (answer) return;
    answer.emplace(std::move(outcome));
    answered.notify_all();
  }

  // On the reactor's thread; `arriving` is the strand's from the moment in which it is posted.
  EasyHandle* handle = nullptr;
  /// It was given to libcurl once.
  bool begun = false;
  std::optional<Outcome> arriving;

 private:
  std::atomic<Stage> stage_{Stage::queued};
};

}  // namespace kcl::http
