#include "coordinator/finish.h"

#include <algorithm>

namespace kcl::coordinator {

Outlook outlook_of(const shards::Listing& listing, const shards::LeasesByShard& leases, const OwnShards& own) {
  Outlook outlook;
  outlook.work_to_come = false;
  for (const auto& [key, lease] : leases) {
    if (lease.ended()) continue;
    std::vector<std::string> parents = shards::blocking_parents(lease, listing, leases);
    const bool free = parents.empty() && !lease.owner && !own.contains(key);
    outlook.free += free ? 1 : 0;
    outlook.work_to_come |= free;
    for (std::string& parent : parents) outlook.waited_for.insert(std::move(parent));
  }
  return outlook;
}

bool through_with_all(const OwnShards& own, const Outlook& outlook) {
  const auto past_limit = [&](const std::string& key) {
    const auto found = own.find(key);
    return found != own.end() && found->second.reach == Reach::at_limit;
  };
  const auto through = [&](const auto& named) {
    const auto& [key, shard] = named;
    switch (shard.reach) {
      case Reach::at_limit:
        return true;
      case Reach::at_tip:
        return !outlook.waited_for.contains(key);
      case Reach::working:
        break;
    }
    // Whatever a child has came after all its parents have.
    return !shard.waits_for.empty() && std::ranges::all_of(shard.waits_for, past_limit);
  };
  return std::ranges::all_of(own, through);
}

std::size_t left_over(const OwnShards& own, const Outlook& outlook, std::size_t max_leases) {
  const auto counts = [](const auto& named) { return named.second.waits_for.empty(); };
  const auto mine = static_cast<std::size_t>(std::ranges::count_if(own, counts));
  return mine >= max_leases && through_with_all(own, outlook) ? outlook.free : 0;
}

bool may_finish(const Outlook& outlook, base::BootTime through_since) {
  return outlook.seen > through_since && !outlook.work_to_come && outlook.others_unchanged_since > through_since;
}

}  // namespace kcl::coordinator
