// Reads one shard with GetRecords, ahead of its processor, within the service's limits and the worker's byte budget.
//
// Never skips: after an expired iterator, or any error, it goes on right after the last record that it fetched. Never
// ends a shard because something was not found (C6): only an answer without a next iterator does. Lives on the strand.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/byte_budget.h"
#include "base/event_log.h"
#include "base/random.h"
#include "base/task.h"
#include "base/wait.h"
#include "consumer/options.h"
#include "consumer/unpacker.h"
#include "coordinator/finish.h"
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

class PollingReader {
 public:
  PollingReader(base::Loop& loop, base::Random& random, ports::Kinesis& kinesis, Unpacker& unpacker,
                std::shared_ptr<base::ByteBudget> budget, base::EventLog log, const ReaderOptions& options,
                std::string shard_id, shards::ReadFrom from, std::function<void()> on_change);
  PollingReader(const PollingReader&) = delete;
  PollingReader& operator=(const PollingReader&) = delete;

  base::Task<void> run(base::Stop& stop);

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
  /// The next read waits for room in the byte budget.
  bool waits_for_budget() const noexcept { return waits_for_budget_; }
  /// How far it has come, once everything was popped. A shard that was read to its end is not at its tip: it has yet to
  /// be ended, and its children come after it.
  coordinator::Reach reach() const noexcept {
    return queue_.empty() && !at_end_ ? reach_ : coordinator::Reach::working;
  }

 private:
  struct Buffer;
  /// What records are views into.
  struct Bytes {
    std::shared_ptr<const void> buffer;
    std::size_t size = 0;
  };
  enum class Turn : std::uint8_t { again, idle, failed };
  base::Task<Turn> read_once(base::Stop& stop);
  base::ByteBudget::Use use_of_next() const;
  base::Task<bool> open_iterator();
  coordinator::Reach cut_at_limit(RecordsPage& page) const;
  base::Task<void> accept(RecordsPage page, base::ByteBudget::Reservation reservation, base::Stop& stop);
  void queue(Unpacked unpacked, Bytes bytes, base::ByteBudget::Reservation reservation);
  void note_error(const KinesisError& error);

  base::Loop& loop_;
  base::Random& random_;
  ports::Kinesis& kinesis_;
  Unpacker& unpacker_;
  std::shared_ptr<base::ByteBudget> budget_;
  base::EventLog log_;
  const ReaderOptions& options_;
  std::string shard_id_;
  shards::ReadFrom from_;
  std::function<void()> on_change_;

  std::optional<std::string> iterator_;
  std::deque<Fetched> queue_;
  /// Shared with every batch that is not done with.
  std::shared_ptr<const void> alive_ = std::make_shared<char>();
  base::Event room_;
  std::size_t estimate_;
  bool at_end_ = false;
  bool given_up_ = false;
  bool waits_for_budget_ = false;
  std::uint64_t answers_ = 0;
  coordinator::Reach reach_ = coordinator::Reach::working;
  std::vector<ChildShard> child_shards_;
  std::chrono::milliseconds behind_{0};
  std::optional<base::BootTime> last_answer_;
  std::string last_error_;
};

}  // namespace kcl::consumer
