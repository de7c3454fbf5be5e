#include "leases/options.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace kclpp::leases {
namespace {

using namespace std::chrono_literals;

LeasesOptions good(Verb verb, FlagValues given, const std::vector<std::string>& arguments = {}) {
  given.emplace("application", "orders");
  const auto parsed = parse(verb, given, arguments);
  for (const std::string& problem : parsed.problems) ADD_FAILURE() << problem;
  return parsed.options;
}

std::vector<std::string> problems(Verb verb, FlagValues given, const std::vector<std::string>& arguments = {}) {
  given.emplace("application", "orders");
  return parse(verb, given, arguments).problems;
}

TEST(LeasesOptions, TheTableIsInDynamoDbUnlessAFileIsNamed) {
  EXPECT_EQ(good(Verb::list, {}).places.table, "orders");
  EXPECT_TRUE(good(Verb::list, {{"lease-store", "dynamodb"}}).places.sqlite_file.empty());
  EXPECT_EQ(good(Verb::list, {{"lease-store", "sqlite:x.db"}}).places.sqlite_file, "x.db");
}

TEST(LeasesOptions, AChangeIsUndoneInTheSameTable) {
  EXPECT_EQ(good(Verb::rewind, {{"to", "LATEST"}, {"all", "true"}}).undo_command,
            "kclpp leases import --application orders");
  const FlagValues elsewhere{{"to", "LATEST"},        {"all", "true"},         {"lease-store", "sqlite:it's here"},
                             {"region", "eu-west-1"}, {"lease-format", "kcl"}, {"dynamodb-profile", "central"},
                             {"patience", "5"},       {"dry-run", "true"}};
  EXPECT_EQ(good(Verb::rewind, elsewhere).undo_command,
            "kclpp leases import --application orders --lease-store 'sqlite:it'\\''s here' --lease-format kcl "
            "--region eu-west-1 --dynamodb-profile central");
}

TEST(LeasesOptions, WhatIsWrongIsSaidOfEachFlag) {
  EXPECT_EQ(parse(Verb::list, {}, {}).problems.size(), 1U);
  EXPECT_EQ(problems(Verb::list, {{"lease-store", "memory"}}).size(), 1U);
  EXPECT_EQ(problems(Verb::list, {{"watch", "601"}, {"failover", "0"}, {"dynamodb-endpoint", "x"}}).size(), 3U);
  EXPECT_EQ(problems(Verb::list, {{"probe-lag", "true"}}).size(), 1U) << "which stream?";
  EXPECT_EQ(problems(Verb::list, {{"stream", ""}}).size(), 1U);
}

TEST(LeasesOptions, AStreamsArnTellsTheRegion) {
  const auto arn = "arn:aws:kinesis:eu-west-1:123456789012:stream/orders";
  EXPECT_EQ(good(Verb::list, {{"stream", arn}}).places.aws.region, "eu-west-1");
  EXPECT_EQ(good(Verb::list, {{"stream", arn}, {"dynamodb-region", "us-east-1"}}).places.aws.dynamodb_access.region,
            "us-east-1");
  EXPECT_EQ(good(Verb::list, {{"stream", "orders"}}).places.aws.region, "");
}

TEST(LeasesOptions, TheServicesThatAVerbAsksMayHaveAnAccessOfTheirOwn) {
  const std::string role = "arn:aws:iam::123456789012:role/reader";
  const auto options =
      good(Verb::list, {{"stream", "orders"}, {"kinesis-role", role}, {"dynamodb-profile", "central"}});
  EXPECT_EQ(options.places.aws.kinesis_access.role_arn, role);
  EXPECT_EQ(options.places.aws.dynamodb_access.profile, "central");
  const auto has = [](Verb verb, std::string_view name) {
    const auto flags = flags_of(verb);
    return std::ranges::any_of(flags, [&](const Flag& flag) { return flag.name == name; });
  };
  EXPECT_TRUE(has(Verb::list, "kinesis-role"));
  EXPECT_FALSE(has(Verb::rewind, "kinesis-role")) << "it does not ask the stream";
  EXPECT_TRUE(has(Verb::rewind, "dynamodb-role"));
  EXPECT_FALSE(has(Verb::list, "cloudwatch-role"));
}

TEST(LeasesOptions, NotWatchingIsNotTheDefault) {
  EXPECT_FALSE(good(Verb::list, {}).watch);
  EXPECT_EQ(good(Verb::list, {{"watch", "0"}}).watch, 0ms);
  EXPECT_EQ(good(Verb::list, {{"watch", "2.5"}}).watch, 2500ms);
}

TEST(LeasesOptions, AllButAConversionWorkOnBothFormats) {
  const auto has_format = [](Verb verb) {
    const auto flags = flags_of(verb);
    return std::ranges::any_of(flags, [](const Flag& flag) { return flag.name == "lease-format"; });
  };
  EXPECT_TRUE(has_format(Verb::list));
  EXPECT_TRUE(has_format(Verb::rewind));
  EXPECT_FALSE(has_format(Verb::convert)) << "it has one of each";
  EXPECT_EQ(good(Verb::list, {{"lease-format", "vmware-go"}}).places.format, kcl::LeaseFormat::vmware_go);
  EXPECT_EQ(problems(Verb::list, {{"lease-format", "xml"}}).size(), 1U);
}

TEST(LeasesOptions, AWatchMayBeOfAllTablesThatBeginAlike) {
  const auto of = [](FlagValues given) {
    given.emplace("table-prefix", "team-");
    return parse(Verb::watch, given, {});
  };
  EXPECT_EQ(of({{"interval", "5"}}).problems, std::vector<std::string>());
  EXPECT_EQ(of({}).options.places.table_prefix, "team-");
  EXPECT_EQ(of({{"application", "orders"}}).problems.size(), 1U) << "one, or all?";
  EXPECT_EQ(of({{"stream", "orders"}}).problems.size(), 1U) << "they may be of several";
  EXPECT_EQ(of({{"probe-lag", ""}}).problems.size(), 1U) << "of which stream?";
  EXPECT_EQ(of({{"lease-format", "kcl"}}).problems.size(), 1U) << "each tells its own";
  EXPECT_EQ(of({{"lease-store", "sqlite:x.db"}}).problems.size(), 1U);
  EXPECT_EQ(of({{"lease-store", "dynamodb"}}).problems.size(), 0U);
  EXPECT_EQ(parse(Verb::watch, {{"table-prefix", "team/"}}, {}).problems.size(), 1U) << "no table is named so";
  EXPECT_EQ(parse(Verb::watch, {{"table-prefix", "t"}}, {}).problems.size(), 0U);
}

TEST(LeasesOptions, EveryVerbSaysWhatItsFlagsAre) {
  for (const VerbHelp& verb : verbs()) {
    std::set<std::string_view> names;
    for (const Flag& flag : flags_of(verb.verb)) EXPECT_TRUE(names.insert(flag.name).second) << flag.name;
    EXPECT_TRUE(names.contains("application"));
  }
}

TEST(LeasesOptions, AConversionNamesTwoApplications) {
  const auto options = good(Verb::convert, {{"into", "orders2"}, {"from", "2026-11-22"}, {"force", ""}});
  EXPECT_EQ(options.places.table, "orders");
  EXPECT_EQ(options.places.format, kcl::LeaseFormat::vmware_go);
  EXPECT_EQ(options.into, "orders2");
  EXPECT_EQ(options.from, kcl::Timestamp(1'795'305'600'000ms));
  EXPECT_TRUE(options.force);
  EXPECT_EQ(good(Verb::convert, {{"into", "x"}, {"from", "TRIM_HORIZON"}}).from, kcl::Timestamp{});
  EXPECT_FALSE(good(Verb::convert, {{"into", "x"}}).from);
  EXPECT_EQ(problems(Verb::convert, {}).size(), 1U) << "into what?";
  EXPECT_EQ(problems(Verb::convert, {{"into", "orders"}}).size(), 1U) << "rows of two kinds in one table";
  EXPECT_EQ(problems(Verb::convert, {{"into", "x"}, {"from", "LATEST"}}).size(), 1U) << "it would skip";
  EXPECT_EQ(problems(Verb::convert, {{"into", "x"}}, {"shardId-000000000000"}).size(), 1U);
}

}  // namespace
}  // namespace kclpp::leases
