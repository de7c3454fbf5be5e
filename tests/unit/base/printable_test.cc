#include "base/printable.h"

#include <gtest/gtest.h>

namespace kcl::base {
namespace {

TEST(Printable, WhatATerminalObeysIsReplaced) {
  EXPECT_EQ(printable("a\x1b[2Jb\r\n\tc\x7f"), "a?[2Jb???c?");
  EXPECT_EQ(printable("a\xc2\x9b"
                      "2J"),
            "a?2J")
      << "CSI as one character";
  EXPECT_EQ(printable("a\xe2\x80\xa8"
                      "b\xe2\x80\xa9"),
            "a?b?");
  EXPECT_EQ(printable("a\nb", ' '), "a b");
}

TEST(Printable, EverythingElseStays) {
  EXPECT_EQ(printable("Gr\xc3\xb6\xc3\x9f"
                      "e \xc2\xa0 \xe2\x82\xac \xf0\x9f\x8d\x90"),
            "Gr\xc3\xb6\xc3\x9f"
            "e \xc2\xa0 \xe2\x82\xac \xf0\x9f\x8d\x90");
  EXPECT_EQ(printable(""), "");
  EXPECT_EQ(printable("\xc2"), "\xc2") << "cut off";
}

}  // namespace
}  // namespace kcl::base
