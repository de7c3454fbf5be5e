#include "coordinator/neighbours.h"

namespace kcl::coordinator {

std::string_view name_of(Neighbours neighbours) {
  switch (neighbours) {
    case Neighbours::none:
      break;
    case Neighbours::java_2x:
      return "java_2x";
    case Neighbours::java_3x:
      return "java_3x";
  }
  return "none";
}

Neighbours neighbours_of(bool java_lives, const std::optional<std::string>& java_version) {
  if (!java_lives) return Neighbours::none;
  const bool led = java_version == "CLIENT_VERSION_3X" || java_version == "CLIENT_VERSION_3X_WITH_ROLLBACK";
  return led ? Neighbours::java_3x : Neighbours::java_2x;
}

}  // namespace kcl::coordinator
