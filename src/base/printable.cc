#include "base/printable.h"

namespace kcl::base {

std::string printable(std::string_view text, char instead) {
  std::string line;
  line.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool is_c1 = byte == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0;
    const std::string_view three = text.substr(i, 3);
    if (byte < 0x20 || byte == 0x7f) {
      line += instead;
    } else if (is_c1) {
      line += instead;
      i += 1;
    } else if (three == "\xe2\x80\xa8" || three == "\xe2\x80\xa9") {
      line += instead;
      i += 2;
    } else {
      line += text[i];
    }
  }
  return line;
}

}  // namespace kcl::base
