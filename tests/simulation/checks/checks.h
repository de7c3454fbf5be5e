// The checkers: one file per promise. Each is told what happens, compares it with the truth, and blames.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>

#include <kcl/item_store.h>
#include <kcl/record.h>
#include <kcl/shard_status.h>

#include "leases/lease.h"
#include "ports/processor.h"
#include "simulation/sim_store.h"
#include "simulation/truth.h"

namespace kcl::simulation::checks {

/// What a write to the lease table was, by the table in docs/internals/leases.md.
enum class WriteKind : std::uint8_t { create, take, holder, claim, withdraw, remove, foreign };

struct RowChange {
  const Writer& by;
  const std::string& key;
  const Item* before_item = nullptr;
  const Item* after_item = nullptr;
  std::optional<leases::Lease> before;
  std::optional<leases::Lease> after;
  WriteKind kind = WriteKind::foreign;
};

std::set<std::string> changed_attributes(const Item& before, const Item& after);

/// What a write of kclpp must have been, judged by what it changed.
WriteKind kind_of(const RowChange& change);

/// Records of a shard: from `begin`, `count` of them.
struct Range {
  std::size_t begin = 0;
  std::size_t count = 0;
};

/// C1: a stored checkpoint is never past a record that nobody was done with.
void checkpoint_passes_nothing(Truth& truth, const RowChange& change);
/// C1, at the end of a run: nothing is left undone.
void everything_is_done(Truth& truth);
std::size_t undone(Truth& truth);

/// C2: per shard and epoch batches come in order, without a gap, as many at once as the program takes; what has failed
/// comes again by itself.
void batch_is_next(Truth& truth, const ports::ShardEpoch& epoch, const RecordBatch& batch, Range range);

/// C3: no shard starts before its parents are read to their end and stored so; no row goes before its children started.
void parents_have_ended(Truth& truth, const ports::ShardEpoch& epoch);
void removal_is_due(Truth& truth, const RowChange& change);
/// C3: who waits for parents keeps the lease, or learns by its renewals that it is another's.
void waiting_lease_is_kept(Truth& truth, const std::string& process, const ShardStatus& status);
/// C3, and C2 for the shard as a whole: what was read to its end and removed does not come back, to be read once more
/// beside its children.
void row_stays_removed(Truth& truth, const RowChange& change);

/// C4: checkpoints move by the holder's writes only, and forward; counters and epochs grow; what is said to be stored
/// is.
void write_is_fenced(Truth& truth, const RowChange& change);
void epoch_grows(Truth& truth, const ports::ShardEpoch& epoch);
/// Of a position that a program was told is stored; SHARD_END is one.
void reported_is_stored(Truth& truth, const std::string& process, const std::string& shard, const Position& position);

/// C6: one start instant, that of the first worker; SHARD_END only on closed shards, with children in hand.
struct StartAllowed {
  bool trim_horizon = false;
  std::optional<Timestamp> latest_since;
};
void start_instant_is_kept(Truth& truth, const RowChange& change, const StartAllowed& allowed);
void end_has_children(Truth& truth, const RowChange& change);

/// C8: no call starts in an epoch that has been succeeded.
void epoch_is_current(Truth& truth, const std::string& process, const ports::ShardEpoch& epoch);

/// C9: whoever waits says for what; nobody is idle beside records that can be read.
void status_is_honest(Truth& truth, const std::string& process, const ShardStatus& status, Timestamp worker_time);

/// C10: nothing is released under a running callback; a shutdown returns by its deadline.
void release_waits_for_callbacks(Truth& truth, const RowChange& change);
void shutdown_was_prompt(Truth& truth, const std::string& process, bool returned);

/// C14, and the history of each row: every write of kclpp is one of those documented, made by the process that the row
/// names, under a token never seen before; what it does not know, it leaves alone.
void write_is_documented(Truth& truth, const RowChange& change);
/// The same in the `vmware-go` format, of a row that was there before and after.
WriteKind go_kind_of(const leases::Lease& before, const leases::Lease& after);
void go_write_is_documented(Truth& truth, const RowChange& change);

/// A sink that refuses what comes from a smaller epoch than it has seen has no gap, ever. True if it took the batch.
bool sink_takes(Truth& truth, const std::string& shard, std::uint64_t epoch, Range range);

}  // namespace kcl::simulation::checks
