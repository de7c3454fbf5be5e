#include "embedded/tokens.h"

#include <limits>

#include <gtest/gtest.h>

namespace kcl::embedded {
namespace {

TEST(TokenSeal, OpensWhatAnEqualSealMade) {
  const TokenSeal::Fields fields{1, 0, std::numeric_limits<std::uint64_t>::max(), 1'700'000'000'000};
  EXPECT_EQ(TokenSeal("iterator|a").open(TokenSeal("iterator|a").seal(fields)), fields);
}

TEST(TokenSeal, RefusesOtherPurposes) {
  const std::string token = TokenSeal("iterator|a").seal({1, 2, 3, 4});
  EXPECT_EQ(TokenSeal("iterator|b").open(token), std::nullopt);
  EXPECT_EQ(TokenSeal("page|a").open(token), std::nullopt);
}

TEST(TokenSeal, RefusesEveryChangedCharacter) {
  const TokenSeal seal("iterator|a");
  const std::string token = seal.seal({0xabcdef, 2, 3, 4});
  for (std::size_t i = 0; i < token.size(); ++i) {
    for (const char c : {'0', '7', 'a', 'A', 'g', '-', ' ', '\0'}) {
      std::string changed = token;
      changed[i] = c;
      EXPECT_EQ(seal.open(changed).has_value(), changed == token) << changed;
    }
  }
  for (const auto& garbage :
       {std::string(), std::string("garbage"), token + '0', token.substr(1), std::string(80, '0')}) {
    EXPECT_EQ(seal.open(garbage), std::nullopt) << garbage;
  }
}

}  // namespace
}  // namespace kcl::embedded
