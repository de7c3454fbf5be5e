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

/// What one answer brought.
struct Fetched {
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
  ~PollingReader();

  base::Task<void> run(base::Stop& stop);

  /// The next batch, in order. The budget counts it until the last copy of it is gone.
  std::optional<Fetched> pop();
  /// The batch of the last pop() was done with, and let go of by its consumer: whoever still has a copy keeps it (C11).
  void done_with_batch();
  /// Reads no more, and lets go of what was not popped.
  void give_up();
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
  struct Queued {
    Fetched fetched;
    std::weak_ptr<Buffer> buffer;
  };
  enum class Turn : std::uint8_t { again, idle, failed };
  base::Task<Turn> read_once(base::Stop& stop);
  base::Task<bool> open_iterator();
  coordinator::Reach cut_at_limit(RecordsPage& page) const;
  base::Task<void> accept(RecordsPage page, base::ByteBudget::Reservation reservation, base::Stop& stop);
  void queue(Unpacked unpacked, std::shared_ptr<const void> bytes, base::ByteBudget::Reservation reservation);
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
  std::deque<Queued> queue_;
  /// Of the last batch that was popped.
  std::weak_ptr<Buffer> popped_;
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
