#include "service_fixture.h"

namespace kcl::local {
namespace {

using ServiceStreams = ServiceTest;

TEST_F(ServiceStreams, AStreamIsCreatingThenActive) {
  ok("CreateStream", "{'StreamName': 'orders', 'ShardCount': 3}");
  EXPECT_NE(ok("DescribeStreamSummary", "{'StreamName': 'orders'}").find(json("'StreamStatus':'CREATING'")),
            std::string::npos);
  EXPECT_EQ(code("PutRecord", "{'StreamName': 'orders', 'PartitionKey': 'k', 'Data': 'YQ=='}"),
            "ResourceNotFoundException");
  EXPECT_EQ(code("ListShards", "{'StreamName': 'orders'}"), "ResourceInUseException");
  now += milliseconds(100);
  const auto stream =
      wire::decode_describe_stream_summary(Protocol::json, ok("DescribeStreamSummary", "{'StreamName': 'orders'}"));
  ASSERT_TRUE(stream.has_value());
  EXPECT_EQ(stream->name, "orders");
  EXPECT_EQ(stream->arn, "arn:aws:kinesis:us-east-1:000000000000:stream/orders");
  EXPECT_EQ(stream->open_shards, 3U);
  EXPECT_EQ(stream->retention, hours(24));
  EXPECT_EQ(stream->created, now - milliseconds(100));
  ok("PutRecord", "{'StreamName': 'orders', 'PartitionKey': 'k', 'Data': 'YQ=='}");
}

TEST_F(ServiceStreams, AStreamIsFoundByNameOrArnAndByBothOnlyIfTheyAgree) {
  create();
  const std::string arn = "'StreamARN': 'arn:aws:kinesis:us-east-1:000000000000:stream/orders'";
  EXPECT_EQ(shards(arn).shards.size(), 2U);
  EXPECT_EQ(shards(arn + ", 'StreamName': 'orders'").shards.size(), 2U);
  EXPECT_EQ(code("ListShards", "{" + arn + ", 'StreamName': 'other'}"), "InvalidArgumentException");
  EXPECT_EQ(code("ListShards", "{'StreamARN': 'arn:aws:kinesis:eu-west-1:000000000000:stream/orders'}"),
            "ResourceNotFoundException");
  EXPECT_EQ(code("ListShards", "{'StreamARN': 'orders'}"), "ValidationException");
  EXPECT_EQ(code("ListShards", "{'StreamName': 'others'}"), "ResourceNotFoundException");
  EXPECT_EQ(code("ListShards", "{}"), "InvalidArgumentException");
}

TEST_F(ServiceStreams, RefusesStreamsThatCannotBe) {
  create();
  EXPECT_EQ(code("CreateStream", "{'StreamName': 'orders', 'ShardCount': 1}"), "ResourceInUseException");
  EXPECT_EQ(code("CreateStream", "{'ShardCount': 1}"), "ValidationException");
  EXPECT_EQ(code("CreateStream", "{'StreamName': 'no spaces', 'ShardCount': 1}"), "ValidationException");
  EXPECT_EQ(code("CreateStream", "{'StreamName': 'a', 'ShardCount': 0}"), "ValidationException");
  EXPECT_EQ(code("CreateStream", "{'StreamName': 'a', 'ShardCount': 10001}"), "LimitExceededException");
  now += seconds(1);
  EXPECT_EQ(code("CreateStream", "{'StreamName': 'a'}"), "InvalidArgumentException");
  EXPECT_EQ(code("CreateStream", "{'StreamName': 'a', 'ShardCount': 1, 'MaxRecordSizeInKiB': 1}"),
            "ValidationException");
  ok("CreateStream", "{'StreamName': 'a', 'StreamModeDetails': {'StreamMode': 'ON_DEMAND'}}");
  const std::string summary = ok("DescribeStreamSummary", "{'StreamName': 'a'}");
  EXPECT_NE(summary.find(json("'StreamMode':'ON_DEMAND'")), std::string::npos);
  EXPECT_NE(summary.find(json("'OpenShardCount':4")), std::string::npos);
}

TEST_F(ServiceStreams, ADeletedStreamGoesAndItsNameIsFree) {
  create();
  const std::string old = iterator(kShard0);
  ok("DeleteStream", "{'StreamName': 'orders'}");
  EXPECT_NE(ok("DescribeStreamSummary", "{'StreamName': 'orders'}").find("DELETING"), std::string::npos);
  EXPECT_EQ(code("DeleteStream", "{'StreamName': 'orders'}"), "ResourceInUseException");
  now += milliseconds(100);
  EXPECT_EQ(code("DescribeStreamSummary", "{'StreamName': 'orders'}"), "ResourceNotFoundException");
  create();
  EXPECT_EQ(code("GetRecords", "{'ShardIterator': '" + old + "'}"), "InvalidArgumentException");
}

TEST_F(ServiceStreams, AStreamWithConsumersIsDeletedOnlyByForce) {
  create();
  ok("RegisterStreamConsumer",
     "{'StreamARN': 'arn:aws:kinesis:us-east-1:000000000000:stream/orders', 'ConsumerName': 'c'}");
  EXPECT_EQ(code("DeleteStream", "{'StreamName': 'orders'}"), "ResourceInUseException");
  ok("DeleteStream", "{'StreamName': 'orders', 'EnforceConsumerDeletion': true}");
}

TEST_F(ServiceStreams, ListsStreamsInPages) {
  make({.limits = false});
  for (const char* name : {"a", "b", "c"}) create(name, 1);
  const std::string first = ok("ListStreams", "{'Limit': 2}");
  EXPECT_NE(first.find(json("'StreamNames':['a','b']")), std::string::npos);
  EXPECT_NE(first.find(json("'HasMoreStreams':true")), std::string::npos);
  const std::size_t token = first.find(json("'NextToken':'")) + 13;
  const std::string next = first.substr(token, first.find('"', token) - token);
  EXPECT_NE(ok("ListStreams", "{'NextToken': '" + next + "'}").find(json("'StreamNames':['c'],'HasMoreStreams':false")),
            std::string::npos);
  EXPECT_NE(ok("ListStreams", "{'ExclusiveStartStreamName': 'b'}").find(json("['c']")), std::string::npos);
  EXPECT_EQ(code("ListStreams", "{'NextToken': 'x'}"), "InvalidArgumentException");
}

TEST_F(ServiceStreams, DescribesShardsInPages) {
  create("orders", 3);
  const std::string first = ok("DescribeStream", "{'StreamName': 'orders', 'Limit': 2}");
  EXPECT_NE(first.find(kShard1), std::string::npos);
  EXPECT_EQ(first.find(kShard2), std::string::npos);
  EXPECT_NE(first.find(json("'HasMoreShards':true")), std::string::npos);
  const std::string rest = ok("DescribeStream", "{'StreamName': 'orders', 'ExclusiveStartShardId': '" + kShard1 + "'}");
  EXPECT_NE(rest.find(kShard2), std::string::npos);
  EXPECT_NE(rest.find(json("'HasMoreShards':false")), std::string::npos);
}

TEST_F(ServiceStreams, RetentionGoesUpAndDownWithinItsBounds) {
  create();
  const auto body = [](int count) {
    return "{'StreamName': 'orders', 'RetentionPeriodHours': " + std::to_string(count) + "}";
  };
  EXPECT_EQ(code("IncreaseStreamRetentionPeriod", body(8'761)), "InvalidArgumentException");
  EXPECT_EQ(code("DecreaseStreamRetentionPeriod", body(48)), "InvalidArgumentException");
  ok("IncreaseStreamRetentionPeriod", body(48));
  EXPECT_EQ(code("DecreaseStreamRetentionPeriod", body(24)), "ResourceInUseException");
  now += milliseconds(100);
  EXPECT_NE(ok("DescribeStreamSummary", "{'StreamName': 'orders'}").find(json("'RetentionPeriodHours':48")),
            std::string::npos);
  ok("DecreaseStreamRetentionPeriod", body(24));
}

TEST_F(ServiceStreams, ControlCallsAreLimitedPerSecondUnlessLimitsAreOff) {
  for (int i = 0; i < 5; ++i) ok("ListStreams", "{}");
  EXPECT_EQ(code("ListStreams", "{}"), "LimitExceededException");
  now += seconds(1);
  ok("ListStreams", "{}");
  make({.limits = false});
  for (int i = 0; i < 1'000; ++i) ok("ListStreams", "{}");
}

TEST_F(ServiceStreams, SomeCallsAreLimitedOfEachStreamByItself) {
  create("a", 1);
  create("b", 1);
  const auto change = [&](const std::string& stream, int count) {
    now += milliseconds(100);
    return code("IncreaseStreamRetentionPeriod",
                "{'StreamName': '" + stream + "', 'RetentionPeriodHours': " + std::to_string(count) + "}");
  };
  for (int i = 0; i < 5; ++i) EXPECT_NE(change("a", 48 + i), "LimitExceededException");
  EXPECT_EQ(change("a", 60), "LimitExceededException");
  EXPECT_NE(change("b", 60), "LimitExceededException");
}

TEST_F(ServiceStreams, APageHasNoMoreThanAWSGivesWhateverIsAskedFor) {
  create("orders", 1'001);
  const auto described =
      wire::decode_list_shards(Protocol::json, ok("ListShards", "{'StreamName': 'orders', 'MaxResults': 10000}"));
  EXPECT_EQ(described->shards.size(), 1'000U);
  EXPECT_FALSE(described->next_token.empty());
  const std::string stream = ok("DescribeStream", "{'StreamName': 'orders', 'Limit': 10000}");
  EXPECT_NE(stream.find("shardId-000000000099"), std::string::npos);
  EXPECT_EQ(stream.find("shardId-000000000100"), std::string::npos);
  EXPECT_NE(stream.find(json("'HasMoreShards':true")), std::string::npos);
}

TEST_F(ServiceStreams, AnAccountHasSoManyShardsAndStreamsOnDemand) {
  make({.max_shards = 5});
  create("orders", 2);
  EXPECT_EQ(code("CreateStream", "{'StreamName': 'a', 'ShardCount': 4}"), "LimitExceededException");
  const auto on_demand = [&](int number) {
    now += seconds(1);
    return code("CreateStream",
                "{'StreamName': 's" + std::to_string(number) + "', 'StreamModeDetails': {'StreamMode': 'ON_DEMAND'}}");
  };
  // Their shards do not count.
  for (int i = 0; i < 50; ++i) EXPECT_EQ(on_demand(i), "no error: ");
  EXPECT_EQ(on_demand(50), "LimitExceededException");
}

}  // namespace
}  // namespace kcl::local
