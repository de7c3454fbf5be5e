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
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

/// What a creation rests on may be no older (lease-traces 7). Rows of ended shards live much longer than that.
constexpr Duration kFreshness = seconds(30);

/// A shard that is in no listing for so long is gone: listings lag by seconds.
constexpr Duration kVanishedFor = std::chrono::minutes(5);

/// Java looks for the rows of a shard's parents before it starts, and takes what it does not see for done. Its reads
/// are not strongly consistent: a child's row comes so much later than one of a parent.
constexpr Duration kSeenByJava = seconds(5);

/// What a missing row of somebody who may still be alive must be aged by.
std::optional<milliseconds> longest_failover(const shards::LeasesByShard& leases) {
  std::optional<milliseconds> longest;
  for (const auto& [key, lease] : leases) longest = std::max(longest, lease.failover);
  return longest;
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

base::EventLog ShardSync::log_of(const std::string& key) const {
  return log_.with({{"shard", std::string(leases::shard_part(key))}});
}

Task<SyncResult<void>> ShardSync::create(Lease lease, const View& basis, Origin origin) {
  if (loop_.now() - basis.sent > kFreshness) {
    co_return Failure{SyncError::transient("the look at the shards has become too old to create leases by")};
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
      co_return Failure{SyncError::refused("cannot create lease " + key + ": " + result.message)};
  }
  co_return Failure{SyncError::transient("lease " + key + ": " + result.message)};
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
      co_return Failure{SyncError::refused("cannot create the application's row: " + result.message)};
  }
  co_return Failure{SyncError::transient("the application's row: " + result.message)};
}

Task<SyncResult<void>> ShardSync::create_anchor(ViewPtr view) {
  if (table_.format().has_application_row()) co_return co_await create_application_row(std::move(view));
  auto anchor = shards::anchor_lease(view->listing, start_point(*view));
  if (!anchor) co_return Failure{SyncError::transient("stream " + options_.stream + " has no shards yet")};
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
  if (basis->others_live && generations.size() > 1) generations.resize(1);
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
    if (!(*view)->anchored) co_return Failure{SyncError::transient("the first row of the table is not there yet")};
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
    co_return Failure{SyncError::transient("shard " + lease.key + " is not listed (yet)")};
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
    if (!read) co_return Failure{SyncError::of(read.error())};
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
      co_return Failure{SyncError::transient("its child " + child.id + " is not listed yet")};
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
    if (view.others_live) children_due_ = loop_.now() + kSeenByJava;
  }
  if (loop_.now() < children_due_) {
    co_return Failure{
        SyncError::transient("the rows of its co-parents are new, and must be seen by Java before its children's")};
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
