#include "embedded/limits.h"

#include <gtest/gtest.h>

namespace kcl::embedded {
namespace {

using std::chrono::milliseconds;

Timestamp at(int ms) { return Timestamp(milliseconds(ms)); }

TEST(Allowance, GivesSoMuchPerSecond) {
  Allowance reads(5);
  for (const int ms : {0, 100, 100, 500, 900}) {
    EXPECT_TRUE(reads.is_open(at(ms))) << ms;
    reads.charge(1, at(ms));
  }
  EXPECT_FALSE(reads.is_open(at(900)));
  EXPECT_FALSE(reads.is_open(at(999)));
  EXPECT_TRUE(reads.is_open(at(1'000)));
}

TEST(Allowance, ASecondBeginsWithItsFirstUse) {
  Allowance reads(1);
  reads.charge(1, at(1'700));
  EXPECT_FALSE(reads.is_open(at(2'699)));
  EXPECT_TRUE(reads.is_open(at(2'700)));
}

TEST(Allowance, LaterSecondsPayForTooMuch) {
  Allowance bytes(2 << 20);
  bytes.charge(10 << 20, at(0));
  EXPECT_FALSE(bytes.is_open(at(4'999)));
  EXPECT_TRUE(bytes.is_open(at(5'000)));
}

TEST(Allowance, UnlimitedIsAlwaysOpen) {
  Allowance bytes(Limits::none().read_bytes);
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(bytes.is_open(at(0)));
    bytes.charge(10 << 20, at(0));
  }
}

}  // namespace
}  // namespace kcl::embedded
