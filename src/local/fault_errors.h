// How the faults that refuse a call look: AWS's codes, messages and statuses.
#pragma once

#include <optional>

#include "local/faults.h"
#include "local/operation.h"
#include "local/service_error.h"

namespace kcl::local {

/// Empty for the faults that let a call be carried out, and for those that break the connection.
std::optional<ServiceError> refusal_of(Fault fault, Operation operation);

}  // namespace kcl::local
