// What a look at the stream and the table shows: the shards, this stream's leases, where the application started, and
// whether they belong together.
#include <algorithm>
#include <string_view>

#include "coordinator/shard_sync.h"
#include "leases/lease_key.h"

namespace kcl::coordinator {

using base::BootTime;
using base::Task;
using leases::Lease;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

/// LATEST means a little before the server's now, so that whatever is put after the first worker's start is certainly
/// read.
constexpr milliseconds kLatestMargin{2'000};

}  // namespace

Timestamp ShardSync::configured_start(Timestamp server_time, bool made_anew) const {
  switch (options_.initial) {
    case shards::InitialPosition::latest:
      return made_anew ? shards::kTrimHorizon
                       : std::min(server_time, options_.first_heard->value_or(server_time)) - kLatestMargin;
    case shards::InitialPosition::at_timestamp:
      return options_.initial_timestamp;
    case shards::InitialPosition::trim_horizon:
      break;
  }
  return shards::kTrimHorizon;
}

shards::StartPoint ShardSync::start_point(const View& view) const {
  using shards::InitialPosition;
  shards::StartPoint start;
  start.instant = view.start_instant;
  if (start.instant != shards::kTrimHorizon) {
    const bool latest = options_.initial == InitialPosition::latest;
    start.sentinel = latest ? InitialPosition::latest : InitialPosition::at_timestamp;
  }
  return start;
}

/// Someone who asked before a look began may use that look: so a burst of shard ends costs one or two listings, not one
/// each.
Task<SyncResult<ShardSync::ViewPtr>> ShardSync::fresh_look() {
  const BootTime asked = loop_.now();
  const auto guard = co_await looking_.lock();
  if (view_ && view_->sent >= asked) co_return view_;
  auto view = co_await look();
  if (!view) co_return view;
  if (!view_ || view_->start_instant != (*view)->start_instant) {
    const bool from_the_beginning = (*view)->start_instant == shards::kTrimHorizon;
    log_.info("start_instant",
              {{"reads_from", from_the_beginning ? "TRIM_HORIZON" : to_iso8601((*view)->start_instant)}});
  }
  view_ = *view;
  has_seen_rows_ |= !view_->leases.empty();
  co_return view;
}

Task<SyncResult<void>> ShardSync::list(ListShards::Filter filter, Timestamp timestamp,
                                       std::map<std::string, Shard>& into) {
  ListShards request;
  request.stream = options_.stream;
  request.filter = filter;
  request.timestamp = timestamp;
  do {
    auto answer = co_await kinesis_.list_shards(request, loop_.now() + options_.call_timeout);
    if (!answer.value) co_return Failure{SyncError::of(answer.value.error(), options_.stream)};
    for (Shard& shard : answer.value->shards) into.insert_or_assign(shard.id, std::move(shard));
    request.next_token = answer.value->next_token;
  } while (!request.next_token.empty());
  co_return SyncResult<void>();
}

bool ShardSync::owns(const std::string& key) const { return leases::stream_part(key) == stream_part_; }

SyncResult<void> ShardSync::learn_name(const StreamDescription& description) {
  if (!options_.keyed_by_stream || !stream_part_.empty()) return {};
  const auto part = leases::stream_part_of(description);
  if (!part) {
    return Failure{
        SyncError::conflict("stream " + options_.stream + ": its description has no ARN (\"" + description.arn +
                            "\") to tell its account by, which names its leases beside those of other streams")};
  }
  stream_part_ = *part;
  return {};
}

/// Rows of one stream alone, beside rows that name theirs, are from before the application was told of other streams,
/// or of fewer: it would start anew in the same table, and leave records out.
SyncResult<void> ShardSync::take_own(leases::LeaseScan& scan) {
  for (const Lease& lease : scan.leases) {
    const bool keyed = !leases::stream_part(lease.key).empty();
    if (keyed == options_.keyed_by_stream) continue;
    return Failure{SyncError::conflict(
        keyed ? "the leases in this table are of an application that reads several streams, for example " + lease.key +
                    ": read the stream as one of `streams` (one is enough), or use another application name or lease "
                    "table"
              : "the leases in this table are of an application that reads one stream alone, for example " + lease.key +
                    ": read it as `stream`, or use another application name or lease table for several streams")};
  }
  const auto of_others = [this](const auto& row) { return !owns(row.key); };
  std::erase_if(scan.leases, of_others);
  if (options_.keyed_by_stream) std::erase_if(scan.unreadable, of_others);
  return {};
}

/// The table has leases of a stream of this name and account that was there before: what was put into this one since is
/// what the application has not read.
bool ShardSync::made_anew(const leases::LeaseScan& scan) const {
  if (!options_.keyed_by_stream) return false;
  const std::string_view name = std::string_view(stream_part_).substr(0, stream_part_.rfind(':') + 1);
  return std::ranges::any_of(scan.leases, [&](const Lease& lease) {
    const std::string_view other = leases::stream_part(lease.key);
    return other.starts_with(name) && other != stream_part_;
  });
}

SyncResult<void> ShardSync::check_stream(const StreamDescription& description, const leases::LeaseScan& scan) {
  const auto created = std::chrono::floor<seconds>(description.created);
  std::optional<std::chrono::sys_seconds> other;
  // Leases of several streams have the creation in their names: a new stream has new ones, after a restart.
  if (options_.keyed_by_stream && stream_created_ && *stream_created_ != created) other = stream_created_;
  const auto look_at = [&](const std::optional<std::chrono::sys_seconds>& on_record) {
    if (on_record && *on_record != created) other = on_record;
  };
  for (const Lease& lease : scan.leases) look_at(lease.stream_created);
  if (scan.application) look_at(scan.application->stream_created);
  if (other && options_.keyed_by_stream) {
    return Failure{SyncError::conflict("stream " + options_.stream + " was created anew at " +
                                       to_iso8601(description.created) + ", while this worker read the one of " +
                                       to_iso8601(Timestamp(*other)) +
                                       ": start the worker again, and it reads the new one, by leases of its own")};
  }
  if (other) {
    return Failure{SyncError::conflict(
        "the leases in this table belong to a stream " + options_.stream + " created at " +
        to_iso8601(Timestamp(*other)) + ", but the stream of that name now was created at " +
        to_iso8601(description.created) +
        ": its shards have the same ids and other records. Use another application name or lease table, or "
        "delete the old one")};
  }
  stream_created_ = created;
  return {};
}

/// Where what records it is gone (somebody deleted rows), or has not been seen yet, what this worker knows from before
/// counts: a start from its configuration could lie behind records that nobody has read.
std::optional<Timestamp> ShardSync::recorded_start(const leases::LeaseScan& scan, const View& view) const {
  std::optional<Timestamp> recorded;
  if (!table_.format().has_application_row()) {
    recorded = shards::start_instant(view.leases);
  } else if (scan.application) {
    recorded = scan.application->start_instant;
  }
  if (!recorded && view_) recorded = view_->start_instant;
  return recorded;
}

Task<SyncResult<ShardSync::ViewPtr>> ShardSync::look() {
  auto view = std::make_shared<View>();
  view->sent = loop_.now();
  auto description = co_await kinesis_.describe_stream(options_.stream, loop_.now() + options_.call_timeout);
  if (!description.value) co_return Failure{SyncError::of(description.value.error(), options_.stream)};
  if (!*options_.first_heard) *options_.first_heard = description.value->server_time;
  auto named = learn_name(*description.value);
  if (!named) co_return Failure{named.error()};

  view->listing.sent = loop_.now();
  auto listed = co_await list(ListShards::Filter::none, {}, view->listing.shards);
  if (!listed) co_return Failure{listed.error()};
  auto scan = co_await table_.scan(true);
  if (!scan) co_return Failure{SyncError::of(scan.error())};
  const bool anew = made_anew(*scan);
  view->others_live = std::ranges::any_of(
      scan->leases, [](const Lease& lease) { return lease.owner && !lease.last_written_by_kclpp(); });
  auto own = take_own(*scan);
  if (!own) co_return Failure{own.error()};
  for (const auto& bad : scan->unreadable) {
    log_.warning("lease_row_unreadable", {{"lease", bad.key}, {"problem", bad.problem}});
  }
  auto same_stream = check_stream(*description.value, *scan);
  if (!same_stream) co_return Failure{same_stream.error()};

  view->leases = shards::by_shard(scan->leases);
  const bool own_row = table_.format().has_application_row();
  view->anchored = own_row ? scan->application.has_value() : !view->leases.empty();
  const auto configured = configured_start(description.value->server_time, anew);
  const auto recorded = recorded_start(*scan, *view);
  view->start_instant = recorded.value_or(configured);
  const bool other_start =
      options_.initial == shards::InitialPosition::at_timestamp && view->anchored && view->start_instant != configured;
  if (other_start) {
    co_return Failure{
        SyncError::conflict("this application started reading at " + to_iso8601(view->start_instant) +
                            ", which its lease table has on record; a start at " + to_iso8601(configured) +
                            " would skip or repeat records. Use the recorded time, or another application name")};
  }
  // What is on record may be younger than the description: another worker wrote it meanwhile.
  if (!recorded && configured > description.value->server_time) {
    co_return Failure{SyncError::conflict("the start time " + to_iso8601(configured) +
                                          " lies in the future: the service says it is " +
                                          to_iso8601(description.value->server_time))};
  }

  std::map<std::string, Shard> since_start;
  if (view->start_instant == shards::kTrimHorizon) {
    for (const auto& [id, shard] : view->listing.shards) view->listing.since_start.insert(id);
  } else {
    auto filtered = co_await list(ListShards::Filter::from_timestamp, view->start_instant, since_start);
    if (!filtered) co_return Failure{filtered.error()};
    for (auto& [id, shard] : since_start) {
      view->listing.since_start.insert(id);
      // Born between the two listings: known is better than unknown.
      view->listing.shards.try_emplace(id, std::move(shard));
    }
    // Beside a row for the application every other one is of a shard that somebody reads: its children are to be read
    // from their beginning, also where that was before the application's first kclpp worker.
    for (const auto& [id, lease] : view->leases) {
      if (own_row && view->listing.find(id) != nullptr) view->listing.since_start.insert(id);
    }
    // The second listing may be older than the first: what descends from a shard that was open then was born since.
    for (const Shard* shard : view->listing.ancestors_first()) {
      for (const std::string& parent : shard->parents()) {
        if (view->listing.since_start.contains(parent)) view->listing.since_start.insert(shard->id);
      }
    }
  }
  co_return ViewPtr(std::move(view));
}

}  // namespace kcl::coordinator
