#include "simulation/journal.h"

#include <algorithm>

namespace kcl::simulation {

using checks::Range;
using checks::RowChange;
using checks::WriteKind;

void Journal::put(const std::string& shard, const std::string& sequence_number, Timestamp time,
                  std::size_t user_records) {
  for (std::size_t sub = 0; sub < user_records; ++sub)
    truth_.shards[shard].records.push_back({.position = *Position::parse(sequence_number, sub), .time = time});
  records_put_ += user_records;
}

void Journal::resharded(const std::vector<std::string>& parents, const std::vector<std::string>& children) {
  for (const auto& parent : parents) {
    truth_.shards[parent].children = children;
    truth_.shards[parent].closed = world_.server_time();
  }
  for (const auto& child : children) truth_.shards[child].parents = parents;
}

void Journal::worker_starts(shards::InitialPosition initial) {
  if (initial == shards::InitialPosition::trim_horizon) start_allowed_.trim_horizon = true;
  if (initial == shards::InitialPosition::latest && !start_allowed_.latest_since)
    start_allowed_.latest_since = world_.server_time();
}

void Journal::epoch_began(const std::string& process, const ports::ShardEpoch& epoch, std::size_t most_in_flight) {
  world_.trace(process, " starts ", epoch.shard_id, " in epoch ", epoch.epoch, " after ", epoch.checkpoint.text());
  ++moves_;
  checks::epoch_grows(truth_, epoch);
  checks::epoch_is_current(truth_, process, epoch);
  checks::parents_have_ended(truth_, epoch);
  auto& state = truth_.epochs[{epoch.shard_id, epoch.epoch}];
  const auto at = state.taken ? state.taken->at : std::nullopt;
  state.next = truth_.index_after(truth_.shards[epoch.shard_id], epoch.checkpoint, at);
  state.sunk = *state.next;
  state.most_in_flight = most_in_flight;
}

Range Journal::range_of(const std::string& shard, const RecordBatch& batch) {
  const std::size_t after = truth_.index_after(truth_.shards[shard], batch.front().position());
  return {.begin = after == 0 ? 0 : after - 1, .count = batch.size()};
}

void Journal::call_began(const std::string& process, const ports::ShardEpoch& epoch, const RecordBatch& batch) {
  const Range range = range_of(epoch.shard_id, batch);
  checks::epoch_is_current(truth_, process, epoch);
  checks::batch_is_next(truth_, epoch, batch, range);
  world_.trace(process, " is given ", range.count, " records of ", epoch.shard_id, ", from ", range.begin);
  auto& state = truth_.epochs[{epoch.shard_id, epoch.epoch}];
  state.in_flight.insert(range.begin);
  if (state.failed.empty()) state.next = range.begin + range.count;
}

void Journal::call_ended(const ports::ShardEpoch& epoch, const RecordBatch& batch, bool ok) {
  auto& state = truth_.epochs[{epoch.shard_id, epoch.epoch}];
  const Range range = range_of(epoch.shard_id, batch);
  state.in_flight.erase(range.begin);
  world_.trace(ok ? "done" : "not done", " with ", range.count, " records of ", epoch.shard_id, ", from ", range.begin);
  const std::size_t end = range.begin + range.count;
  const auto failed = state.failed.find(range.begin);
  if (!ok) {
    // A part of what has failed may fail, too.
    if (failed == state.failed.end()) state.failed.emplace(range.begin, end);
    return;
  }
  if (failed != state.failed.end()) {
    if (end < failed->second) state.failed.emplace(end, failed->second);
    state.failed.erase(range.begin);
  }
  note_done(epoch.shard_id, range);
  state.to_sink.emplace(range.begin, range.count);
  const auto& records = truth_.shards[epoch.shard_id].records;
  while (!state.to_sink.empty()) {
    const auto [begin, count] = *state.to_sink.begin();
    const bool gap = begin > state.sunk && !truth_.is_gone(records[begin - 1]);
    if (gap && (!state.in_flight.empty() || !state.failed.empty())) break;
    checks::sink_takes(truth_, epoch.shard_id, epoch.epoch, {.begin = begin, .count = count});
    state.sunk = begin + count;
    state.to_sink.erase(begin);
  }
}

void Journal::started_over(const std::string& process, const ports::ShardEpoch& epoch,
                           const std::optional<Position>& asked) {
  world_.trace(process, " starts over with ", epoch.shard_id);
  truth_.epochs[{epoch.shard_id, epoch.epoch}].over = true;
  auto& shard = truth_.shards[epoch.shard_id];
  undo(shard, asked ? std::max(shard.stored_to, truth_.index_after(shard, *asked)) : shard.stored_to);
}

void Journal::undo(ShardTruth& shard, std::size_t from) {
  for (std::size_t i = from; i < shard.records.size(); ++i) shard.records[i].done = false;
  shard.settled = std::min(shard.settled, from);
}

void Journal::done(const std::string& shard, std::uint64_t epoch, const std::vector<Record>& records) {
  // Java takes a parent without a row for done: it depends on all others to see to the rows. Go workers start children
  // early whatever the others do (vmware-go.md, defect 4).
  if (!truth_.unfenced_neighbours) checks::parents_have_ended(truth_, {.shard_id = shard, .epoch = epoch});
  const std::size_t after = truth_.index_after(truth_.shards[shard], records.front().position());
  const Range range{.begin = after == 0 ? 0 : after - 1, .count = records.size()};
  note_done(shard, range);
  checks::sink_takes(truth_, shard, epoch, range);
}

void Journal::note_done(const std::string& shard, Range range) {
  auto& records = truth_.shards[shard].records;
  for (std::size_t i = range.begin; i < std::min(range.begin + range.count, records.size()); ++i) {
    records[i].done = true;
    if (++records[i].times_done > 1) ++repeated_;
  }
}

void Journal::dead_lettered(const ports::ShardEpoch& epoch, const Record& record) {
  world_.trace("dead letter of ", epoch.shard_id, ": ", record.text());
  dead_letters_.emplace(record.text());
}

void Journal::application_row_changed(const RowChange& change) {
  if (change.by.kind == Writer::Kind::person) return;
  if (change.before_item != nullptr || change.after_item == nullptr)
    return truth_.blame("C6", change.key, "the application's row is written again by " + change.by.process);
  RowChange made = change;
  made.after.emplace();
  if (const auto marks = format_.application(*change.after_item)) made.after->from = marks->start_instant;
  checks::start_instant_is_kept(truth_, made, start_allowed_);
}

void Journal::row_changed(const Writer& by, const std::string& key, const Item* before, const Item* after) {
  if (!format_.is_lease(after == nullptr ? *before : *after))
    return application_row_changed({.by = by, .key = key, .before_item = before, .after_item = after});
  auto& shard = truth_.shards[key];
  RowChange change{.by = by, .key = key, .before_item = before, .after_item = after};
  if (before != nullptr) change.before = shard.row;
  if (after != nullptr) {
    auto row = format_.parse(*after);
    if (!row) return truth_.blame("C14", key, "a row that does not parse: " + row.error());
    change.after = *std::move(row);
  }
  change.kind = checks::kind_of(change);
  trace_row(change);

  checks::write_is_documented(truth_, change);
  checks::write_is_fenced(truth_, change);
  checks::start_instant_is_kept(truth_, change, start_allowed_);
  checks::checkpoint_passes_nothing(truth_, change);
  checks::end_has_children(truth_, change);
  checks::release_waits_for_callbacks(truth_, change);
  checks::removal_is_due(truth_, change);
  checks::row_stays_removed(truth_, change);

  if (change.before && change.after && change.before->checkpoint != change.after->checkpoint)
    shard.moved_by_go = by.kind == Writer::Kind::go;
  if (by.kind == Writer::Kind::person && change.before && !change.after && change.before->started())
    shard.deleted_started = world_.server_time();
  shard.removed_as_ended |= by.kind == Writer::Kind::kclpp && !change.after && change.before->ended();
  shard.row = change.after;
  if (!change.after) return;
  shard.had_row = true;
  shard.ended |= change.after->ended();
  if (change.after->checkpoint.is_sequence())
    shard.stored_to = std::max(shard.stored_to, truth_.index_after(shard, change.after->checkpoint));
  if (change.kind == WriteKind::take) {
    shard.taken_epoch = static_cast<std::uint64_t>(change.after->counter);
    shard.taken_at = world_.server_time();
    truth_.epochs[{key, shard.taken_epoch}].taken = change.after;
  }
  // An explicit rewind: what lies behind the new position is to be read again.
  if (by.kind == Writer::Kind::person && change.before && change.before->checkpoint != change.after->checkpoint) {
    undo(shard, truth_.index_after(shard, change.after->checkpoint, change.after->at));
  }
}

void Journal::trace_row(const RowChange& change) {
  if (!world_.tracing()) return;
  if (!change.after) return world_.trace(change.by.process, " removes row ", change.key);
  const leases::Lease& row = *change.after;
  world_.trace(change.by.process, " writes row ", change.key, " owner ", row.owner.value_or("-"), " counter ",
               row.counter, " checkpoint ", row.checkpoint.text(),
               row.claim ? " claimed by " + row.claim->worker_id : std::string());
}

bool Journal::all_done() {
  return std::ranges::all_of(
      truth_.shards, [this](auto& named) { return truth_.settled(named.second) == named.second.records.size(); });
}

bool Journal::done_before(Timestamp time) {
  return std::ranges::all_of(truth_.shards, [&](auto& named) {
    const std::size_t next = truth_.settled(named.second);
    return next == named.second.records.size() || named.second.records[next].time >= time;
  });
}

}  // namespace kcl::simulation
