#include "shards/rules.h"

#include <algorithm>
#include <set>

namespace kcl::shards {

using leases::Lease;

namespace {

std::set<std::string> parents_of(const std::vector<std::string>& ids) { return {ids.begin(), ids.end()}; }

Position sentinel_of(InitialPosition initial) {
  switch (initial) {
    case InitialPosition::latest:
      return Position::latest();
    case InitialPosition::at_timestamp:
      return Position::at_timestamp();
    case InitialPosition::trim_horizon:
      break;
  }
  return Position::trim_horizon();
}

Lease new_lease(const Shard& shard, Position checkpoint, Timestamp instant) {
  Lease lease;
  lease.key = shard.id;
  lease.checkpoint = std::move(checkpoint);
  lease.parents = parents_of(shard.parents());
  lease.hash_keys = shard.hash_keys;
  lease.from = instant;
  return lease;
}

/// Whether any shard that descends from this one satisfies the predicate.
template <class Predicate>
bool any_descendant(const std::string& shard_id, const Listing& listing, Predicate satisfies) {
  std::set<std::string> seen{shard_id};
  std::vector<std::string> to_visit{shard_id};
  while (!to_visit.empty()) {
    const std::string id = std::move(to_visit.back());
    to_visit.pop_back();
    for (const Shard* child : listing.children_of(id)) {
      if (!seen.insert(child->id).second) continue;
      if (satisfies(child->id)) return true;
      to_visit.push_back(child->id);
    }
  }
  return false;
}

/// The one decision about which shards need a row; `started_below()` says whether a descendant has a real checkpoint.
template <class StartedBelow>
bool deserves_new_lease(const std::string& shard_id, const Listing& listing, const LeasesByShard& leases,
                        StartedBelow started_below) {
  return listing.since_start.contains(shard_id) && !leases.contains(shard_id) && !started_below();
}

/// Every shard that has a started descendant, in one pass: what the questions about whole listings are asked of.
std::set<std::string> lineage_of_started(const Listing& listing, const LeasesByShard& leases) {
  std::set<std::string> lineage;
  std::vector<std::string> to_visit;
  for (const auto& [id, lease] : leases) {
    if (lease.started()) to_visit.push_back(id);
  }
  while (!to_visit.empty()) {
    const Shard* shard = listing.find(to_visit.back());
    to_visit.pop_back();
    if (shard == nullptr) continue;
    for (const std::string& parent : shard->parents()) {
      if (lineage.insert(parent).second) to_visit.push_back(parent);
    }
  }
  return lineage;
}

}  // namespace

LeasesByShard by_shard(const std::vector<Lease>& leases) {
  LeasesByShard map;
  for (const Lease& lease : leases) map.insert_or_assign(lease.key, lease);
  return map;
}

std::optional<Timestamp> start_instant(const LeasesByShard& leases) {
  std::optional<Timestamp> smallest;
  for (const auto& [id, lease] : leases) {
    if (lease.from && (!smallest || *lease.from < *smallest)) smallest = lease.from;
  }
  return smallest;
}

bool has_started_descendant(const std::string& shard_id, const Listing& listing, const LeasesByShard& leases) {
  return any_descendant(shard_id, listing, [&](const std::string& id) {
    const auto row = leases.find(id);
    return row != leases.end() && row->second.started();
  });
}

bool has_descendant(const std::string& shard_id, const std::set<std::string>& others, const Listing& listing) {
  return any_descendant(shard_id, listing, [&](const std::string& id) { return others.contains(id); });
}

bool must_create(const std::string& shard_id, const Listing& listing, const LeasesByShard& leases) {
  return deserves_new_lease(shard_id, listing, leases,
                            [&] { return has_started_descendant(shard_id, listing, leases); });
}

std::vector<std::string> blocking_parents(const Lease& child, const Listing& listing, const LeasesByShard& leases) {
  if (child.checkpoint.is_real()) return {};
  std::set<std::string> parents = child.parents;
  if (const Shard* listed = listing.find(child.key)) parents.merge(parents_of(listed->parents()));
  std::vector<std::string> blocking;
  for (const std::string& parent : parents) {
    const auto row = leases.find(parent);
    const bool blocks = row != leases.end() ? !row->second.ended() : must_create(parent, listing, leases);
    if (blocks) blocking.push_back(parent);
  }
  return blocking;
}

bool never_run(const Lease& lease, const LeasesByShard& leases) {
  return !lease.parents.empty() && std::ranges::all_of(lease.parents, [&](const std::string& parent) {
    const auto row = leases.find(parent);
    return row != leases.end() && !row->second.ended();
  });
}

bool ended_before_start(const std::string& shard_id, const Listing& listing) {
  return listing.find(shard_id) != nullptr && !listing.since_start.contains(shard_id);
}

std::vector<Lease> missing_leases(const Listing& listing, const LeasesByShard& leases, const StartPoint& start) {
  std::vector<Lease> missing;
  std::set<std::string> planned;
  const auto started = lineage_of_started(listing, leases);
  for (const Shard* shard : listing.ancestors_first()) {
    const auto started_below = [&] { return started.contains(shard->id); };
    if (!deserves_new_lease(shard->id, listing, leases, started_below)) continue;
    const auto parents = shard->parents();
    const bool parent_has_row = std::any_of(parents.begin(), parents.end(), [&](const std::string& parent) {
      return (leases.contains(parent) || planned.contains(parent)) && !ended_before_start(parent, listing);
    });
    auto checkpoint = parent_has_row ? Position::trim_horizon() : sentinel_of(start.sentinel);
    missing.push_back(new_lease(*shard, std::move(checkpoint), start.instant));
    planned.insert(shard->id);
  }
  return missing;
}

std::vector<std::vector<Lease>> generations(std::vector<Lease> ancestors_first) {
  std::vector<std::vector<Lease>> parts;
  std::map<std::string, std::size_t> part_of;
  for (Lease& lease : ancestors_first) {
    std::size_t part = 0;
    for (const std::string& parent : lease.parents) {
      if (const auto known = part_of.find(parent); known != part_of.end()) part = std::max(part, known->second + 1);
    }
    part_of.emplace(lease.key, part);
    if (part == parts.size()) parts.emplace_back();
    parts[part].push_back(std::move(lease));
  }
  return parts;
}

std::optional<Lease> anchor_lease(const Listing& listing, const StartPoint& start) {
  if (listing.shards.empty()) return std::nullopt;
  const Shard& first = listing.shards.begin()->second;
  auto checkpoint = listing.since_start.contains(first.id) ? sentinel_of(start.sentinel) : Position::shard_end();
  return new_lease(first, std::move(checkpoint), start.instant);
}

std::vector<ChildShard> complete_children(const std::string& shard_id, std::vector<ChildShard> told,
                                          const Listing& listing) {
  for (const Shard* listed : listing.children_of(shard_id)) {
    auto child = std::find_if(told.begin(), told.end(), [&](const ChildShard& c) { return c.id == listed->id; });
    if (child == told.end()) child = told.insert(told.end(), ChildShard{.id = listed->id});
    child->parents = listed->parents();
    child->hash_keys = listed->hash_keys;
  }
  for (ChildShard& child : told) {
    if (child.parents.empty()) child.parents.push_back(shard_id);
  }
  return told;
}

Lease child_lease(const ChildShard& child, Timestamp start_instant) {
  Lease lease;
  lease.key = child.id;
  // Born after the start instant, so all of it is new to the application, whatever its initial position (C6).
  lease.checkpoint = Position::trim_horizon();
  lease.parents = parents_of(child.parents);
  lease.hash_keys = child.hash_keys;
  lease.from = start_instant;
  return lease;
}

ReadFrom read_from(const Lease& lease, bool parent_has_row, Timestamp start_instant) {
  switch (lease.checkpoint.kind()) {
    case Position::Kind::sequence:
      return {.kind = ReadFrom::Kind::after_user_record,
              .sequence_number = lease.checkpoint.sequence_number().text(),
              .timestamp = {},
              .sub_sequence = lease.checkpoint.sub_sequence()};
    case Position::Kind::at_timestamp:
      if (lease.at == kTrimHorizon) return {};
      if (lease.at) return {.kind = ReadFrom::Kind::timestamp, .sequence_number = {}, .timestamp = *lease.at};
      break;
    case Position::Kind::trim_horizon:
    case Position::Kind::shard_end:
      return {};
    case Position::Kind::latest:
      break;
  }
  if (parent_has_row || start_instant == kTrimHorizon) return {};
  return {.kind = ReadFrom::Kind::timestamp, .sequence_number = {}, .timestamp = start_instant};
}

std::vector<std::string> vanished_leases(const Listing& listing, const LeasesByShard& leases,
                                         std::chrono::sys_seconds stream_created) {
  const auto of_this_stream = [&](const auto& named) { return named.second.stream_created == stream_created; };
  // A table serves one stream: a row of Java's, which does not say, is of the same one as those that do.
  const bool known = std::ranges::any_of(leases, of_this_stream);
  std::vector<std::string> vanished;
  for (const auto& named : leases) {
    const auto& [id, lease] = named;
    const bool ours = of_this_stream(named) || (known && !lease.stream_created);
    if (ours && !lease.ended() && listing.find(id) == nullptr) vanished.push_back(id);
  }
  return vanished;
}

std::vector<std::string> unlisted_leases(const Listing& listing, const LeasesByShard& leases) {
  std::vector<std::string> unlisted;
  for (const auto& [id, lease] : leases) {
    if (listing.find(id) == nullptr) unlisted.push_back(id);
  }
  return unlisted;
}

std::vector<std::string> removable_leases(const Listing& listing, const LeasesByShard& leases) {
  std::map<std::string, std::set<std::string>> listed_children;
  for (const auto& [id, shard] : listing.shards) {
    for (const std::string& parent : shard.parents()) listed_children[parent].insert(id);
  }
  const auto started = lineage_of_started(listing, leases);
  std::vector<std::string> removable;
  for (const auto& [id, lease] : leases) {
    if (!lease.ended()) continue;
    std::set<std::string> children = lease.children;
    if (const auto listed = listed_children.find(id); listed != listed_children.end()) {
      children.insert(listed->second.begin(), listed->second.end());
    }
    const bool children_started = std::all_of(children.begin(), children.end(), [&](const std::string& child) {
      const auto row = leases.find(child);
      return row != leases.end() ? row->second.checkpoint.is_real() : started.contains(child);
    });
    const bool parents_gone = std::none_of(lease.parents.begin(), lease.parents.end(),
                                           [&](const std::string& parent) { return leases.contains(parent); });
    if (!children.empty() && children_started && parents_gone) removable.push_back(id);
  }
  return removable;
}

}  // namespace kcl::shards
