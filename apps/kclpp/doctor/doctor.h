// `kclpp doctor`: what is wrong, or will be, before a fleet starts or while it runs. Changes nothing.
#pragma once

#include "doctor/options.h"

namespace kclpp::doctor {

/// Exit code: 0 no problem was found, 1 some were, or the examination failed.
int run(const DoctorOptions& options);

}  // namespace kclpp::doctor
