#include "multilang/line_splitter.h"

#include <algorithm>
#include <utility>

namespace kcl::multilang {

std::vector<std::string> LineSplitter::feed(std::string_view bytes) {
  std::vector<std::string> lines;
  while (!bytes.empty()) {
    if (std::exchange(after_return_, false) && bytes.front() == '\n') {
      bytes.remove_prefix(1);
      continue;
    }
    const std::size_t end = bytes.find_first_of("\r\n");
    append(bytes.substr(0, end));
    if (end == std::string_view::npos) break;
    after_return_ = bytes[end] == '\r';
    bytes.remove_prefix(end + 1);
    lines.push_back(std::exchange(line_, {}));
    begun_ = false;
  }
  return lines;
}

std::vector<std::string> LineSplitter::finish() {
  std::vector<std::string> lines;
  if (std::exchange(begun_, false)) lines.push_back(std::exchange(line_, {}));
  after_return_ = false;
  return lines;
}

void LineSplitter::append(std::string_view bytes) {
  if (!bytes.empty()) begun_ = true;
  line_ += bytes.substr(0, longest_ - std::min(longest_, line_.size()));
}

}  // namespace kcl::multilang
