// The region that requests go to.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <kcl/result.h>

#include "aws/config_file.h"
#include "aws/environment.h"

namespace kcl::aws {

/// Fit to be part of a host name: a-z, 0-9 and '-', at most 63, neither first nor last a '-'.
bool is_region_name(std::string_view name);

/// `configured` (empty: not), AWS_REGION, AWS_DEFAULT_REGION, the profile's region; nothing when none of these has one.
/// Fails when what is there is no region.
Result<std::optional<std::string>, std::string> find_configured_region(const std::string& configured,
                                                                       const Environment& environment,
                                                                       const Profile& profile);

/// The region of the instance this runs on, or why it is not known.
using AskInstance = std::function<Result<std::string, std::string>()>;

/// As find_configured_region(), then the instance's; fails with one line that lists these.
Result<std::string, std::string> find_region(const std::string& configured, const Environment& environment,
                                             const Profile& profile, const AskInstance& ask_instance);

}  // namespace kcl::aws
