// Cuts a stream of bytes into lines, as Java's BufferedReader does: "\n", "\r\n" and "\r" end one, and so does the end
// of the stream.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace kcl::multilang {

class LineSplitter {
 public:
  /// Of a longer line the rest is dropped: no message of the protocol is as long.
  explicit LineSplitter(std::size_t longest) : longest_(longest) {}

  /// The lines that end within `bytes`, without their ends.
  std::vector<std::string> feed(std::string_view bytes);
  /// The end of the stream: the line that nothing ended, if there is one.
  std::vector<std::string> finish();

 private:
  void append(std::string_view bytes);

  std::size_t longest_;
  std::string line_;
  /// A "\n" right after this is the rest of "\r\n".
  bool after_return_ = false;
  bool begun_ = false;
};

}  // namespace kcl::multilang
