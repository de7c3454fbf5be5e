#include "coordinator/checkpoint_watch.h"

#include <set>

namespace kcl::coordinator {

std::vector<CheckpointWatch::Setback> CheckpointWatch::look(const std::vector<leases::Lease>& leases) {
  std::vector<Setback> setbacks;
  std::set<std::string> shown;
  for (const leases::Lease& lease : leases) {
    shown.insert(lease.key);
    const auto [it, first] = seen_.try_emplace(lease.key);
    Seen& seen = it->second;
    if (first || lease.checkpoint >= seen.furthest) {
      seen.furthest = lease.checkpoint;
      seen.behind.reset();
      continue;
    }
    if (!seen.behind) {
      seen.behind = lease.checkpoint;
      continue;
    }
    setbacks.push_back(
        {.key = lease.key, .from = seen.furthest, .to = lease.checkpoint, .owner = lease.owner.value_or("nobody")});
    seen.furthest = lease.checkpoint;
    seen.behind.reset();
  }
  std::erase_if(seen_, [&](const auto& entry) { return !shown.contains(entry.first); });
  return setbacks;
}

}  // namespace kcl::coordinator
