#include "consumer/shard_reader.h"

#include <algorithm>
#include <utility>

#include "leases/lease_key.h"

namespace kcl::consumer {

using base::ByteBudget;
using base::Task;
using coordinator::Reach;
using std::chrono::milliseconds;

namespace {

// AWS GetRecords: an answer has at most 10 MB of data; 10,000 records come with as many views.
constexpr std::size_t kLargestAnswer = 10'000'000 + 10'000 * sizeof(Record);
// AWS's limit for writers: what a shard that was read to its tip can have after a second.
constexpr std::size_t kSecondOfAShard = 1UL << 20;

// A record can be read a moment after its time of arrival.
constexpr milliseconds kPropagation{2'000};

/// What a batch keeps in memory: the answer, and what points into it. User records of an aggregate share its bytes.
std::size_t held_by(std::size_t answer, const std::vector<Record>& records) {
  return answer + records.capacity() * sizeof(Record);
}

/// Whatever a shard brings next, at its tip: so much of a small budget that others are not kept from theirs.
std::size_t smallest_estimate(const ByteBudget& budget) {
  return std::clamp(budget.limit() / 256, 64UL << 10, kSecondOfAShard);
}

}  // namespace

/// Of a shard that was never read nobody knows how much is waiting: a full answer, until it tells.
ShardReader::ShardReader(Reading reading)
    : reading_(std::move(reading)),
      from_(reading_.from),
      estimate_(std::min(kLargestAnswer, reading_.budget->limit())) {}

std::size_t ShardReader::bytes_of(const std::vector<Record>& records) {
  std::size_t bytes = 0;
  for (const Record& record : records) bytes += record.data().size() + record.partition_key().size();
  return bytes;
}

/// What a batch keeps alive: the answer's bytes, and their place in the budget.
struct ShardReader::Buffer {
  std::shared_ptr<const void> bytes;
  ByteBudget::Reservation reservation;
};

std::optional<Fetched> ShardReader::pop() {
  if (queue_.empty()) return std::nullopt;
  std::optional<Fetched> fetched(std::move(queue_.front()));
  queue_.pop_front();
  room_.notify_all();
  return fetched;
}

std::optional<milliseconds> ShardReader::behind() const {
  if (!last_answer_) return std::nullopt;
  const auto silence = std::chrono::duration_cast<milliseconds>(reading_.loop.now() - *last_answer_);
  const bool reads_on = !at_end_ && reach_ != Reach::at_limit;
  return silence <= usual_silence_ || !reads_on ? behind_ : std::max(behind_, silence);
}

void ShardReader::give_up() {
  given_up_ = true;
  queue_.clear();
  room_.notify_all();
}

ByteBudget::Use ShardReader::use_of_next() const {
  return alive_.use_count() > 1 ? ByteBudget::Use::ahead : ByteBudget::Use::first;
}

/// Cuts off what is not wanted any more: from the first such record on, since arrivals are not strictly in order and a
/// checkpoint must not pass over any. Tells how far the shard has come with this answer.
Reach ShardReader::cut_at_limit(Answered& answered) const {
  const auto& until = reading_.options.until;
  const auto unwanted = [&](const Record& record) { return until && record.approximate_arrival() >= *until; };
  // Behind a full answer there may be more, whatever the service says: one that compares times of arrival is at its tip
  // with the first of many records that came at once.
  const bool has_room = answered.records.size() < reading_.options.max_records;
  const auto first = std::ranges::find_if(answered.records, unwanted);
  if (first != answered.records.end()) {
    answered.records.erase(first, answered.records.end());
    answered.ends = false;  // not read to its end, whatever the service says
    return Reach::at_limit;
  }
  const bool at_tip = has_room && answered.behind_latest == milliseconds(0) &&
                      (!until || answered.server_time >= *until + kPropagation);
  return at_tip ? Reach::at_tip : reach_;
}

/// Nothing that tells how far the shard was read may change before its records are in the queue: they would be passed
/// over.
Task<bool> ShardReader::accept(Answered answered, ByteBudget::Reservation reservation, base::Stop& stop) {
  ++answers_;
  last_answer_ = answered.received;
  const Reach reach = cut_at_limit(answered);
  if (!answered.records.empty()) {
    std::string last(answered.records.back().sequence_number());
    std::shared_ptr<const void> buffer = answered.buffer;
    const std::size_t answer = std::max(answered.buffer_bytes, bytes_of(answered.records));
    auto unpacking = reading_.unpacker.unpack(std::move(answered.records), std::move(buffer), from_);
    Unpacked unpacked = co_await std::move(unpacking);
    if (!wanted(stop)) co_return false;
    behind_ = answered.behind_latest;
    from_ = {
        .kind = shards::ReadFrom::Kind::after_sequence_number, .sequence_number = std::move(last), .timestamp = {}};
    Bytes bytes{.buffer = std::move(answered.buffer), .size = answer};
    queue(std::move(unpacked), std::move(bytes), std::move(reservation));
  } else {
    estimate_ = std::max(estimate_ / 2, smallest_estimate(*reading_.budget));
  }
  last_error_.clear();
  reach_ = reach;
  behind_ = answered.behind_latest;
  if (answered.ends) {
    at_end_ = true;
    child_shards_ = std::move(answered.child_shards);
  }
  reading_.on_change();
  co_return true;
}

void ShardReader::queue(Unpacked unpacked, Bytes bytes, ByteBudget::Reservation reservation) {
  const std::size_t size = bytes_of(unpacked.records);
  const std::size_t held = held_by(bytes.size, unpacked.records);
  estimate_ = std::max({held, estimate_ / 2, smallest_estimate(*reading_.budget)});
  const bool only_repeats = unpacked.records.empty() && unpacked.left_out == 0;
  if (only_repeats) return;
  reservation.resize(held);
  auto buffer = std::make_shared<Buffer>();
  buffer->bytes = std::move(bytes.buffer);
  buffer->reservation = std::move(reservation);
  Charge charge(std::shared_ptr<ByteBudget::Reservation>(buffer, &buffer->reservation), reading_.key, alive_);
  auto content = std::make_shared<RecordBatch::Content>();
  content->shard_id = leases::shard_part(reading_.key);
  content->records = std::move(unpacked.records);
  content->behind_latest = behind_;
  content->bytes = size;
  content->buffer = std::move(buffer);
  queue_.push_back(
      {.charge = std::move(charge), .batch = RecordBatch(std::move(content)), .end = std::move(unpacked.end)});
}

void ShardReader::note_error(const KinesisError& error) {
  if (error.message != last_error_) {
    const bool usual = error.kind == KinesisError::Kind::throttled;
    if (usual) {
      reading_.log.debug("read_throttled", {{"error", error.message}});
    } else {
      reading_.log.warning("read_failed", {{"error", error.message}});
    }
  }
  last_error_ = error.message;
  reading_.on_change();
}

}  // namespace kcl::consumer
