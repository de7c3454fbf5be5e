// `kclpp leases watch`: the fleet's leases as Prometheus metrics, over HTTP, until a signal comes.
#pragma once

#include "leases/options.h"
#include "operate/session.h"

namespace kclpp::leases {

/// Exit code. Throws when the session cannot go on.
int run_watch(kcl::operate::Session& session, const LeasesOptions& options);

}  // namespace kclpp::leases
