#include "local/utf8.h"

#include <cstddef>
#include <cstdint>

namespace kcl::local {

bool is_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const auto first = static_cast<unsigned char>(text[at++]);
    if (first < 0x80) continue;
    if (first < 0xC2 || first > 0xF4) return false;
    const std::size_t more = first < 0xE0 ? 1 : first < 0xF0 ? 2 : 3;
    if (text.size() - at < more) return false;
    std::uint32_t code = first & (0x3FU >> more);
    for (const std::size_t end = at + more; at < end; ++at) {
      const auto next = static_cast<unsigned char>(text[at]);
      if ((next & 0xC0) != 0x80) return false;
      code = code << 6 | (next & 0x3F);
    }
    const bool overlong = code < (more == 2 ? 0x800U : more == 3 ? 0x1'0000U : 0x80U);
    if (overlong || code > 0x10'FFFF || (code >= 0xD800 && code <= 0xDFFF)) return false;
  }
  return true;
}

}  // namespace kcl::local
