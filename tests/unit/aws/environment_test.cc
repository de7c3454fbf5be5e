#include "aws/environment.h"

#include <gtest/gtest.h>

namespace kcl::aws {
namespace {

TEST(Environment, TakesEmptyAsNotSet) {
  const Environment environment({{"SET", "x"}, {"EMPTY", ""}});
  EXPECT_EQ(environment.get("SET"), "x");
  EXPECT_EQ(environment.get("EMPTY"), std::nullopt);
  EXPECT_EQ(environment.get("ABSENT"), std::nullopt);
}

TEST(Environment, OfTheProcessHoldsWhatAwsToolsReadAsItWasThen) {
  ::setenv("AWS_KCLPP_TEST", "a=b", 1);
  ::setenv("KCLPP_OTHER", "secret", 1);
  const Environment environment = Environment::of_process();
  ::setenv("AWS_KCLPP_TEST", "later", 1);
  EXPECT_EQ(environment.get("AWS_KCLPP_TEST"), "a=b");
  EXPECT_EQ(environment.get("KCLPP_OTHER"), std::nullopt);
  ::unsetenv("AWS_KCLPP_TEST");
  ::unsetenv("KCLPP_OTHER");
}

}  // namespace
}  // namespace kcl::aws
