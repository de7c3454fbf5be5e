#include "multilang/keys.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

namespace kcl::multilang {
namespace {

TEST(Keys, AreEachThereOnceWithATwinOfTheirOwn) {
  std::set<std::string> names;
  std::set<std::string> twins;
  for (const Key& key : keys()) {
    EXPECT_TRUE(names.insert(std::string(key.name)).second) << key.name;
    EXPECT_TRUE(twins.insert(environment_twin(key.name)).second) << key.name;
    EXPECT_EQ(find_key(key.name), &key);
    EXPECT_EQ(key.effect == KeyEffect::applied, key.note.empty()) << key.name << ": what changes nothing says why";
  }
}

TEST(Keys, TwinsAreTheirWordsInCapitals) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"failoverTimeMillis", "KCLPP_FAILOVER_TIME_MILLIS"},
      {"dynamoDBEndpoint", "KCLPP_DYNAMO_DB_ENDPOINT"},
      {"AwsCredentialsProviderDynamoDB", "KCLPP_AWS_CREDENTIALS_PROVIDER_DYNAMO_DB"},
      {"kinesisClient.endpointOverride", "KCLPP_KINESIS_CLIENT_ENDPOINT_OVERRIDE"},
      {"workerMetricsEMAAlpha", "KCLPP_WORKER_METRICS_EMA_ALPHA"},
      {"kclpp.childRestarts", "KCLPP_CHILD_RESTARTS"},
  };
  for (const auto& [key, twin] : cases) EXPECT_EQ(environment_twin(key), twin);
}

TEST(Keys, AreKnownExactlyButForCredentialsAndSecondNames) {
  EXPECT_EQ(find_key("FailoverTimeMillis"), nullptr);
  EXPECT_EQ(find_key("DynamoDBEndpoint"), nullptr);
  EXPECT_EQ(find_key("awscredentialsprovider"), find_key("AwsCredentialsProvider"));
  EXPECT_EQ(find_key("AWSCredentialsProviderDynamoDB"), find_key("AwsCredentialsProviderDynamoDB"));
  EXPECT_EQ(find_key("workerIdentifier"), find_key("workerId"));
  EXPECT_EQ(find_key("pollingConfig.maxRecords"), find_key("maxRecords"));
  EXPECT_EQ(find_key("fanoutConfig.maxRecords"), nullptr);
}

TEST(Keys, ASlipIsUnderstood) {
  EXPECT_EQ(did_you_mean("FailoverTimeMillis"), "failoverTimeMillis");
  EXPECT_EQ(did_you_mean("DynamoDBEndpoint"), "dynamoDBEndpoint");
  EXPECT_EQ(did_you_mean("RetrievalMode"), "retrievalMode");
  EXPECT_EQ(did_you_mean("maxRecord"), "maxRecords");
  EXPECT_EQ(did_you_mean("aplicationNmae"), "applicationName");
  EXPECT_EQ(did_you_mean("billingMode"), std::nullopt);
  EXPECT_EQ(did_you_mean(""), std::nullopt);
  EXPECT_EQ(did_you_mean(std::string(100'000, 'x')), std::nullopt);
}

}  // namespace
}  // namespace kcl::multilang
