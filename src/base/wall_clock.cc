#include "base/wall_clock.h"

namespace kcl::base {

Timestamp wall_now() {
  return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

}  // namespace kcl::base
