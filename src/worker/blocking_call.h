// Calls what a program plugged in: blocking, on a thread of a pool, awaited on the strand until a little after its
// deadline. Whoever does not return by then is left to finish on its thread, and nobody waits for it (C9).
#pragma once

#include <atomic>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>

#include <kcl/kinesis.h>

#include "base/loop.h"
#include "base/task.h"
#include "base/wait.h"
#include "ports/answer.h"
#include "worker/runtime.h"

namespace kcl::worker {

/// An implementation that times out by itself can say more about it than we can: it is given so much longer.
inline constexpr base::Duration kGrace = std::chrono::milliseconds(100);

template <class T>
struct Called {
  enum class Kind : std::uint8_t {
    returned,
    threw,      ///< against its contract; whatever it was to do may have happened
    late,       ///< has not returned by the deadline, and may yet do its work
    not_begun,  ///< no thread was free before the deadline: it will never be made
  };
  Kind kind = Kind::late;
  /// Only when it returned.
  std::optional<T> value;
  /// For the other kinds: what happened, for people.
  std::string message;
  ports::Timing timing;
};

namespace detail {

template <class T>
struct PendingCall {
  enum class Stage : std::uint8_t { queued, begun, abandoned };
  std::atomic<Stage> stage{Stage::queued};
  std::stop_source stop;
  // On the strand.
  std::optional<Called<T>> answer;
  base::Event answered;
};

/// Lives in the frame that waits. Asks the call to return early once nobody waits, from a thread made for that: a
/// program's stop_callback does not run on the strand.
template <class T>
class Abandonment {
 public:
  Abandonment(Threads& threads, PendingCall<T>& pending) : threads_(threads), pending_(pending) {}
  Abandonment(const Abandonment&) = delete;
  Abandonment& operator=(const Abandonment&) = delete;
  ~Abandonment() {
    using Stage = typename PendingCall<T>::Stage;
    if (pending_.answer) return;
    if (pending_.stage.exchange(Stage::abandoned) != Stage::begun) return;
    threads_.stop_requests.submit([stop = pending_.stop]() mutable { stop.request_stop(); });
  }

 private:
  Threads& threads_;
  PendingCall<T>& pending_;
};

template <class T>
Called<T> make_call(const std::function<T(const Call&)>& call, base::Loop& loop, base::BootTime deadline,
                    const std::stop_token& stop) {
  Called<T> called;
  called.timing.sent = loop.now();
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - called.timing.sent);
  const Call limits{.timeout = std::max(left, std::chrono::milliseconds(1)), .stop = stop};
  try {
    called.value.emplace(call(limits));
    called.kind = Called<T>::Kind::returned;
  } catch (const std::exception& e) {
    called.kind = Called<T>::Kind::threw;
    called.message = std::string("it threw, which it must not: ") + e.what();
  } catch (...) {
    called.kind = Called<T>::Kind::threw;
    called.message = "it threw, which it must not";
  }
  called.timing.received = loop.now();
  return called;
}

}  // namespace detail

/// `call` must own what it uses: it may outlive the caller.
template <class T>
base::Task<Called<T>> call_blocking(Threads& threads, base::BlockingPool& pool, std::function<T(const Call&)> call,
                                    base::BootTime deadline) {
  using Pending = detail::PendingCall<T>;
  using Stage = typename Pending::Stage;
  base::Loop& loop = threads.loop;
  const auto pending = std::make_shared<Pending>();
  const detail::Abandonment<T> abandonment(threads, *pending);
  const base::BootTime asked = loop.now();

  auto task = [&loop, pending, call = std::move(call), deadline] {
    auto expected = Stage::queued;
    if (!pending->stage.compare_exchange_strong(expected, Stage::begun)) return;
    const auto called = std::make_shared<Called<T>>(detail::make_call(call, loop, deadline, pending->stop.get_token()));
    loop.post([pending, called] {
      pending->answer.emplace(std::move(*called));
      pending->answered.notify_all();
    });
  };
  pool.submit(std::move(task));

  base::Stop never;
  const base::BootTime give_up = base::saturating_add(deadline, kGrace);
  while (!pending->answer && loop.now() < give_up) co_await pending->answered.wait_until(loop, give_up, never);
  if (pending->answer) co_return std::move(*pending->answer);

  Called<T> missing;
  auto expected = Stage::queued;
  const bool never_begun = pending->stage.compare_exchange_strong(expected, Stage::abandoned);
  missing.kind = never_begun ? Called<T>::Kind::not_begun : Called<T>::Kind::late;
  missing.message = never_begun ? "no thread was free for it before its deadline (Runtime::Options::max_io_threads)"
                                : "it did not return by its deadline";
  missing.timing.sent = asked;
  missing.timing.received = loop.now();
  co_return missing;
}

}  // namespace kcl::worker
