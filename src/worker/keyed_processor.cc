#include "worker/keyed_processor.h"

#include <atomic>
#include <chrono>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ports/processor.h"
#include "worker/program.h"

namespace kcl::worker {

namespace {

using ports::CallbackResult;
using RecordId = std::pair<std::string, std::uint64_t>;

RecordId id_of(const Record& record) { return {std::string(record.sequence_number()), record.sub_sequence_number()}; }

bool is_after(const Record& record, const RecordId& id) {
  const auto order = compare_sequence_numbers(record.sequence_number(), id.first);
  return order > 0 || (order == 0 && record.sub_sequence_number() > id.second);
}

/// A batch in the lanes.
struct Job {
  Job(RecordBatch its_batch, Ack its_ack) : batch(std::move(its_batch)), ack(std::move(its_ack)) {}

  RecordBatch batch;
  Ack ack;
  /// Lanes that have records of it.
  std::size_t pieces = 0;
  std::vector<std::size_t> handled;
  std::optional<CallbackResult> failure;
  bool skipped = false;
};

/// Records of one job for one lane, in order.
struct Piece {
  std::shared_ptr<Job> job;
  std::vector<std::size_t> records;
};

}  // namespace

class KeyedProcessor::Lanes : public std::enable_shared_from_this<Lanes> {
 public:
  Lanes(base::BlockingPool& pool, std::size_t count, std::shared_ptr<const Handler> handler)
      : pool_(pool), handler_(std::move(handler)), lanes_(count) {}

  /// Before the first batch.
  void begin(const ShardContext& context) { context_ = context; }
  void add(RecordBatch batch, Ack ack);

 private:
  struct Lane {
    std::deque<Piece> queue;
    bool running = false;
  };

  bool comes_too_early(const RecordBatch& batch);
  void run(Lane& lane);
  void work_on(const Piece& piece);
  void finish(const std::shared_ptr<Job>& job, std::vector<std::size_t> handled, std::optional<CallbackResult> failure,
              bool skipped);
  /// Cancelled: another worker may be about to begin.
  bool is_to_end() const { return context_ && (context_->stop_token().stop_requested() || context_->cancelled()); }
  std::size_t lane_of(const Record& record) const {
    return std::hash<std::string_view>()(record.partition_key()) % lanes_.size();
  }

  base::BlockingPool& pool_;
  std::shared_ptr<const Handler> handler_;
  /// From begin() on.
  std::optional<ShardContext> context_;
  std::mutex mutex_;
  std::vector<Lane> lanes_;
  /// Since the first failure, until every job is through.
  std::atomic<bool> broken_{false};
  std::size_t jobs_ = 0;
  /// A batch was not done with, and has not come again yet.
  bool owed_ = false;
  /// The last record of all that was ever given.
  std::optional<RecordId> farthest_;
  /// Records of jobs that failed, which need not be handled when they come again.
  std::set<RecordId> handled_;
};

/// A batch that the consumer handed out before it knew of a failure comes when all lanes may be idle again. Its records
/// must wait for those of the same keys that are to come again: only then does the consumer go back. Under the lock.
bool KeyedProcessor::Lanes::comes_too_early(const RecordBatch& batch) {
  const bool goes_on = !farthest_ || is_after(batch.front(), *farthest_);
  if (!goes_on) owed_ = false;
  if (!farthest_ || is_after(batch.back(), *farthest_)) farthest_ = id_of(batch.back());
  return owed_;
}

void KeyedProcessor::Lanes::add(RecordBatch batch, Ack ack) {
  std::unique_lock lock(mutex_);
  if (comes_too_early(batch)) {
    lock.unlock();
    return ack.retry_later(std::chrono::milliseconds(0));
  }
  auto job = std::make_shared<Job>(std::move(batch), std::move(ack));
  std::vector<Piece> pieces(lanes_.size());
  std::vector<std::size_t> known;
  for (std::size_t i = 0; i < job->batch.size(); ++i) {
    if (!handled_.empty() && handled_.erase(id_of(job->batch[i])) > 0) {
      known.push_back(i);
    } else {
      pieces[lane_of(job->batch[i])].records.push_back(i);
    }
  }
  ++jobs_;
  // One for this function, so that the job cannot be through before all of it is handed out.
  job->pieces = 1;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    if (pieces[i].records.empty()) continue;
    ++job->pieces;
    pieces[i].job = job;
    lanes_[i].queue.push_back(std::move(pieces[i]));
    if (std::exchange(lanes_[i].running, true)) continue;
    pool_.submit([self = shared_from_this(), &lane = lanes_[i]] { self->run(lane); });
  }
  lock.unlock();
  finish(job, std::move(known), std::nullopt, false);
}

void KeyedProcessor::Lanes::run(Lane& lane) {
  for (;;) {
    std::unique_lock lock(mutex_);
    if (lane.queue.empty()) {
      lane.running = false;
      return;
    }
    const Piece piece = std::move(lane.queue.front());
    lane.queue.pop_front();
    lock.unlock();
    work_on(piece);
  }
}

void KeyedProcessor::Lanes::work_on(const Piece& piece) {
  std::vector<std::size_t> handled;
  std::optional<CallbackResult> failure;
  bool skipped = false;
  for (const std::size_t i : piece.records) {
    skipped = broken_ || is_to_end();
    if (skipped) break;
    try {
      (*handler_)(piece.job->batch[i]);
    } catch (...) {
      failure = result_of(std::current_exception());
      break;
    }
    handled.push_back(i);
  }
  finish(piece.job, std::move(handled), std::move(failure), skipped);
}

/// One piece of the job is through; with the last one the job is.
void KeyedProcessor::Lanes::finish(const std::shared_ptr<Job>& job, std::vector<std::size_t> handled,
                                   std::optional<CallbackResult> failure, bool skipped) {
  std::unique_lock lock(mutex_);
  job->handled.insert(job->handled.end(), handled.begin(), handled.end());
  job->skipped |= skipped;
  if (failure) broken_ = true;
  if (failure && !job->failure) job->failure = std::move(failure);
  if (--job->pieces > 0) return;
  const bool whole = !job->failure && !job->skipped;
  if (!whole) {
    owed_ = true;
    for (const std::size_t i : job->handled) handled_.insert(id_of(job->batch[i]));
  }
  if (--jobs_ == 0) broken_ = false;
  lock.unlock();
  // Only now: with the last one settled the next may come, and must find the lanes ready.
  if (whole) return job->ack.done();
  for (const std::size_t i : job->handled) job->ack.done(job->batch[i]);
  if (!job->failure) {
    // Nothing of it failed: something beside it did, or the epoch is to end.
    job->ack.retry_later(std::chrono::milliseconds(0));
  } else if (job->failure->kind == CallbackResult::Kind::retry_later) {
    job->ack.retry_later(std::chrono::duration_cast<std::chrono::milliseconds>(job->failure->retry_after));
  } else {
    job->ack.failed(job->failure->what);
  }
}

KeyedProcessor::KeyedProcessor(base::BlockingPool& pool, std::size_t lanes, std::shared_ptr<const Handler> handler)
    : lanes_(std::make_shared<Lanes>(pool, lanes, std::move(handler))) {}

KeyedProcessor::~KeyedProcessor() = default;

void KeyedProcessor::initialize(const ShardContext& context) { lanes_->begin(context); }

void KeyedProcessor::process_records(RecordBatch batch, Ack ack) { lanes_->add(std::move(batch), std::move(ack)); }

}  // namespace kcl::worker
