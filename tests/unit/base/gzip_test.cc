#include "base/gzip.h"

#include <gtest/gtest.h>

#include <string>

#include "unit/base/gunzip.h"

namespace kcl::base {
namespace {

TEST(Gzip, IsUndoneByGunzip) {
  std::string text;
  for (const std::size_t size : {0U, 1U, 100U, 1'000'000U}) {
    while (text.size() < size) text.push_back(static_cast<char>(text.size() * 31 / 7));
    EXPECT_EQ(test::gunzip(gzip(text)), text) << size << " bytes";
  }
}

TEST(Gzip, MakesTextSmallAndIsTheSameEachTime) {
  std::string form;
  for (int i = 0; i < 1'000; ++i) form += "MetricData.member." + std::to_string(i) + ".MetricName=RecordsProcessed&";
  const std::string packed = gzip(form);
  EXPECT_LT(packed.size(), form.size() / 8);
  EXPECT_EQ(gzip(form), packed);
  EXPECT_EQ(packed.substr(0, 2), "\x1f\x8b");
}

}  // namespace
}  // namespace kcl::base
