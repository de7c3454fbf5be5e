// Work for a strand that the caller waits for.
#pragma once

#include <functional>

#include "base/loop.h"

namespace kcl::base {

/// Runs `action` on the strand and returns when it has run. Not to be called on the strand, nor when the loop may stop.
void run_on(Loop& loop, const std::function<void()>& action);

}  // namespace kcl::base
