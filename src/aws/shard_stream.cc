#include "aws/shard_stream.h"

#include <utility>
#include <variant>

#include "aws/kinesis_errors.h"
#include "aws/service_errors.h"
#include "base/wait.h"

namespace kcl::aws {

namespace {

// An error inside a stream has no status of its own: AWS gives its modelled exceptions 400.
constexpr int kStatusOfExceptions = 400;

}  // namespace

ShardStream::ShardStream(base::Loop& loop, StreamedAnswer answer, wire::Protocol asked, std::string host,
                         const ports::Timing& opened)
    : loop_(loop), body_(std::move(answer.body)), asked_(asked), host_(std::move(host)), opened_(opened) {}

/// The service's clock goes on as ours does.
ports::Timing ShardStream::timing() const {
  ports::Timing timing = opened_;
  timing.received = loop_.now();
  const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(timing.received - opened_.received);
  if (timing.server_time) *timing.server_time += since;
  return timing;
}

ShardStream::Event ShardStream::broken(const std::string& what) const {
  KinesisError error;
  error.kind = KinesisError::Kind::unavailable;
  error.message = host_ + ": the stream of SubscribeToShard broke off: " + what;
  error.server_time = timing().server_time;
  return Failure{std::move(error)};
}

ShardStream::Event ShardStream::event_of(wire::SubscriptionMessage message) {
  if (auto* event = std::get_if<ShardEvent>(&message)) {
    event->server_time = timing().server_time.value_or(Timestamp{});
    return std::optional(std::move(*event));
  }
  auto& error = std::get<wire::AwsError>(message);
  const ErrorMeaning meaning = meaning_of(kStatusOfExceptions, error.code);
  return Failure{subscription_error(call_error(host_, std::move(error), meaning), timing())};
}

/// The next event of the bytes at hand; empty when more are needed.
std::optional<ShardStream::Event> ShardStream::next_buffered() {
  while (auto message = decoder_.next(rest_)) {
    auto said = wire::decode_subscription_message(asked_, *std::move(message));
    if (!said) return broken(said.error());
    if (std::holds_alternative<wire::SignOfLife>(*said)) continue;
    return event_of(*std::move(said));
  }
  if (!decoder_.ok()) return broken(decoder_.error());
  return std::nullopt;
}

ports::ShardSubscription::Next ShardStream::next(base::BootTime deadline) {
  using Outcome = ports::Answer<Event>;
  // Never inline, also when the next event is here already.
  base::Stop never;
  co_await base::sleep_until(loop_, loop_.now(), never);
  for (;;) {
    if (auto event = next_buffered()) co_return Outcome{*std::move(event), timing()};
    rest_ = {};
    auto reading = body_->next(deadline, std::move(piece_));
    auto piece = co_await std::move(reading);
    if (!piece) co_return Outcome{broken(piece.error().message), timing()};
    if (!*piece) {
      const std::size_t cut = decoder_.pending();
      if (cut == 0) co_return Outcome{Event(std::nullopt), timing()};
      co_return Outcome{broken("it ended inside a frame"), timing()};
    }
    piece_ = **std::move(piece);
    rest_ = piece_;
  }
}

}  // namespace kcl::aws
