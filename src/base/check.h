// Invariants that stay checked in release builds. A broken one means that kclpp itself is wrong: going on could lose
// records, so the process stops and says where.
#pragma once

#include <source_location>
#include <string_view>

namespace kcl::base {

[[noreturn]] void check_failed(std::string_view what, std::source_location where);

/// `what` states the invariant, with worker, shard and lease where they are known.
inline void check(bool holds, std::string_view what, std::source_location where = std::source_location::current()) {
  if (!holds) [[unlikely]]
    check_failed(what, where);
}

}  // namespace kcl::base
