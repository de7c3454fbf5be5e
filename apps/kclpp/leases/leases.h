// `kclpp leases`: a fleet's lease table for people. Output to stdout, messages to stderr.
#pragma once

#include "leases/options.h"

namespace kclpp::leases {

/// Exit code: 0 done, 1 failed, 2 what was asked for cannot be.
int run(const LeasesOptions& options);

}  // namespace kclpp::leases
