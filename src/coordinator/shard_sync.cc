#include "coordinator/shard_sync.h"

#include <algorithm>

#include "base/backoff.h"
#include "base/each.h"
#include "leases/lease_key.h"

namespace kcl::coordinator {

using base::BootTime;
using base::Duration;
using base::Task;
using leases::Lease;
using leases::Origin;
using shards::Listing;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

/// What a creation rests on may be no older (lease-traces 7). Rows of ended shards live much longer than that.
constexpr Duration kFreshness = seconds(30);

/// A shard that is in no listing for so long is gone: listings lag by seconds.
constexpr Duration kVanishedFor = std::chrono::minutes(5);

/// LATEST means a little before the server's now, so that whatever is put after the first worker's start is certainly
/// read.
constexpr milliseconds kLatestMargin{2'000};

/// Java looks for the rows of a shard's parents before it starts, and takes what it does not see for done. Its reads
/// are not strongly consistent: a child's row comes so much later than one of a parent.
constexpr Duration kSeenByJava = seconds(5);

SyncError transient(std::string message) { return {SyncError::Kind::transient, std::move(message)}; }
SyncError refused(std::string message) { return {SyncError::Kind::refused, std::move(message)}; }
SyncError conflict(std::string message) { return {SyncError::Kind::conflict, std::move(message)}; }

SyncError from(const KinesisError& error, const std::string& stream) {
  if (error.kind == KinesisError::Kind::not_found) {
    return refused("stream " + stream + " was not found: " + error.message + ". Check its name, region and endpoint");
  }
  if (error.kind == KinesisError::Kind::denied) {
    return refused("not allowed to read stream " + stream + ": " + error.message);
  }
  const bool useless = error.kind == KinesisError::Kind::untrusted;
  return {useless ? SyncError::Kind::refused : SyncError::Kind::transient, "stream " + stream + ": " + error.message};
}

SyncError from(const StoreError& error) {
  const bool misuse = error.kind == StoreError::Kind::misuse;
  return {misuse ? SyncError::Kind::refused : SyncError::Kind::transient, "leases: " + error.message};
}

/// What a missing row of somebody who may still be alive must be aged by.
std::optional<milliseconds> longest_failover(const shards::LeasesByShard& leases) {
  std::optional<milliseconds> longest;
  for (const auto& [key, lease] : leases) longest = std::max(longest, lease.failover);
  return longest;
}

bool others_live(const shards::LeasesByShard& leases) {
  return std::ranges::any_of(leases,
                             [](const auto& row) { return row.second.owner && !row.second.last_written_by_kclpp(); });
}

Origin origin_of(const Lease& lease, const shards::LeasesByShard& leases) {
  return shards::never_run(lease, leases) ? Origin::fresh : Origin::repair;
}

}  // namespace

ShardSync::ShardSync(base::Loop& loop, base::Random& random, ports::Kinesis& kinesis, leases::LeaseTable& table,
                     base::EventLog log, ShardSyncOptions options)
    : loop_(loop),
      random_(random),
      kinesis_(kinesis),
      table_(table),
      log_(std::move(log)),
      options_(std::move(options)),
      looking_(loop) {}

Timestamp ShardSync::configured_start(Timestamp server_time) const {
  switch (options_.initial) {
    case shards::InitialPosition::latest:
      return server_time - kLatestMargin;
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
    if (!answer.value) co_return Failure{from(answer.value.error(), options_.stream)};
    for (Shard& shard : answer.value->shards) into.insert_or_assign(shard.id, std::move(shard));
    request.next_token = answer.value->next_token;
  } while (!request.next_token.empty());
  co_return SyncResult<void>();
}

bool ShardSync::owns(const std::string& key) const { return leases::stream_part(key) == stream_part_; }

base::EventLog ShardSync::log_of(const std::string& key) const {
  return log_.with({{"shard", std::string(leases::shard_part(key))}});
}

SyncResult<void> ShardSync::learn_name(const StreamDescription& description) {
  if (!options_.keyed_by_stream || !stream_part_.empty()) return {};
  const auto part = leases::stream_part_of(description);
  if (!part) {
    return Failure{conflict("stream " + options_.stream + ": its description has no ARN (\"" + description.arn +
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
    return Failure{conflict(
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
    return Failure{conflict("stream " + options_.stream + " was created anew at " + to_iso8601(description.created) +
                            ", while this worker read the one of " + to_iso8601(Timestamp(*other)) +
                            ": start the worker again, and it reads the new one, by leases of its own")};
  }
  if (other) {
    return Failure{
        conflict("the leases in this table belong to a stream " + options_.stream + " created at " +
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
  if (!description.value) co_return Failure{from(description.value.error(), options_.stream)};
  auto named = learn_name(*description.value);
  if (!named) co_return Failure{named.error()};

  view->listing.sent = loop_.now();
  auto listed = co_await list(ListShards::Filter::none, {}, view->listing.shards);
  if (!listed) co_return Failure{listed.error()};
  auto scan = co_await table_.scan(true);
  if (!scan) co_return Failure{from(scan.error())};
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
  const auto configured = configured_start(description.value->server_time);
  const auto recorded = recorded_start(*scan, *view);
  view->start_instant = recorded.value_or(configured);
  const bool other_start =
      options_.initial == shards::InitialPosition::at_timestamp && view->anchored && view->start_instant != configured;
  if (other_start) {
    co_return Failure{conflict("this application started reading at " + to_iso8601(view->start_instant) +
                               ", which its lease table has on record; a start at " + to_iso8601(configured) +
                               " would skip or repeat records. Use the recorded time, or another application name")};
  }
  // What is on record may be younger than the description: another worker wrote it meanwhile.
  if (!recorded && configured > description.value->server_time) {
    co_return Failure{conflict("the start time " + to_iso8601(configured) +
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

Task<SyncResult<void>> ShardSync::create(Lease lease, const View& basis, Origin origin) {
  if (loop_.now() - basis.sent > kFreshness) {
    co_return Failure{transient("the look at the shards has become too old to create leases by")};
  }
  lease.stream_created = stream_created_;
  if (origin == Origin::repair) lease.failover = longest_failover(basis.leases);
  const std::string key = lease.key;
  auto result = co_await table_.create(std::move(lease), origin);
  switch (result.kind) {
    case leases::CreateResult::Kind::created:
      log_of(key).info("lease_created");
      [[fallthrough]];
    case leases::CreateResult::Kind::exists:
      co_return SyncResult<void>();
    case leases::CreateResult::Kind::unsettled:
      break;
    case leases::CreateResult::Kind::misuse:
      co_return Failure{refused("cannot create lease " + key + ": " + result.message)};
  }
  co_return Failure{transient("lease " + key + ": " + result.message)};
}

Task<SyncResult<void>> ShardSync::create_application_row(ViewPtr view) {
  leases::ApplicationMarks marks;
  marks.start_instant = view->start_instant;
  marks.stream_created = stream_created_;
  const auto result = co_await table_.create_application_row(marks);
  switch (result.kind) {
    case leases::CreateResult::Kind::created:
    case leases::CreateResult::Kind::exists:
      co_return SyncResult<void>();
    case leases::CreateResult::Kind::unsettled:
      break;
    case leases::CreateResult::Kind::misuse:
      co_return Failure{refused("cannot create the application's row: " + result.message)};
  }
  co_return Failure{transient("the application's row: " + result.message)};
}

Task<SyncResult<void>> ShardSync::create_anchor(ViewPtr view) {
  if (table_.format().has_application_row()) co_return co_await create_application_row(std::move(view));
  auto anchor = shards::anchor_lease(view->listing, start_point(*view));
  if (!anchor) co_return Failure{transient("stream " + options_.stream + " has no shards yet")};
  co_return co_await create(*std::move(anchor), *view, *filling_);
}

std::vector<Lease> ShardSync::holes(const View& view) const {
  return shards::missing_leases(view.listing, view.leases, start_point(view));
}

/// Those of `missing` that were missing a failover time ago too: a scan may have been torn, and the worker that is
/// filling the table may just not have come to them.
std::vector<Lease> ShardSync::ripe_holes(std::vector<Lease> missing) {
  const BootTime now = loop_.now();
  std::map<std::string, BootTime> still_missing;
  for (const Lease& lease : missing) {
    const auto known = holes_since_.find(lease.key);
    still_missing.emplace(lease.key, known == holes_since_.end() ? now : known->second);
  }
  holes_since_ = std::move(still_missing);
  std::erase_if(missing,
                [&](const Lease& lease) { return now - holes_since_.at(lease.key) < table_.options().failover; });
  return missing;
}

Task<bool> ShardSync::create_missing(Lease lease, const View& basis, SyncResult<void>& result) {
  if (!filling_) log_of(lease.key).warning("lease_hole_repaired");
  const Origin origin = filling_.value_or(Origin::repair);
  auto created = co_await create(std::move(lease), basis, origin);
  if (!created) result = Failure{created.error()};
  co_return created.has_value();
}

/// Ancestors first: a generation at a time, and all of one together. A table of a thousand rows is filled in seconds.
/// Beside Java a pass has one generation: the next one is at least kSeenByJava later.
Task<SyncResult<void>> ShardSync::create_all(std::vector<Lease> missing, ViewPtr basis) {
  SyncResult<void> result;
  auto generations = shards::generations(std::move(missing));
  if (others_live(basis->leases) && generations.size() > 1) generations.resize(1);
  for (std::vector<Lease>& generation : generations) {
    const auto create_one = [&](std::size_t i) { return create_missing(std::move(generation[i]), *basis, result); };
    co_await base::for_each_at_once(loop_, generation.size(), leases::kWritesAtOnce, create_one);
    if (!result) break;
  }
  co_return result;
}

Task<SyncResult<void>> ShardSync::sync() {
  auto view = co_await fresh_look();
  if (!view) co_return Failure{view.error()};
  if ((*view)->leases.empty() && !filling_) filling_ = has_seen_rows_ ? Origin::repair : Origin::fresh;
  if (!(*view)->anchored) {
    auto anchored = co_await create_anchor(*view);
    if (!anchored) co_return Failure{anchored.error()};
    // Whoever's anchor landed has fixed the start instant: read it back, and list by it.
    view = co_await fresh_look();
    if (!view) co_return Failure{view.error()};
    if (!(*view)->anchored) co_return Failure{transient("the first row of the table is not there yet")};
  }
  const View& basis = **view;
  auto missing = holes(basis);
  if (!filling_) missing = ripe_holes(std::move(missing));
  auto created = co_await create_all(std::move(missing), *view);
  if (!created) co_return created;
  filling_.reset();
  co_return SyncResult<void>();
}

Task<void> ShardSync::run(base::Stop& stop, std::function<void(std::string)> on_conflict) {
  base::Backoff backoff(seconds(1), seconds(30));
  Duration wait = options_.interval;
  while (!stop.requested()) {
    if (!holes_since_.empty()) wait = std::min(wait, table_.options().failover);
    // Jitter only shortens, and keeps a fleet from listing in step.
    co_await poked_.wait_until(loop_, loop_.now() + random_.between(wait * 8 / 10, wait), stop);
    if (stop.requested()) co_return;
    auto result = co_await sync();
    if (!result) {
      const SyncError& error = result.error();
      if (error.kind == SyncError::Kind::conflict) {
        on_conflict(error.message);
        co_return;
      }
      if (error.kind == SyncError::Kind::refused) {
        log_.error("shard_sync_refused", {{"error", error.message}});
      } else {
        log_.warning("shard_sync_failed", {{"error", error.message}});
      }
      wait = backoff.next(random_);
      continue;
    }
    backoff.reset();
    wait = options_.interval;
    co_await clean_up();
  }
}

/// Rows of shards that the service has forgotten.
std::vector<std::string> ShardSync::gone(const View& view) const {
  if (table_.format().keeps_ended_rows()) return shards::unlisted_leases(view.listing, view.leases);
  return shards::vanished_leases(view.listing, view.leases, *stream_created_);
}

/// Rows that have been superfluous for long enough, in every look of this worker since then. What a slow store leaves
/// undone waits for the next look: by an old one, a child may have lost its row again.
Task<void> ShardSync::clean_up() {
  const ViewPtr view = view_;
  const BootTime now = loop_.now();
  std::map<std::string, BootTime> due;
  if (!table_.format().keeps_ended_rows()) {
    for (const auto& key : shards::removable_leases(view->listing, view->leases))
      due.emplace(key, now + options_.keep_ended);
  }
  for (const auto& key : gone(*view)) due.emplace(key, now + kVanishedFor);
  // Whoever was due before keeps its date.
  for (auto& [key, date] : due) {
    if (const auto known = removal_due_.find(key); known != removal_due_.end()) date = std::min(date, known->second);
  }
  removal_due_ = std::move(due);
  for (const auto& [key, date] : removal_due_) {
    if (now < date) continue;
    if (loop_.now() - view->sent > kFreshness) co_return;
    const auto removed = co_await table_.remove(view->leases.at(key));
    if (removed.kind == leases::ChangeResult::Kind::done) log_of(key).info("lease_removed");
  }
}

leases::TakeMarks ShardSync::marks_for(const std::string& key) const {
  leases::TakeMarks marks;
  marks.start_instant = view_->start_instant;
  // Only what is listed is certainly of this stream.
  if (view_->listing.find(key) != nullptr) marks.stream_created = stream_created_;
  return marks;
}

Task<SyncResult<ShardSync::Admission>> ShardSync::admit(Lease lease) {
  const bool may_be_blocked = !lease.checkpoint.is_real();
  // The row may name fewer parents than there are (lease-traces 13): a look that knows the shard tells.
  ViewPtr view = view_;
  if (!view || (may_be_blocked && view->listing.find(lease.key) == nullptr)) {
    auto fresh = co_await fresh_look();
    if (!fresh) co_return Failure{fresh.error()};
    view = *fresh;
  }
  // A listing too old to show the shard may not show its parents either, and then says nothing about them.
  if (may_be_blocked && view->listing.find(lease.key) == nullptr) {
    co_return Failure{transient("shard " + lease.key + " is not listed (yet)")};
  }
  std::set<std::string> parents;
  if (may_be_blocked) {
    parents = lease.parents;
    const Shard* listed = view->listing.find(lease.key);
    for (std::string& parent : listed ? listed->parents() : std::vector<std::string>{})
      parents.insert(std::move(parent));
  }

  shards::LeasesByShard rows;
  rows.emplace(lease.key, lease);
  bool parent_has_row = false;
  bool parent_missing = false;
  for (const std::string& parent : parents) {
    auto read = co_await table_.get(parent);
    if (!read) co_return Failure{from(read.error())};
    parent_missing |= !read->lease.has_value();
    if (!read->lease) continue;
    parent_has_row |= !shards::ended_before_start(parent, view->listing);
    rows.emplace(parent, *read->lease);
  }
  // A parent without a row blocks only if it deserves one, which takes the whole picture, as it is now, to tell.
  if (parent_missing) {
    auto fresh = co_await fresh_look();
    if (!fresh) co_return Failure{fresh.error()};
    view = *fresh;
    for (const auto& [key, row] : view->leases) rows.try_emplace(key, row);
  }
  Admission admission;
  admission.blocking_parents = shards::blocking_parents(lease, view->listing, rows);
  const Timestamp instant = std::min(lease.from.value_or(view->start_instant), view->start_instant);
  admission.read_from = shards::read_from(lease, parent_has_row, instant);
  co_return admission;
}

Task<SyncResult<std::set<std::string>>> ShardSync::prepare_end(std::string shard_id, std::vector<ChildShard> told) {
  auto look = co_await fresh_look();
  if (!look) co_return Failure{look.error()};
  const View& view = **look;
  // A listing too old to show a child may miss its other parent and its siblings, too (lease-traces 13).
  for (const ChildShard& child : told) {
    if (view.listing.find(child.id) == nullptr) {
      co_return Failure{transient("its child " + child.id + " is not listed yet")};
    }
  }
  const auto children = shards::complete_children(shard_id, std::move(told), view.listing);
  std::set<std::string> ids;
  std::set<std::string> co_parents;
  for (const ChildShard& child : children) {
    ids.insert(child.id);
    co_parents.insert(child.parents.begin(), child.parents.end());
  }
  // Co-parents first, and their ancestors before them: a child must not look unblocked for want of a row (lease-traces
  // 13).
  for (Lease& lease : holes(view)) {
    if (ids.contains(lease.key)) continue;
    if (!co_parents.contains(lease.key) && !shards::has_descendant(lease.key, co_parents, view.listing)) continue;
    const Origin origin = origin_of(lease, view.leases);
    auto created = co_await create(std::move(lease), view, origin);
    if (!created) co_return Failure{created.error()};
    if (others_live(view.leases)) children_due_ = loop_.now() + kSeenByJava;
  }
  if (loop_.now() < children_due_) {
    co_return Failure{transient("the rows of its co-parents are new, and must be seen by Java before its children's")};
  }
  for (const ChildShard& child : children) {
    if (view.leases.contains(child.id) || shards::has_started_descendant(child.id, view.listing, view.leases)) continue;
    Lease lease = shards::child_lease(child, view.start_instant);
    const Origin origin = origin_of(lease, view.leases);
    auto created = co_await create(std::move(lease), view, origin);
    if (!created) co_return Failure{created.error()};
  }
  co_return ids;
}

}  // namespace kcl::coordinator
