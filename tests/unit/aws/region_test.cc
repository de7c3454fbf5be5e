#include "aws/region.h"

#include <gtest/gtest.h>

#include <string>

#include "unit/aws/home.h"

namespace kcl::aws {
namespace {

/// Of somebody who is on no instance.
Result<std::string, std::string> find(const std::string& configured, const Environment& environment,
                                      const Profile& profile) {
  return find_region(configured, environment, profile,
                     [] { return Result<std::string, std::string>(Failure{std::string("nobody is there")}); });
}

TEST(Region, ComesFromTheFirstPlaceThatHasOne) {
  const Home home;
  home.config("[default]\nregion = eu-north-1\n");
  const Profile profile = load_profile("", home.environment()).value();
  const Environment::Variables both = {{"AWS_REGION", "us-east-1"}, {"AWS_DEFAULT_REGION", "us-east-2"}};
  EXPECT_EQ(find("us-west-1", home.environment(both), profile).value(), "us-west-1");
  EXPECT_EQ(find("", home.environment(both), profile).value(), "us-east-1");
  EXPECT_EQ(find("", home.environment({{"AWS_DEFAULT_REGION", "us-east-2"}}), profile).value(), "us-east-2");
  EXPECT_EQ(find("", home.environment(), profile).value(), "eu-north-1");
}

TEST(Region, SaysWhereItLooked) {
  const Home home;
  const Profile profile = load_profile("", home.environment()).value();
  const auto region = find("", home.environment(), profile);
  ASSERT_FALSE(region);
  EXPECT_EQ(region.error(),
            "no region: none is configured, AWS_REGION and AWS_DEFAULT_REGION are not set, there is none in profile "
            "'default' (" +
                home.credentials_path() + ", " + home.config_path() +
                "), and nobody is there; set AWS_REGION or name one (--region, WorkerConfig::region)");
}

TEST(Region, IsTheInstancesWhereNobodyNamesOne) {
  const Home home;
  const Profile profile = load_profile("", home.environment()).value();
  int asked = 0;
  const AskInstance instance = [&] {
    ++asked;
    return Result<std::string, std::string>(std::string("eu-north-1"));
  };
  EXPECT_EQ(find_region("", home.environment(), profile, instance).value(), "eu-north-1");
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(find_region("", home.environment({{"AWS_REGION", "us-east-1"}}), profile, instance).value(), "us-east-1");
  EXPECT_FALSE(find_region("", home.environment({{"AWS_REGION", "us east"}}), profile, instance));
  EXPECT_EQ(asked, 1) << "what is set is not asked for";
}

TEST(Region, IsRefusedWhenItIsNoPartOfAHostName) {
  const Home home;
  home.config("[default]\nregion = evil.example.com/\n");
  const Profile profile = load_profile("", home.environment()).value();
  EXPECT_EQ(find("", home.environment(), profile).error(),
            home.config_path() + ":2: 'evil.example.com/' is no region: one looks like us-east-1");
  EXPECT_EQ(find("", home.environment({{"AWS_REGION", "us east"}}), profile).error(),
            "AWS_REGION: 'us east' is no region: one looks like us-east-1");
  for (const char* wrong : {"US-EAST-1", "-us", "us-", "a.b", "a/b", "a@b", "us_east", "us-\xC3\xA9"}) {
    EXPECT_FALSE(is_region_name(wrong)) << wrong;
  }
  EXPECT_FALSE(is_region_name(std::string(64, 'a')));
  EXPECT_TRUE(is_region_name(std::string(63, 'a')));
}

}  // namespace
}  // namespace kcl::aws
