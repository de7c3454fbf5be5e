// `kclpp leases convert`.
#pragma once

#include "leases/options.h"
#include "operate/session.h"

namespace kclpp::leases {

/// `session` is of the old table. Returns the exit code.
int run_convert(kcl::operate::Session& session, const LeasesOptions& options);

}  // namespace kclpp::leases
