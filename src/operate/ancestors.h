// The order in which leases are changed or made.
#pragma once

#include <vector>

#include "leases/lease.h"

namespace kcl::operate {

/// Parents before their children, as far as rows tell. Of `rows`, which outlive it.
std::vector<const leases::Lease*> ancestors_first(const std::vector<leases::Lease>& rows);

}  // namespace kcl::operate
