#include "consumer/fan_out_reader.h"

#include <utility>

namespace kcl::consumer {

using base::ByteBudget;
using base::Task;

namespace {

/// Of a stream that is not read from, since there is no room for what it brings.
constexpr base::Duration kLongestPause = std::chrono::seconds(1);

// AWS sends an event about every five seconds, be there records or not: missing two of them is silence.
constexpr base::Duration kUsualSilence = std::chrono::seconds(11);

/// So many in a row are no mistake.
constexpr int kRefusals = 3;

/// Trying again will not help until a person has done something.
bool is_refusal(KinesisError::Kind kind) {
  using Kind = KinesisError::Kind;
  return kind == Kind::denied || kind == Kind::unsupported || kind == Kind::not_found || kind == Kind::invalid_argument;
}

}  // namespace

FanOutReader::FanOutReader(Reading reading) : ShardReader(std::move(reading)), options_(*reading_.options.fan_out) {
  usual_silence_ = kUsualSilence;
}

Task<void> FanOutReader::run(base::Stop& stop) {
  while (!finished(stop) && !turned_away_) {
    if (!has_room()) {
      co_await wait_for_room(stop);
    } else if (!stream_) {
      co_await subscribe(stop);
    } else {
      co_await take_event(stop);
    }
  }
  stream_.reset();
  promised_ = {};
}

void FanOutReader::end_stream(StreamEnd how) {
  stream_.reset();
  opened_.reset();
  next_attempt_ = resubscribe_.after(how, reading_.loop.now(), reading_.random);
}

void FanOutReader::fail(const KinesisError& error) {
  const bool brought_something = stream_ && !opened_;
  refusals_ = is_refusal(error.kind) && !brought_something ? refusals_ + 1 : 0;
  turned_away_ = options_.fall_back && refusals_ >= kRefusals;
  end_stream(StreamEnd::failed);
  // Others may use it: this shard has no event that waits for it now.
  promised_ = {};
  note_error(error);
}

/// Until the processor has taken a batch.
Task<void> FanOutReader::wait_for_room(base::Stop& stop) {
  base::Timer patience(reading_.loop, [this] {
    if (stream_) end_stream(StreamEnd::dropped);
  });
  patience.arm(reading_.loop.now() + kLongestPause);
  while (!has_room() && wanted(stop)) co_await room_.wait_until(reading_.loop, base::kForever, stop);
}

Task<void> FanOutReader::subscribe(base::Stop& stop) {
  co_await base::sleep_until(reading_.loop, next_attempt_, stop);
  if (!wanted(stop)) co_return;
  SubscribeToShard request = subscription_at(from_, options_.consumer_arn, reading_.key);
  request.stream = reading_.options.stream;
  const base::BootTime deadline = reading_.loop.now() + reading_.options.call_timeout;
  auto opened = co_await reading_.kinesis.subscribe_to_shard(std::move(request), deadline);
  if (!wanted(stop)) co_return;
  if (!opened.value) {
    fail(opened.value.error());
    co_return;
  }
  stream_ = *std::move(opened.value);
  opened_ = opened.timing.received;
}

Task<void> FanOutReader::take_event(base::Stop& stop) {
  auto next = co_await stream_->next(reading_.loop.now() + options_.silence);
  if (!wanted(stop)) co_return;
  if (!next.value) {
    fail(next.value.error());
  } else if (!*next.value) {
    end_stream(StreamEnd::in_order);
  } else {
    // Only now it is known to be one: some services refuse inside the stream.
    if (const auto opened = std::exchange(opened_, std::nullopt)) resubscribe_.began(*opened);
    co_await take(**std::move(next.value), next.timing.received, stop);
  }
}

Task<void> FanOutReader::take(ShardEvent event, base::BootTime received, base::Stop& stop) {
  const bool ends = !event.child_shards.empty();
  if (!ends && !event.continuation_sequence_number) {
    KinesisError error;
    error.message = "an event of the shard tells neither where it goes on nor its children";
    fail(error);
    co_return;
  }
  ByteBudget::Reservation reservation = std::exchange(promised_, {});
  const std::size_t bytes = bytes_of(event.records);
  std::optional<ShardEvent> kept = std::move(event);
  if (bytes > reservation.bytes()) {
    reservation = {};
    reservation = co_await admit(bytes, kept, stop);
  }
  if (!wanted(stop)) co_return;
  if (!kept) {
    promised_ = std::move(reservation);
    co_return;
  }
  Answered answered;
  answered.records = std::move(kept->records);
  answered.buffer = std::move(kept->buffer);
  answered.behind_latest = kept->behind_latest;
  answered.server_time = kept->server_time;
  answered.received = received;
  answered.ends = ends;
  answered.child_shards = std::move(kept->child_shards);
  const bool accepted = co_await accept(std::move(answered), std::move(reservation), stop);
  if (accepted && kept->continuation_sequence_number) go_on_after(from_, *kept->continuation_sequence_number);
}

/// Room for the event. One for which there is none soon is let go of, with its stream: it comes again on the next, and
/// then its room is there.
Task<ByteBudget::Reservation> FanOutReader::admit(std::size_t bytes, std::optional<ShardEvent>& event,
                                                  base::Stop& stop) {
  base::Timer patience(reading_.loop, [&] {
    event.reset();
    end_stream(StreamEnd::dropped);
  });
  patience.arm(reading_.loop.now() + kLongestPause);
  waits_for_budget_ = true;
  std::function<ByteBudget::Use()> use = [this] { return use_of_next(); };
  auto reservation = co_await reading_.budget->reserve(reading_.loop, bytes, stop, std::move(use));
  waits_for_budget_ = false;
  co_return reservation;
}

}  // namespace kcl::consumer
