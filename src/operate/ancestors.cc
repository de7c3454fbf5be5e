#include "operate/ancestors.h"

#include <functional>
#include <map>
#include <set>
#include <string>

namespace kcl::operate {

using leases::Lease;

std::vector<const Lease*> ancestors_first(const std::vector<Lease>& rows) {
  std::vector<const Lease*> ordered;
  std::set<std::string> visited;
  std::map<std::string, const Lease*> given;
  for (const Lease& lease : rows) given.emplace(lease.key, &lease);
  const std::function<void(const Lease&)> visit = [&](const Lease& lease) {
    if (!visited.insert(lease.key).second) return;
    for (const std::string& parent : lease.parents) {
      if (const auto row = given.find(parent); row != given.end()) visit(*row->second);
    }
    ordered.push_back(&lease);
  };
  for (const auto& [key, lease] : given) visit(*lease);
  return ordered;
}

}  // namespace kcl::operate
