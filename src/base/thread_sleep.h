// For threads that belong to nobody's strand (the demo's producers): the one place where a thread may sleep.
#pragma once

#include <chrono>

namespace kcl::base {

void sleep_thread(std::chrono::milliseconds duration);

}  // namespace kcl::base
