#include "base/thread_sleep.h"

#include <thread>

namespace kcl::base {

void sleep_thread(std::chrono::milliseconds duration) { std::this_thread::sleep_for(duration); }

}  // namespace kcl::base
