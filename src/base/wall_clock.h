// The host's clocks, for the few places outside the simulation that may read them directly: local stores and embedded
// streams, which stand in for a server and so have a server's clock. Everything else takes its time from a base::Loop.
#pragma once

#include <kcl/timestamp.h>

namespace kcl::base {

/// UTC now.
Timestamp wall_now();

}  // namespace kcl::base
