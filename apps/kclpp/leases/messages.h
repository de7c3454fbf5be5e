// What `kclpp leases` tells people besides what was asked for, and its exit codes.
#pragma once

#include <cstdio>
#include <string>

#include "base/printable.h"

namespace kclpp::leases {

inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;
inline constexpr int kUsage = 2;

inline void complain(const std::string& text) {
  std::fprintf(stderr, "kclpp leases: %s\n", kcl::base::printable(text).c_str());
}

inline int fail(const std::string& text) {
  complain(text);
  return kFailed;
}

}  // namespace kclpp::leases
