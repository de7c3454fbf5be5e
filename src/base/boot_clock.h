// CLOCK_BOOTTIME, for the loops of production. Everything else asks its loop.
#pragma once

#include "base/loop.h"

namespace kcl::base {

BootTime boot_now();

}  // namespace kcl::base
