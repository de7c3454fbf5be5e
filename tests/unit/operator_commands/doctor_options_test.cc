#include "doctor/options.h"

#include <gtest/gtest.h>

namespace kclpp::doctor {
namespace {

using kcl::operate::PolicyForm;

std::size_t problems(const FlagValues& given) { return parse(given).problems.size(); }

TEST(DoctorOptions, EitherAStreamOrAFleetIsEnough) {
  EXPECT_EQ(problems({{"stream", "orders"}}), 0U);
  EXPECT_EQ(problems({{"application", "billing"}}), 0U);
  EXPECT_EQ(problems({}), 1U);
  EXPECT_EQ(problems({{"stream", "orders"}, {"lease-store", "sqlite:x"}}), 1U) << "whose?";
}

TEST(DoctorOptions, WhatIsPrintedIsOneOfThree) {
  EXPECT_EQ(parse({{"stream", "orders"}, {"print", "terraform"}}).options.print, PolicyForm::terraform);
  EXPECT_FALSE(parse({{"stream", "orders"}}).options.print);
  EXPECT_EQ(problems({{"stream", "orders"}, {"print", "pulumi"}}), 1U);
  EXPECT_EQ(problems({{"application", "billing"}, {"print", "iam"}}), 1U) << "which stream?";
  EXPECT_TRUE(parse({{"stream", "orders"}, {"print", "iam"}, {"fan-out", ""}}).options.fan_out);
  EXPECT_EQ(problems({{"stream", "orders"}, {"fan-out", ""}}), 1U) << "it examines nothing of it";
}

TEST(DoctorOptions, WhatAWatchOfManyTablesNeedsIsPrintedWithoutAStream) {
  const auto parsed = parse({{"table-prefix", "team-"}, {"print", "iam"}});
  EXPECT_EQ(parsed.problems, std::vector<std::string>());
  EXPECT_EQ(parsed.options.places.table_prefix, "team-");
  EXPECT_EQ(problems({{"table-prefix", "team-"}}), 1U) << "it examines one fleet";
  EXPECT_EQ(problems({{"table-prefix", "team-"}, {"print", "iam"}, {"stream", "orders"}}), 1U)
      << "a worker, or a watch?";
}

TEST(DoctorOptions, MetricsAreFiledUnderTheApplicationUnlessToldOtherwise) {
  const auto of = [](FlagValues given) {
    given.emplace("stream", "orders");
    given.emplace("application", "billing");
    return parse(given).options.metric_namespace;
  };
  EXPECT_EQ(of({}), "");
  EXPECT_EQ(of({{"cloudwatch", "java-kcl"}}), "billing");
  EXPECT_EQ(of({{"cloudwatch", "kclpp"}, {"cloudwatch-namespace", "Prod/Orders"}}), "Prod/Orders");
  EXPECT_EQ(problems({{"stream", "orders"}, {"cloudwatch", "java-kcl"}}), 1U) << "under which name?";
  EXPECT_EQ(problems({{"application", "billing"}, {"cloudwatch", "datadog"}}), 1U);
  EXPECT_EQ(problems({{"application", "billing"}, {"cloudwatch-namespace", "x"}}), 1U);
}

TEST(DoctorOptions, TheLeaseTableMayHaveANameOfItsOwn) {
  const auto parsed = parse({{"application", "billing"}, {"lease-table", "GoLeases"}, {"cloudwatch", "vmware-go"}});
  EXPECT_EQ(parsed.problems, std::vector<std::string>());
  EXPECT_EQ(parsed.options.places.table, "GoLeases");
  EXPECT_EQ(parsed.options.metric_namespace, "billing");
  EXPECT_EQ(problems({{"stream", "orders"}, {"lease-table", "GoLeases"}}), 1U) << "whose?";
}

TEST(DoctorOptions, EachServiceMayHaveARegionAProfileAndARoleOfItsOwn) {
  const std::string role = "arn:aws:iam::123456789012:role/reader";
  const auto parsed = parse({{"stream", "orders"},
                             {"application", "billing"},
                             {"cloudwatch", "kclpp"},
                             {"kinesis-role", role},
                             {"dynamodb-region", "us-east-1"},
                             {"cloudwatch-profile", "metrics"}});
  EXPECT_EQ(parsed.problems, std::vector<std::string>());
  const auto& places = parsed.options.places;
  EXPECT_EQ(places.aws.kinesis_access.role_arn, role);
  EXPECT_EQ(places.aws.dynamodb_access.region, "us-east-1");
  EXPECT_EQ(places.aws.cloudwatch_access.profile, "metrics");
  EXPECT_TRUE(places.cloudwatch);
  EXPECT_EQ(problems({{"stream", "orders"}, {"kinesis-role", "reader"}}), 1U);
  EXPECT_EQ(problems({{"stream", "orders"}, {"cloudwatch-profile", "metrics"}}), 1U) << "nothing goes there";
}

TEST(DoctorOptions, AStreamsArnTellsTheRegion) {
  const auto parsed = parse({{"stream", "arn:aws:kinesis:eu-west-1:123456789012:stream/orders"}});
  EXPECT_EQ(parsed.options.places.aws.region, "eu-west-1");
}

}  // namespace
}  // namespace kclpp::doctor
