#include "consumer/polling_reader.h"

#include <algorithm>

#include "base/backoff.h"

namespace kcl::consumer {

using base::BootTime;
using base::ByteBudget;
using base::Task;
using coordinator::Reach;
using std::chrono::milliseconds;

namespace {

constexpr std::size_t kSmallestEstimate = 64UL << 10;
// AWS GetRecords: an answer has at most 10 MB.
constexpr std::size_t kLargestEstimate = 10'000'000;

// The service counts its limits per second: a quarter of one is soon enough for the first try.
constexpr base::Duration kFirstBackoff = std::chrono::milliseconds(250);
constexpr base::Duration kLongestBackoff = std::chrono::seconds(10);

// A record can be read a moment after its time of arrival.
constexpr milliseconds kPropagation{2'000};

std::size_t bytes_of(const std::vector<Record>& records) {
  std::size_t bytes = 0;
  for (const Record& record : records) bytes += record.data().size() + record.partition_key().size();
  return bytes;
}

}  // namespace

/// What a batch keeps alive: the answer's bytes, and their place in the budget.
struct PollingReader::Buffer {
  std::shared_ptr<const void> bytes;
  ByteBudget::Reservation reservation;
};

PollingReader::PollingReader(base::Loop& loop, base::Random& random, ports::Kinesis& kinesis, Unpacker& unpacker,
                             std::shared_ptr<ByteBudget> budget, base::EventLog log, const ReaderOptions& options,
                             std::string shard_id, shards::ReadFrom from, std::function<void()> on_change)
    : loop_(loop),
      random_(random),
      kinesis_(kinesis),
      unpacker_(unpacker),
      budget_(std::move(budget)),
      log_(std::move(log)),
      options_(options),
      shard_id_(std::move(shard_id)),
      from_(std::move(from)),
      on_change_(std::move(on_change)),
      estimate_(1UL << 20) {}

std::optional<Fetched> PollingReader::pop() {
  if (queue_.empty()) return std::nullopt;
  Fetched fetched = std::move(queue_.front().fetched);
  popped_ = std::move(queue_.front().buffer);
  queue_.pop_front();
  room_.notify_all();
  return fetched;
}

PollingReader::~PollingReader() { done_with_batch(); }

void PollingReader::done_with_batch() {
  if (const auto kept = popped_.lock()) kept->reservation.keep(shard_id_);
  popped_.reset();
}

std::optional<milliseconds> PollingReader::behind() const {
  if (!last_answer_) return std::nullopt;
  const auto silence = std::chrono::duration_cast<milliseconds>(loop_.now() - *last_answer_);
  // A reader that polls at its pace is not silent.
  const bool on_pace = silence <= options_.idle_interval + std::chrono::seconds(1);
  const bool reads_on = !at_end_ && reach_ != Reach::at_limit;
  return on_pace || !reads_on ? behind_ : std::max(behind_, silence);
}

void PollingReader::give_up() {
  given_up_ = true;
  queue_.clear();
  room_.notify_all();
}

Task<void> PollingReader::run(base::Stop& stop) {
  base::Backoff backoff(kFirstBackoff, kLongestBackoff);
  while (!stop.requested() && !given_up_ && !at_end_ && reach_ != Reach::at_limit) {
    if (queue_.size() >= options_.prefetch) {
      co_await room_.wait_until(loop_, base::kForever, stop);
      continue;
    }
    const BootTime began = loop_.now();
    const Turn turn = co_await read_once(stop);
    if (turn == Turn::failed) {
      co_await base::sleep_for(loop_, backoff.next(random_), stop);
      continue;
    }
    backoff.reset();
    if (at_end_) break;
    const auto idle = random_.between(options_.idle_interval * 9 / 10, options_.idle_interval);
    co_await base::sleep_until(loop_, began + (turn == Turn::again ? options_.min_interval : idle), stop);
  }
}

Task<bool> PollingReader::open_iterator() {
  using Type = GetShardIterator::Type;
  GetShardIterator request;
  request.stream = options_.stream;
  request.shard_id = shard_id_;
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
  auto answer = co_await kinesis_.get_shard_iterator(std::move(request), loop_.now() + options_.call_timeout);
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
  auto reservation = co_await budget_->reserve(loop_, estimate_, stop);
  waits_for_budget_ = false;
  if (stop.requested() || given_up_) co_return Turn::idle;

  GetRecords request;
  request.stream = options_.stream;
  request.iterator = *iterator_;
  request.limit = options_.max_records;
  auto answer = co_await kinesis_.get_records(std::move(request), loop_.now() + options_.call_timeout);
  if (stop.requested() || given_up_) co_return Turn::idle;
  if (!answer.value) {
    const auto kind = answer.value.error().kind;
    // Only throttling leaves the iterator certainly good. A new one starts right after the last record fetched.
    if (kind != KinesisError::Kind::throttled) iterator_.reset();
    if (kind == KinesisError::Kind::expired_iterator) co_return Turn::again;
    note_error(answer.value.error());
    co_return Turn::failed;
  }
  last_error_.clear();
  ++answers_;
  last_answer_ = answer.timing.received;
  const bool more = !answer.value->records.empty() || answer.value->behind_latest > milliseconds(0);
  co_await accept(std::move(*answer.value), std::move(reservation), stop);
  on_change_();
  co_return more ? Turn::again : Turn::idle;
}

/// Cuts off what is not wanted any more: from the first such record on, since arrivals are not strictly in order and a
/// checkpoint must not pass over any. Tells how far the shard has come with this page.
Reach PollingReader::cut_at_limit(RecordsPage& page) const {
  const auto& until = options_.until;
  const auto unwanted = [&](const Record& record) { return until && record.approximate_arrival() >= *until; };
  // Behind a full page there may be more, whatever the service says: one that compares times of arrival is at its tip
  // with the first of many records that came at once.
  const bool has_room = page.records.size() < options_.max_records;
  const auto first = std::ranges::find_if(page.records, unwanted);
  if (first != page.records.end()) {
    page.records.erase(first, page.records.end());
    page.next_iterator.emplace();  // not read to its end, whatever the service says
    return Reach::at_limit;
  }
  const bool at_tip =
      has_room && page.behind_latest == milliseconds(0) && (!until || page.server_time >= *until + kPropagation);
  return at_tip ? Reach::at_tip : reach_;
}

/// Nothing that tells how far the shard was read may change before its records are in the queue: they would be passed
/// over.
Task<void> PollingReader::accept(RecordsPage page, ByteBudget::Reservation reservation, base::Stop& stop) {
  const Reach reach = cut_at_limit(page);
  if (!page.records.empty()) {
    std::string last(page.records.back().sequence_number());
    std::shared_ptr<const void> buffer = page.buffer;
    auto unpacking = unpacker_.unpack(std::move(page.records), std::move(buffer), from_);
    Unpacked unpacked = co_await std::move(unpacking);
    if (stop.requested() || given_up_) co_return;
    behind_ = page.behind_latest;
    from_ = {
        .kind = shards::ReadFrom::Kind::after_sequence_number, .sequence_number = std::move(last), .timestamp = {}};
    queue(std::move(unpacked), std::move(page.buffer), std::move(reservation));
  } else {
    estimate_ = std::max(estimate_ / 2, kSmallestEstimate);
  }
  reach_ = reach;
  behind_ = page.behind_latest;
  iterator_ = page.next_iterator;
  if (!page.next_iterator) {
    at_end_ = true;
    child_shards_ = std::move(page.child_shards);
  }
}

void PollingReader::queue(Unpacked unpacked, std::shared_ptr<const void> bytes, ByteBudget::Reservation reservation) {
  const std::size_t size = bytes_of(unpacked.records);
  estimate_ = std::clamp(std::max(size, estimate_ / 2), kSmallestEstimate, kLargestEstimate);
  const bool only_repeats = unpacked.records.empty() && unpacked.left_out == 0;
  if (only_repeats) return;
  reservation.resize(size);
  auto buffer = std::make_shared<Buffer>();
  buffer->bytes = std::move(bytes);
  buffer->reservation = std::move(reservation);
  const std::weak_ptr<Buffer> weak = buffer;
  auto content = std::make_shared<RecordBatch::Content>();
  content->shard_id = shard_id_;
  content->records = std::move(unpacked.records);
  content->behind_latest = behind_;
  content->bytes = size;
  content->buffer = std::move(buffer);
  Fetched fetched{.batch = RecordBatch(std::move(content)), .end = std::move(unpacked.end)};
  queue_.push_back({.fetched = std::move(fetched), .buffer = weak});
}

void PollingReader::note_error(const KinesisError& error) {
  if (error.message != last_error_) {
    const bool usual = error.kind == KinesisError::Kind::throttled;
    if (usual) {
      log_.debug("read_throttled", {{"error", error.message}});
    } else {
      log_.warning("read_failed", {{"error", error.message}});
    }
  }
  last_error_ = error.message;
  on_change_();
}

}  // namespace kcl::consumer
