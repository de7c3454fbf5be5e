// Before anything is changed.
#pragma once

#include "leases/options.h"

namespace kclpp::leases {

/// True when people agree, who have read what would be done.
bool agreed(const LeasesOptions& options);

}  // namespace kclpp::leases
