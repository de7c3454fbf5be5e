#include "leases/agreement.h"

#include <unistd.h>

#include <array>
#include <cstdio>

#include "leases/messages.h"

namespace kclpp::leases {

bool agreed(const LeasesOptions& options) {
  if (options.yes) return true;
  if (::isatty(STDIN_FILENO) == 0) {
    complain("nothing was changed: nobody can be asked, since stdin is no terminal; give --yes, or --dry-run");
    return false;
  }
  std::fprintf(stderr, "Do this? [y/N] ");
  std::array<char, 16> answer{};
  const bool read = std::fgets(answer.data(), answer.size(), stdin) != nullptr;
  if (read && (answer[0] == 'y' || answer[0] == 'Y')) return true;
  complain("nothing was changed");
  return false;
}

}  // namespace kclpp::leases
