// What the service says about a stream's shards, and who descends from whom.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include <kcl/kinesis.h>

#include "base/loop.h"

namespace kcl::shards {

/// A complete listing: every page, without a filter.
struct Listing {
  std::map<std::string, Shard> shards;
  /// Those that were open at the application's start instant or later: they deserve to be read.
  std::set<std::string> since_start;
  /// When its first page was asked for.
  base::BootTime sent{};

  const Shard* find(const std::string& id) const;
  /// Children as listed, in the order of their ids.
  std::vector<const Shard*> children_of(const std::string& id) const;
  /// Every listed shard once, parents before their children, else by id.
  std::vector<const Shard*> ancestors_first() const;
};

}  // namespace kcl::shards
