#include "shards/listing.h"

#include <algorithm>
#include <functional>

namespace kcl::shards {

const Shard* Listing::find(const std::string& id) const {
  const auto it = shards.find(id);
  return it == shards.end() ? nullptr : &it->second;
}

std::vector<const Shard*> Listing::children_of(const std::string& id) const {
  std::vector<const Shard*> children;
  for (const auto& [child_id, shard] : shards) {
    if (shard.parent_id == id || shard.adjacent_parent_id == id) children.push_back(&shard);
  }
  return children;
}

std::vector<const Shard*> Listing::ancestors_first() const {
  std::vector<const Shard*> order;
  std::set<std::string> placed;
  // A service never lists a cycle; a shard is marked before its parents are followed, so that even one would end.
  const std::function<void(const Shard&)> place = [&](const Shard& shard) {
    if (!placed.insert(shard.id).second) return;
    for (const std::string& parent : shard.parents()) {
      if (const Shard* listed = find(parent)) place(*listed);
    }
    order.push_back(&shard);
  };
  for (const auto& [id, shard] : shards) place(shard);
  return order;
}

}  // namespace kcl::shards
