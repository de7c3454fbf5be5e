// A subscription to a stream in memory, as a port on a loop in virtual time: looks now and then what the service says.
#pragma once

#include <algorithm>
#include <functional>
#include <optional>
#include <utility>

#include "base/wait.h"
#include "embedded/subscription.h"
#include "ports/kinesis.h"

namespace kcl::simulation {

class SubscriptionPort final : public ports::ShardSubscription {
 public:
  struct Hooks {
    /// The service's clock.
    std::function<Timestamp()> server_time;
    /// Nothing comes any more while it says false.
    std::function<bool()> reachable = [] { return true; };
    /// Asked with each word: one that is there breaks the stream instead, and the word is lost on its way.
    std::function<std::optional<KinesisError>()> breaks = [] { return std::nullopt; };
    /// Changes each event on its way.
    std::function<void(ShardEvent&)> spoil = [](ShardEvent&) {};
  };

  SubscriptionPort(base::Loop& loop, embedded::Subscriptions& service, embedded::Subscriptions::Id id, Hooks hooks)
      : loop_(loop), service_(service), id_(id), hooks_(std::move(hooks)) {}
  ~SubscriptionPort() override { service_.close(id_); }

  Next next(base::BootTime deadline) override {
    using Event = KinesisResult<std::optional<ShardEvent>>;
    constexpr base::Duration kLook = std::chrono::milliseconds(200);
    base::Stop never;
    ports::Answer<Event> answer{Event(std::nullopt), {}};
    answer.timing.sent = loop_.now();
    // Never inline.
    co_await base::sleep_until(loop_, loop_.now(), never);
    for (;;) {
      std::optional<embedded::Subscriptions::Word> word;
      if (hooks_.reachable()) word = service_.next(id_, hooks_.server_time());
      answer.timing.received = loop_.now();
      if (word) {
        answer.timing.server_time = hooks_.server_time();
        answer.value = event_of(*std::move(word));
        co_return answer;
      }
      if (loop_.now() >= deadline) {
        answer.value = Failure{KinesisError{.kind = KinesisError::Kind::unavailable, .message = "nothing came"}};
        co_return answer;
      }
      co_await base::sleep_until(loop_, std::min(deadline, loop_.now() + kLook), never);
    }
  }

 private:
  KinesisResult<std::optional<ShardEvent>> event_of(embedded::Subscriptions::Word word) {
    if (auto error = hooks_.breaks()) return Failure{*std::move(error)};
    if (auto* event = std::get_if<ShardEvent>(&word)) {
      hooks_.spoil(*event);
      return std::optional(std::move(*event));
    }
    if (auto* error = std::get_if<KinesisError>(&word)) return Failure{std::move(*error)};
    return std::optional<ShardEvent>();
  }

  base::Loop& loop_;
  embedded::Subscriptions& service_;
  const embedded::Subscriptions::Id id_;
  const Hooks hooks_;
};

}  // namespace kcl::simulation
