#include "consumer/polling_reader.h"

#include <utility>

#include "base/backoff.h"

namespace kcl::consumer {

using base::BootTime;
using base::Task;

namespace {

// The service counts its limits per second: a quarter of one is soon enough for the first try.
constexpr base::Duration kFirstBackoff = std::chrono::milliseconds(250);
constexpr base::Duration kLongestBackoff = std::chrono::seconds(10);

}  // namespace

PollingReader::PollingReader(Reading reading)
    : ShardReader(std::move(reading)), pace_(reading_.options.min_interval, reading_.options.idle_interval) {
  // One that polls at its pace is not silent.
  usual_silence_ = reading_.options.idle_interval + std::chrono::seconds(1);
}

Task<void> PollingReader::run(base::Stop& stop) {
  base::Backoff backoff(kFirstBackoff, kLongestBackoff);
  while (!finished(stop)) {
    if (!has_room()) {
      co_await room_.wait_until(reading_.loop, base::kForever, stop);
      continue;
    }
    const BootTime began = reading_.loop.now();
    const Turn turn = co_await read_once(stop);
    if (turn == Turn::failed) {
      co_await base::sleep_for(reading_.loop, backoff.next(reading_.random), stop);
      continue;
    }
    backoff.reset();
    if (finished(stop)) break;
    const auto idle = reading_.random.between(reading_.options.idle_interval * 9 / 10, reading_.options.idle_interval);
    co_await base::sleep_until(reading_.loop, began + (turn == Turn::again ? pace_.interval() : idle), stop);
  }
}

Task<bool> PollingReader::open_iterator() {
  using Type = GetShardIterator::Type;
  GetShardIterator request;
  request.stream = reading_.options.stream;
  request.shard_id = reading_.key;
  switch (from_.kind) {
    case shards::ReadFrom::Kind::after_sequence_number:
      request.type = Type::after_sequence_number;
      request.sequence_number = from_.sequence_number;
      break;
    case shards::ReadFrom::Kind::after_user_record:
      request.type = Type::at_sequence_number;
      request.sequence_number = from_.sequence_number;
      break;
    case shards::ReadFrom::Kind::timestamp:
      request.type = Type::at_timestamp;
      request.timestamp = from_.timestamp;
      break;
    case shards::ReadFrom::Kind::trim_horizon:
      request.type = Type::trim_horizon;
      break;
  }
  auto answer = co_await reading_.kinesis.get_shard_iterator(std::move(request),
                                                             reading_.loop.now() + reading_.options.call_timeout);
  if (!answer.value) {
    note_error(answer.value.error());
    co_return false;
  }
  iterator_ = std::move(answer.value->iterator);
  co_return true;
}

Task<PollingReader::Turn> PollingReader::read_once(base::Stop& stop) {
  if (!iterator_ && !co_await open_iterator()) co_return Turn::failed;
  waits_for_budget_ = true;
  std::function<base::ByteBudget::Use()> use = [this] { return use_of_next(); };
  auto reservation = co_await reading_.budget->reserve(reading_.loop, estimate_, stop, std::move(use));
  waits_for_budget_ = false;
  if (!wanted(stop)) co_return Turn::idle;

  GetRecords request;
  request.stream = reading_.options.stream;
  request.iterator = *iterator_;
  request.limit = reading_.options.max_records;
  auto answer =
      co_await reading_.kinesis.get_records(std::move(request), reading_.loop.now() + reading_.options.call_timeout);
  if (reading_.read_seconds) {
    const std::chrono::duration<double> taken = answer.timing.received - answer.timing.sent;
    reading_.read_seconds->observe(taken.count());
  }
  if (!wanted(stop)) co_return Turn::idle;
  if (!answer.value) {
    const auto kind = answer.value.error().kind;
    if (kind == KinesisError::Kind::throttled) pace_.throttled();
    // Only throttling leaves the iterator certainly good. A new one starts right after the last record fetched.
    if (kind != KinesisError::Kind::throttled) iterator_.reset();
    if (kind == KinesisError::Kind::expired_iterator) co_return Turn::again;
    note_error(answer.value.error());
    co_return Turn::failed;
  }
  pace_.answered();
  RecordsPage& page = *answer.value;
  iterator_ = page.next_iterator;
  const bool more = !page.records.empty() || page.behind_latest > std::chrono::milliseconds(0);
  Answered answered;
  answered.records = std::move(page.records);
  answered.buffer = std::move(page.buffer);
  answered.buffer_bytes = page.buffer_bytes;
  answered.behind_latest = page.behind_latest;
  answered.server_time = page.server_time;
  answered.received = answer.timing.received;
  answered.ends = !page.next_iterator;
  answered.child_shards = std::move(page.child_shards);
  co_await accept(std::move(answered), std::move(reservation), stop);
  co_return more ? Turn::again : Turn::idle;
}

}  // namespace kcl::consumer
