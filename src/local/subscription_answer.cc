#include "local/subscription_answer.h"

#include <algorithm>
#include <array>
#include <utility>
#include <variant>

#include "local/answers.h"
#include "wire/event_stream.h"

namespace kcl::local {

namespace {

using embedded::Subscriptions;

constexpr std::chrono::milliseconds kShortestPause{1};

std::string payload_of(wire::Protocol protocol, const ShardEvent& event) {
  std::string payload;
  wire::DocumentWriter out(protocol, payload);
  out.reserve(size_guess(protocol, event.records));
  out.begin_map();
  write_records(out, event.records);
  if (event.continuation_sequence_number) {
    out.name("ContinuationSequenceNumber");
    out.text(*event.continuation_sequence_number);
  }
  out.name("MillisBehindLatest");
  out.integer(event.behind_latest.count());
  if (!event.child_shards.empty()) write_child_shards(out, event.child_shards);
  out.end_map();
  return payload;
}

std::string empty_document(wire::Protocol protocol) {
  std::string document;
  wire::DocumentWriter out(protocol, document);
  out.begin_map();
  out.end_map();
  return document;
}

std::string frame_of(wire::Protocol protocol, std::string_view kind, std::string_view type, std::string_view payload) {
  const std::array headers{
      wire::EventHeader{.name = kind == "exception" ? ":exception-type" : ":event-type", .text = type},
      wire::EventHeader{.name = ":content-type", .text = wire::content_type(protocol)},
      wire::EventHeader{.name = ":message-type", .text = kind}};
  return wire::encode_event(headers, payload);
}

}  // namespace

SubscriptionAnswer::SubscriptionAnswer(base::Loop& loop, Service& service, Options options,
                                       std::shared_ptr<server::Reply> begun, std::function<void()> done)
    : loop_(loop),
      service_(service),
      options_(std::move(options)),
      reply_(std::move(begun)),
      done_(std::move(done)),
      timer_(loop, [this] { pump(); }) {
  reply_->watch([this] { pump(); }, [this] { end(); });
  write_frame("event", "initial-response", empty_document(options_.protocol));
}

SubscriptionAnswer::~SubscriptionAnswer() {
  reply_->watch(nullptr, nullptr);
  done_ = nullptr;
  end();
}

void SubscriptionAnswer::pump() {
  // done_ is gone at the end.
  while (done_ && reply_->drained()) {
    const Timestamp now = loop_.wall();
    const auto word = service_.next(options_.subscribed, now);
    if (!word) {
      const auto pause =
          std::max<std::chrono::milliseconds>(service_.due(options_.subscribed, now) - now, kShortestPause);
      return timer_.arm(loop_.now() + pause);
    }
    if (!say(*word)) return end();
  }
}

/// False when it was the last word.
bool SubscriptionAnswer::say(const Subscriptions::Word& word) {
  if (const auto* event = std::get_if<ShardEvent>(&word)) return write_event(*event);
  if (const auto* error = std::get_if<KinesisError>(&word)) write_exception(code_of(*error), error->message);
  reply_->finish();
  return false;
}

bool SubscriptionAnswer::write_event(const ShardEvent& event) {
  const std::string payload = payload_of(options_.protocol, event);
  const bool struck = options_.fault && options_.fault->frame == events_;
  ++events_;
  if (!struck) {
    write_frame("event", "SubscribeToShardEvent", payload);
    return true;
  }
  if (options_.fault->fault == Fault::stream_exception) {
    write_exception("InternalFailureException", "The stream failed (a fault that was asked for).");
    reply_->finish();
    return false;
  }
  std::string frame = frame_of(options_.protocol, "event", "SubscribeToShardEvent", payload);
  if (options_.fault->fault == Fault::stream_cut) {
    reply_->write(frame.substr(0, frame.size() / 2));
    reply_->close();
    return false;
  }
  frame.back() = static_cast<char>(frame.back() ^ 1);
  reply_->write(std::move(frame));
  return true;
}

void SubscriptionAnswer::write_exception(std::string_view code, std::string_view message) {
  std::string payload;
  wire::DocumentWriter out(options_.protocol, payload);
  out.begin_map();
  out.name("message");
  out.text(message);
  out.end_map();
  write_frame("exception", code, payload);
}

void SubscriptionAnswer::write_frame(std::string_view kind, std::string_view type, std::string_view payload) {
  reply_->write(frame_of(options_.protocol, kind, type, payload));
}

void SubscriptionAnswer::end() {
  timer_.cancel();
  service_.close(options_.subscribed);
  if (const auto done = std::exchange(done_, nullptr)) done();
}

}  // namespace kcl::local
