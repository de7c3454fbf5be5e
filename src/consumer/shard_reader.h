// Reads one shard ahead of its processor, within the worker's byte budget: what PollingReader and FanOutReader have in
// common, and all that a consumer sees of either.
//
// Never skips: after any error reading goes on right after the last record that was fetched. Never ends a shard because
// something was not found (C6). Lives on the strand.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/byte_budget.h"
#include "base/event_log.h"
#include "base/random.h"
#include "base/task.h"
#include "base/wait.h"
#include "consumer/options.h"
#include "consumer/unpacker.h"
#include "coordinator/finish.h"
#include "metrics/registry.h"
#include "ports/kinesis.h"
#include "shards/rules.h"

namespace kcl::consumer {

/// A batch's place in the byte budget. When its consumer lets go of it, whoever still has a copy of the batch keeps it
/// (C11).
class Charge {
 public:
  /// `alive` is held as long as the batch is queued or with its consumer.
  Charge(std::weak_ptr<base::ByteBudget::Reservation> reservation, std::string holder,
         std::shared_ptr<const void> alive)
      : reservation_(std::move(reservation)), holder_(std::move(holder)), alive_(std::move(alive)) {}
  Charge(Charge&& other) noexcept = default;
  Charge& operator=(Charge&& other) noexcept {
    std::swap(reservation_, other.reservation_);
    std::swap(holder_, other.holder_);
    std::swap(alive_, other.alive_);
    return *this;
  }
  ~Charge() {
    if (const auto kept = reservation_.lock()) kept->keep(std::move(holder_));
  }

 private:
  std::weak_ptr<base::ByteBudget::Reservation> reservation_;
  std::string holder_;
  std::shared_ptr<const void> alive_;
};

/// What one answer brought.
struct Fetched {
  /// First, so that it goes last.
  Charge charge;
  /// User records; empty when all of them were left out.
  RecordBatch batch;
  /// With this, everything that the answer brought is done with.
  Position end;
};

/// What every reader is given. What it refers to outlives it.
struct Reading {
  base::Loop& loop;
  base::Random& random;
  ports::Kinesis& kinesis;
  Unpacker& unpacker;
  std::shared_ptr<base::ByteBudget> budget;
  base::EventLog log;
  const ReaderOptions& options;
  /// Of the lease.
  std::string key;
  shards::ReadFrom from;
  std::function<void()> on_change;
  /// Of GetRecords. Null: nobody wants to know.
  std::shared_ptr<metrics::Histogram> read_seconds = {};
};

class ShardReader {
 public:
  ShardReader(const ShardReader&) = delete;
  ShardReader& operator=(const ShardReader&) = delete;
  virtual ~ShardReader() = default;

  /// Until everything is read, or nothing more is wanted.
  virtual base::Task<void> run(base::Stop& stop) = 0;

  /// The next batch, in order. The budget counts it until the last copy of it is gone.
  std::optional<Fetched> pop();
  /// Reads no more, and lets go of what was not popped.
  void give_up();
  /// Bytes of the batch that pop() gives; 0 when there is none.
  std::size_t next_bytes() const noexcept { return queue_.empty() ? 0 : queue_.front().batch.bytes(); }
  /// Everything was read and popped, and the shard is closed.
  bool drained() const noexcept { return at_end_ && !given_up_ && queue_.empty(); }
  /// Given by the answer that ended the shard.
  const std::vector<ChildShard>& child_shards() const noexcept { return child_shards_; }

  /// The larger of the service's word and the time since it last gave it; empty before the first answer.
  std::optional<std::chrono::milliseconds> behind() const;
  const std::string& last_error() const noexcept { return last_error_; }
  /// Answers that brought records, or word that there are none.
  std::uint64_t answers() const noexcept { return answers_; }
  /// The service does not want to be read in this way: whoever has popped everything reads on from `from()` in another.
  bool turned_away() const noexcept { return turned_away_; }
  const shards::ReadFrom& from() const noexcept { return from_; }
  /// The next read waits for room in the byte budget.
  bool waits_for_budget() const noexcept { return waits_for_budget_; }
  /// How far it has come, once everything was popped. A shard that was read to its end is not at its tip: it has yet to
  /// be ended, and its children come after it.
  coordinator::Reach reach() const noexcept {
    return queue_.empty() && !at_end_ ? reach_ : coordinator::Reach::working;
  }

 protected:
  explicit ShardReader(Reading reading);

  /// An answer of the service, however it was asked for.
  struct Answered {
    std::vector<Record> records;
    /// What they are views into, and its size if that is known.
    std::shared_ptr<const void> buffer;
    std::size_t buffer_bytes = 0;
    std::chrono::milliseconds behind_latest{0};
    Timestamp server_time{};
    base::BootTime received{};
    /// The shard is closed, and this is the last of it.
    bool ends = false;
    std::vector<ChildShard> child_shards;
  };
  /// Puts its records into the queue, and notes how far reading has come.
  /// Aggregates are taken apart meanwhile. False: nobody wants it any more.
  base::Task<bool> accept(Answered answered, base::ByteBudget::Reservation reservation, base::Stop& stop);
  void note_error(const KinesisError& error);
  /// Of data and partition keys.
  static std::size_t bytes_of(const std::vector<Record>& records);
  bool wanted(const base::Stop& stop) const { return !stop.requested() && !given_up_; }
  bool finished(const base::Stop& stop) const {
    return !wanted(stop) || at_end_ || reach_ == coordinator::Reach::at_limit;
  }
  /// A shard that has nothing goes before those that read ahead of a program that is not through with what it has.
  base::ByteBudget::Use use_of_next() const;
  /// Whether another batch may be fetched ahead.
  bool has_room() const { return queue_.size() < reading_.options.prefetch; }

  Reading reading_;
  /// Where reading goes on: with what comes right after the last record fetched.
  shards::ReadFrom from_;
  base::Event room_;
  /// Of the next answer, in bytes.
  std::size_t estimate_;
  bool waits_for_budget_ = false;
  bool turned_away_ = false;
  /// A reader that is in touch with the service is not silent for longer.
  base::Duration usual_silence_{};

 private:
  struct Buffer;
  struct Bytes {
    std::shared_ptr<const void> buffer;
    std::size_t size = 0;
  };
  coordinator::Reach cut_at_limit(Answered& answered) const;
  void queue(Unpacked unpacked, Bytes bytes, base::ByteBudget::Reservation reservation);

  std::deque<Fetched> queue_;
  /// Shared with every batch that is not done with.
  std::shared_ptr<const void> alive_ = std::make_shared<char>();
  bool at_end_ = false;
  bool given_up_ = false;
  std::uint64_t answers_ = 0;
  coordinator::Reach reach_ = coordinator::Reach::working;
  std::vector<ChildShard> child_shards_;
  std::chrono::milliseconds behind_{0};
  std::optional<base::BootTime> last_answer_;
  std::string last_error_;
};

}  // namespace kcl::consumer
