#include "multilang/properties.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace kcl::multilang {
namespace {

using Properties = std::vector<Property>;

Properties parsed(std::string_view text) {
  auto properties = parse_properties(text);
  EXPECT_TRUE(properties) << text;
  return properties ? *properties : Properties();
}

TEST(Properties, AreReadByTheRulesOfJava) {
  const std::vector<std::pair<std::string, Properties>> cases{
      {"", {}},
      {"a=b", {{"a", "b", 1}}},
      {"a = b", {{"a", "b", 1}}},
      {"a:b\nc d", {{"a", "b", 1}, {"c", "d", 2}}},
      {"a\t:\t b", {{"a", "b", 1}}},
      {"  a==b", {{"a", "=b", 1}}},
      {"a = : b", {{"a", ": b", 1}}},
      {"a=b  ", {{"a", "b  ", 1}}},
      {"a", {{"a", "", 1}}},
      {"a=", {{"a", "", 1}}},
      {"=b", {{"", "b", 1}}},
      {"# no\n  ! neither\n\n \t\na=#b", {{"a", "#b", 5}}},
      {"a=b\r\nc=d\re=f", {{"a", "b", 1}, {"c", "d", 2}, {"e", "f", 3}}},
      {"a=b\\\n   c\nd=e", {{"a", "bc", 1}, {"d", "e", 3}}},
      {"a=b\\\r\n c", {{"a", "bc", 1}}},
      {"a=b\\\\\nc=d", {{"a", "b\\", 1}, {"c", "d", 2}}},
      {"a=b\\", {{"a", "b", 1}}},
      {"# a comment does not go on \\\na=b", {{"a", "b", 2}}},
      {"a=b\\\n# c", {{"a", "b# c", 1}}},
      {"a\\ b\\=c\\:=d", {{"a b=c:", "d", 1}}},
      {R"(a=\t\n\r\f\x\"\\)", {{"a", "\t\n\r\fx\"\\", 1}}},
      {R"(a=caf\u00e9 \u4E2d \ud83d\ude00 \ud83d!)", {{"a", "café 中 😀 \xef\xbf\xbd!", 1}}},
      {"a=caf\xe9", {{"a", "café", 1}}},
      {"a=1\na=2", {{"a", "1", 1}, {"a", "2", 2}}},
      {"executableName = sample_kclpy_app.py", {{"executableName", "sample_kclpy_app.py", 1}}},
  };
  for (const auto& [text, properties] : cases) EXPECT_EQ(parsed(text), properties) << text;
}

TEST(Properties, AMalformedEscapeNamesItsLine) {
  for (const char* text : {"a=b\nc=\\u12", "a=b\nc=\\u12g4", "\n\\u=d"}) {
    const auto properties = parse_properties(text);
    ASSERT_FALSE(properties) << text;
    EXPECT_TRUE(properties.error().starts_with("line 2: ")) << properties.error();
  }
}

}  // namespace
}  // namespace kcl::multilang
