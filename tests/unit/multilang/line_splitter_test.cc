#include "multilang/line_splitter.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace kcl::multilang {
namespace {

using Lines = std::vector<std::string>;

Lines split(std::string_view text, std::size_t piece, std::size_t longest = 100) {
  LineSplitter splitter(longest);
  Lines all;
  const auto take = [&](Lines lines) { all.insert(all.end(), lines.begin(), lines.end()); };
  for (std::size_t at = 0; at < text.size(); at += piece) take(splitter.feed(text.substr(at, piece)));
  take(splitter.finish());
  return all;
}

TEST(LineSplitter, CutsAsJavaDoesInWhateverPieces) {
  const std::vector<std::pair<std::string, Lines>> cases{
      {"", {}},
      {"a\nb\n", {"a", "b"}},
      {"a\r\nb\rc", {"a", "b", "c"}},
      {"\n{}\n", {"", "{}"}},
      {"\r\r\n\n", {"", "", ""}},
      {"a\n\r\nb", {"a", "", "b"}},
      {"unterminated", {"unterminated"}},
  };
  for (const auto& [text, lines] : cases) {
    for (const std::size_t piece : {1U, 2U, 3U, 100U}) EXPECT_EQ(split(text, piece), lines) << text << ' ' << piece;
  }
}

TEST(LineSplitter, KeepsTheBeginningOfALineThatIsTooLong) {
  const std::string text = std::string(1'000, 'x') + "\nnext\n";
  for (const std::size_t piece : {1U, 7U, 2'000U}) EXPECT_EQ(split(text, piece, 10), (Lines{"xxxxxxxxxx", "next"}));
}

}  // namespace
}  // namespace kcl::multilang
