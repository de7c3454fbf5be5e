#include "wire/put_metric_data.h"

#include <gtest/gtest.h>

#include <string>

namespace kcl::wire {
namespace {

MetricDatum datum() {
  MetricDatum datum;
  datum.name = "RecordsProcessed";
  datum.unit = "Count";
  datum.time = Timestamp(std::chrono::milliseconds(1'000'000'000'250));
  datum.sum = datum.least = datum.most = 12;
  return datum;
}

TEST(PutMetricData, IsAFormAsTheApiReferenceHasIt) {
  PutMetricData request("billing app");
  ASSERT_TRUE(request.add(datum()));
  MetricDatum set = datum();
  set.name = "Time";
  set.unit = "Milliseconds";
  set.dimensions = {{"Operation", "ProcessTask"}, {"ShardId", "shardId-000000000000"}};
  set.count = 3;
  set.sum = 1e20;
  set.least = 0.5;
  set.most = 1'000;
  ASSERT_TRUE(request.add(set));
  EXPECT_EQ(request.size(), 2U);
  EXPECT_EQ(request.body(),
            "Action=PutMetricData&Version=2010-08-01&Namespace=billing%20app"
            "&MetricData.member.1.MetricName=RecordsProcessed"
            "&MetricData.member.1.Timestamp=2001-09-09T01%3A46%3A40.250Z"
            "&MetricData.member.1.Unit=Count"
            "&MetricData.member.1.Value=12"
            "&MetricData.member.2.MetricName=Time"
            "&MetricData.member.2.Dimensions.member.1.Name=Operation"
            "&MetricData.member.2.Dimensions.member.1.Value=ProcessTask"
            "&MetricData.member.2.Dimensions.member.2.Name=ShardId"
            "&MetricData.member.2.Dimensions.member.2.Value=shardId-000000000000"
            "&MetricData.member.2.Timestamp=2001-09-09T01%3A46%3A40.250Z"
            "&MetricData.member.2.Unit=Milliseconds"
            "&MetricData.member.2.StatisticValues.SampleCount=3"
            "&MetricData.member.2.StatisticValues.Sum=1e%2B20"
            "&MetricData.member.2.StatisticValues.Minimum=0.5"
            "&MetricData.member.2.StatisticValues.Maximum=1000");
}

TEST(PutMetricData, HasAtMostAThousandMetrics) {
  PutMetricData request("n");
  for (std::size_t i = 0; i < PutMetricData::kMostData; ++i) ASSERT_TRUE(request.add(datum()));
  const std::string full = request.body();
  EXPECT_FALSE(request.add(datum()));
  EXPECT_EQ(request.body(), full);
  EXPECT_EQ(request.size(), 1'000U);
}

TEST(PutMetricData, HasAtMostAMegabyte) {
  PutMetricData request("n");
  MetricDatum large = datum();
  large.dimensions = {{"worker", std::string(1'024, '%')}};
  while (request.add(large)) {
  }
  EXPECT_LT(request.size(), 1'000U);
  EXPECT_LE(request.body().size(), PutMetricData::kMostBytes);
  EXPECT_GT(request.body().size(), PutMetricData::kMostBytes - 5'000);
  EXPECT_TRUE(request.body().ends_with("Value=12")) << "what had no room left nothing behind";
}

TEST(PutMetricData, WhatTheServiceCannotTakeIsMadeToFit) {
  PutMetricData request("n");
  MetricDatum odd = datum();
  odd.dimensions = {{"w\n", ":k\xc3\xa9"}, {"long", std::string(2'000, 'x')}};
  ASSERT_TRUE(request.add(odd));
  EXPECT_NE(request.body().find("1.Name=w%3F&"), std::string::npos) << request.body();
  EXPECT_NE(request.body().find("1.Value=%3Fk%3F%3F&"), std::string::npos) << request.body();
  EXPECT_NE(request.body().find("=" + std::string(1'024, 'x') + "&"), std::string::npos);
}

TEST(PutMetricData, NamespacesAreWhatTheServiceTakes) {
  for (const char* good : {"billing", "Prod/Orders.v2_a-b #1:2", "aws", "AWSome"}) {
    EXPECT_TRUE(is_metric_namespace(good)) << good;
  }
  for (const std::string& bad : {std::string(), std::string("AWS/Kinesis"), std::string(":x"), std::string("a\nb"),
                                 std::string("a&b"), std::string("  "), std::string(256, 'x')}) {
    EXPECT_FALSE(is_metric_namespace(bad)) << bad;
  }
}

}  // namespace
}  // namespace kcl::wire
