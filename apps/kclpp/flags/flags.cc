#include "flags.h"

namespace kclpp {

std::string environment_twin(std::string_view flag) {
  std::string twin = "KCLPP_";
  for (const char c : flag) twin += c == '-' ? '_' : static_cast<char>(c - 'a' + 'A');
  return twin;
}

}  // namespace kclpp
