// What every answer through a port carries besides its value.
#pragma once

#include <optional>

#include <kcl/timestamp.h>

#include "base/loop.h"

namespace kcl::ports {

struct Timing {
  /// Right before the request left. Deadlines of a lease count from here (C8).
  base::BootTime sent{};
  /// When the answer, or the failure, was there. Ages that we observe count from here (C7).
  base::BootTime received{};
  /// The other side's clock, when it told.
  std::optional<Timestamp> server_time;
};

template <class T>
struct Answer {
  T value;
  Timing timing;
};

}  // namespace kcl::ports
