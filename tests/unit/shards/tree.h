// Shard trees in a line or two: `listing({{"0"}, {"1"}, {"6", {"0", "1"}}})`.
#pragma once

#include <initializer_list>
#include <set>
#include <string>
#include <vector>

#include "shards/rules.h"

namespace kcl::shards {

struct Node {
  std::string id;
  std::vector<std::string> parents = {};
};

/// Shards with children are closed. All of them were open at the start instant or later unless `since_start` says
/// which.
inline Listing listing(const std::vector<Node>& nodes, const std::vector<std::string>& since_start = {}) {
  Listing listing;
  for (const Node& node : nodes) {
    Shard shard;
    shard.id = node.id;
    if (!node.parents.empty()) shard.parent_id = node.parents[0];
    if (node.parents.size() > 1) shard.adjacent_parent_id = node.parents[1];
    shard.starting_sequence_number = "1";
    listing.shards.emplace(node.id, std::move(shard));
    for (const std::string& parent : node.parents) {
      if (const auto closed = listing.shards.find(parent); closed != listing.shards.end())
        closed->second.ending_sequence_number = "9";
    }
    if (since_start.empty()) listing.since_start.insert(node.id);
  }
  listing.since_start.insert(since_start.begin(), since_start.end());
  return listing;
}

/// Rows by shard id and checkpoint: a sentinel or a number.
struct Row {
  std::string id;
  std::string checkpoint = "TRIM_HORIZON";
};

inline LeasesByShard rows(const Listing& listing, const std::vector<Row>& of) {
  LeasesByShard leases;
  for (const Row& row : of) {
    leases::Lease lease;
    lease.key = row.id;
    lease.checkpoint = *Position::parse(row.checkpoint);
    if (const Shard* shard = listing.find(row.id)) {
      for (const std::string& parent : shard->parents()) lease.parents.insert(parent);
    }
    leases.emplace(row.id, std::move(lease));
  }
  return leases;
}

using Ids = std::vector<std::string>;

inline Ids ids_of(const std::vector<leases::Lease>& leases) {
  Ids ids;
  for (const auto& lease : leases) ids.push_back(lease.key);
  return ids;
}

}  // namespace kcl::shards
