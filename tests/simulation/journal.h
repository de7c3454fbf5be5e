// Keeps the truth of a run, and has every step of it checked against the promises (checks/checks.h).
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <kcl/item_store.h>
#include <kcl/record.h>

#include "leases/row_format.h"
#include "ports/processor.h"
#include "shards/rules.h"
#include "simulation/checks/checks.h"
#include "simulation/sim_store.h"
#include "simulation/truth.h"
#include "simulation/world.h"

namespace kcl::simulation {

class Journal {
 public:
  explicit Journal(World& world, LeaseFormat format = LeaseFormat::kcl)
      : world_(world), format_(leases::row_format(format)), truth_(world) {}

  Truth& truth() noexcept { return truth_; }

  // The stream.
  /// `user_records` of an aggregate, or 1.
  void put(const std::string& shard, const std::string& sequence_number, Timestamp time, std::size_t user_records = 1);
  void resharded(const std::vector<std::string>& parents, const std::vector<std::string>& children);

  /// A worker starts, which will fix the application's start instant if nobody has.
  void worker_starts(shards::InitialPosition initial);

  // What processors are given. Records that a Java or Go worker is done with are told as `done`.
  /// `most_in_flight`: calls at once that the program is made for.
  void epoch_began(const std::string& process, const ports::ShardEpoch& epoch, std::size_t most_in_flight = 1);
  void call_began(const std::string& process, const ports::ShardEpoch& epoch, const RecordBatch& batch);
  void call_ended(const ports::ShardEpoch& epoch, const RecordBatch& batch, bool ok);
  void done(const std::string& shard, std::uint64_t epoch, const std::vector<Record>& records);
  /// What the program was given since its last checkpoint is lost to it. `asked`: the furthest it asked for.
  void started_over(const std::string& process, const ports::ShardEpoch& epoch, const std::optional<Position>& asked);

  /// A program asked for a checkpoint there, and was told that it is stored.
  void told_stored(const std::string& process, const std::string& shard, const Position& position) {
    checks::reported_is_stored(truth_, process, shard, position);
  }

  /// The dead-letter sink took a record of a call.
  void dead_lettered(const ports::ShardEpoch& epoch, const Record& record);

  /// Every write to the lease table.
  void row_changed(const Writer& by, const std::string& key, const Item* before, const Item* after);

  std::size_t records_put() const { return records_put_; }
  /// Data of the records that the dead-letter sink took.
  const std::set<std::string>& dead_letters() const { return dead_letters_; }
  std::size_t repeated() const { return repeated_; }
  std::size_t moves() const { return moves_; }
  std::size_t undone() { return checks::undone(truth_); }
  bool all_done();
  /// Everything that was put before `time` is done.
  bool done_before(Timestamp time);
  /// At the end of a run: everything done.
  void check_complete() { checks::everything_is_done(truth_); }

 private:
  checks::Range range_of(const std::string& shard, const RecordBatch& batch);
  void note_done(const std::string& shard, checks::Range range);
  void undo(ShardTruth& shard, std::size_t from);
  void trace_row(const checks::RowChange& change);
  void application_row_changed(const checks::RowChange& change);

  World& world_;
  const leases::RowFormat& format_;
  Truth truth_;
  checks::StartAllowed start_allowed_;
  std::set<std::string> dead_letters_;
  std::size_t records_put_ = 0;
  std::size_t repeated_ = 0;
  std::size_t moves_ = 0;
};

}  // namespace kcl::simulation
