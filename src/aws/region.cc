#include "aws/region.h"

#include <algorithm>
#include <utility>

namespace kcl::aws {

namespace {

Result<std::optional<std::string>, std::string> checked(const std::string& region, const std::string& where) {
  if (is_region_name(region)) return std::optional(region);
  return Failure{where + ": '" + region + "' is no region: one looks like us-east-1"};
}

}  // namespace

bool is_region_name(std::string_view name) {
  const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  return !name.empty() && name.size() <= 63 && name.front() != '-' && name.back() != '-' &&
         std::all_of(name.begin(), name.end(), fits);
}

Result<std::optional<std::string>, std::string> find_configured_region(const std::string& configured,
                                                                       const Environment& environment,
                                                                       const Profile& profile) {
  if (!configured.empty()) return checked(configured, "the configured region");
  for (const char* variable : {"AWS_REGION", "AWS_DEFAULT_REGION"}) {
    if (const auto region = environment.get(variable)) return checked(*region, variable);
  }
  if (const Setting* region = profile.find("region")) return checked(region->value, region->where);
  return std::optional<std::string>();
}

Result<std::string, std::string> find_region(const std::string& configured, const Environment& environment,
                                             const Profile& profile, const AskInstance& ask_instance) {
  auto found = find_configured_region(configured, environment, profile);
  if (!found) return Failure{std::move(found.error())};
  if (*found) return **std::move(found);
  auto of_instance = ask_instance();
  if (of_instance) return of_instance;
  return Failure{"no region: none is configured, AWS_REGION and AWS_DEFAULT_REGION are not set, there is none in " +
                 profile.described() + ", and " + of_instance.error() +
                 "; set AWS_REGION or name one (--region, WorkerConfig::region)"};
}

}  // namespace kcl::aws
