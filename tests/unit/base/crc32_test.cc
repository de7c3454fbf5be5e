#include "base/crc32.h"

#include <string>

#include <gtest/gtest.h>

namespace kcl::base {
namespace {

TEST(Crc32, AgreesWithTheCatalogue) {
  // "check" and others of CRC-32/ISO-HDLC.
  EXPECT_EQ(crc32("123456789"), 0xcbf43926U);
  EXPECT_EQ(crc32(""), 0U);
  EXPECT_EQ(crc32("a"), 0xe8b7be43U);
  EXPECT_EQ(crc32(std::string(32, '\0')), 0x190a55adU);
  EXPECT_EQ(crc32(std::string(32, '\xff')), 0xff6cab0bU);
}

/// Long texts go by other instructions than short ones.
TEST(Crc32, OfAnyLengthAgreesWithTheBitwiseDefinition) {
  std::string text;
  std::uint32_t state = 0xffffffff;
  for (int i = 0; i < 5'000; ++i) {
    const auto next = static_cast<unsigned char>(i * 7 + i / 256);
    text.push_back(static_cast<char>(next));
    state ^= next;
    for (int bit = 0; bit < 8; ++bit) state = (state & 1) != 0 ? state >> 1 ^ 0xedb88320 : state >> 1;
    ASSERT_EQ(crc32(text), ~state) << text.size() << " bytes";
  }
}

}  // namespace
}  // namespace kcl::base
