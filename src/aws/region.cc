#include "aws/region.h"

#include <algorithm>

namespace kcl::aws {

namespace {

Result<std::string, std::string> checked(const std::string& region, const std::string& where) {
  if (is_region_name(region)) return region;
  return Failure{where + ": '" + region + "' is no region: one looks like us-east-1"};
}

}  // namespace

bool is_region_name(std::string_view name) {
  const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  return !name.empty() && name.size() <= 63 && name.front() != '-' && name.back() != '-' &&
         std::all_of(name.begin(), name.end(), fits);
}

Result<std::string, std::string> find_region(const std::string& configured, const Environment& environment,
                                             const Profile& profile) {
  if (!configured.empty()) return checked(configured, "the configured region");
  for (const char* variable : {"AWS_REGION", "AWS_DEFAULT_REGION"}) {
    if (const auto region = environment.get(variable)) return checked(*region, variable);
  }
  if (const Setting* region = profile.find("region")) return checked(region->value, region->where);
  return Failure{"no region: none is configured, AWS_REGION and AWS_DEFAULT_REGION are not set, and there is none in " +
                 profile.described() + "; set AWS_REGION"};
}

}  // namespace kcl::aws
