// Verbs of `kclpp leases` that change the table: plan, say, ask, export, do.
#pragma once

#include "leases/options.h"
#include "operate/session.h"

namespace kclpp::leases {

/// Exit code. Throws when the session cannot go on.
int run_changes(kcl::operate::Session& session, const LeasesOptions& options);

}  // namespace kclpp::leases
