#include "wire/descriptions.h"

#include <gtest/gtest.h>

namespace kcl::wire {
namespace {

TEST(Descriptions, OfAStream) {
  const auto facts = decode_stream_facts(
      R"({"StreamDescriptionSummary":{"StreamName":"orders","StreamARN":"arn:x","StreamStatus":"ACTIVE",)"
      R"("StreamModeDetails":{"StreamMode":"ON_DEMAND","Later":1},"RetentionPeriodHours":24,"EncryptionType":"KMS",)"
      R"("KeyId":"alias/aws/kinesis","StreamCreationTimestamp":1.5E9,"EnhancedMonitoring":[{"ShardLevelMetrics":[]}],)"
      R"("OpenShardCount":4,"ConsumerCount":2}})");
  ASSERT_TRUE(facts) << facts.error();
  EXPECT_EQ(facts->arn, "arn:x");
  EXPECT_EQ(facts->status, "ACTIVE");
  EXPECT_EQ(facts->mode, "ON_DEMAND");
  EXPECT_EQ(facts->encryption, "KMS");
  EXPECT_EQ(facts->key_id, "alias/aws/kinesis");
  EXPECT_EQ(facts->retention_hours, 24);
  EXPECT_EQ(facts->open_shards, 4);
  EXPECT_EQ(facts->consumers, 2);
}

TEST(Descriptions, OfConsumers) {
  const auto consumers = decode_consumer_facts(
      R"({"Consumers":[{"ConsumerName":"billing","ConsumerARN":"arn:b","ConsumerStatus":"ACTIVE",)"
      R"("ConsumerCreationTimestamp":1.5E9},{"ConsumerName":"audit","ConsumerStatus":null}],"NextToken":"t"})");
  ASSERT_TRUE(consumers) << consumers.error();
  ASSERT_EQ(consumers->size(), 2U);
  EXPECT_EQ((*consumers)[0].name, "billing");
  EXPECT_EQ((*consumers)[0].arn, "arn:b");
  EXPECT_EQ((*consumers)[0].status, "ACTIVE");
  EXPECT_EQ((*consumers)[1].status, "");
  EXPECT_TRUE(decode_consumer_facts(R"({"Consumers":[]})")->empty());
  EXPECT_FALSE(decode_consumer_facts("{}"));
  EXPECT_FALSE(decode_consumer_facts(R"({"Consumers":{}})"));
}

TEST(Descriptions, OfATable) {
  const auto facts = decode_table_facts(
      R"({"Table":{"TableArn":"arn:t","TableStatus":"ACTIVE","TableSizeBytes":1234,"KeySchema":[],)"
      R"("BillingModeSummary":{"BillingMode":"PAY_PER_REQUEST","LastUpdateToPayPerRequestDateTime":1.7E9},)"
      R"("ProvisionedThroughput":{"NumberOfDecreasesToday":0,"ReadCapacityUnits":3,"WriteCapacityUnits":7}}})");
  ASSERT_TRUE(facts) << facts.error();
  EXPECT_EQ(facts->arn, "arn:t");
  EXPECT_EQ(facts->status, "ACTIVE");
  EXPECT_EQ(facts->bytes, 1234);
  EXPECT_EQ(facts->billing, "PAY_PER_REQUEST");
  EXPECT_EQ(facts->read_capacity, 3);
  EXPECT_EQ(facts->write_capacity, 7);
}

TEST(Descriptions, WhatIsMissingStaysEmptyAndWhatIsWrongIsAnError) {
  const auto bare = decode_stream_facts(R"({"StreamDescriptionSummary":{"EncryptionType":null}})");
  ASSERT_TRUE(bare) << bare.error();
  EXPECT_TRUE(bare->encryption.empty());
  EXPECT_FALSE(bare->consumers);
  for (const char* text : {"", "[]", "{}", R"({"Table":7})", R"({"Table":{"TableStatus":7}})", R"({"Table":{)",
                           R"({"StreamDescriptionSummary":{"OpenShardCount":"4"}})"}) {
    EXPECT_FALSE(decode_table_facts(text)) << text;
    EXPECT_FALSE(decode_stream_facts(text)) << text;
  }
}

}  // namespace
}  // namespace kcl::wire
