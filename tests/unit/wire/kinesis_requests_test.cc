#include "wire/kinesis_requests.h"

#include <gtest/gtest.h>

#include <string>

namespace kcl::wire {
namespace {

constexpr const char* kArn = "arn:aws:kinesis:eu-west-1:123456789012:stream/orders";

Timestamp at(std::int64_t milliseconds) { return Timestamp(std::chrono::milliseconds(milliseconds)); }

TEST(KinesisRequests, AStreamGoesByNameOrByArn) {
  EXPECT_EQ(encode_describe_stream_summary(Protocol::json, "orders"), R"({"StreamName":"orders"})");
  EXPECT_EQ(encode_describe_stream_summary(Protocol::cbor, "orders"), "\xA1\x6AStreamName\x66orders");
  EXPECT_EQ(encode_describe_stream_summary(Protocol::json, kArn),
            R"({"StreamARN":"arn:aws:kinesis:eu-west-1:123456789012:stream/orders"})");
  EXPECT_EQ(encode_describe_stream_summary(Protocol::cbor, kArn), "\xA1\x69StreamARN\x78\x34" + std::string(kArn));
  EXPECT_EQ(encode_describe_stream_summary(Protocol::json, "arnold"), R"({"StreamName":"arnold"})");
}

TEST(KinesisRequests, ListShardsFirstPage) {
  EXPECT_EQ(encode(Protocol::json, ListShards{.stream = "s"}), R"({"StreamName":"s","MaxResults":1000})");
  EXPECT_EQ(encode(Protocol::cbor, ListShards{.stream = "s"}), "\xA2\x6AStreamName\x61s\x6AMaxResults\x19\x03\xE8");
  const ListShards filtered{
      .stream = "s", .filter = ListShards::Filter::from_timestamp, .timestamp = at(1'795'381'140'762)};
  EXPECT_EQ(
      encode(Protocol::json, filtered),
      R"({"StreamName":"s","ShardFilter":{"Type":"FROM_TIMESTAMP","Timestamp":1795381140.762},"MaxResults":1000})");
  EXPECT_EQ(encode(Protocol::cbor, filtered), std::string("\xA3\x6AStreamName\x61s\x6BShardFilter"
                                                          "\xA2\x64Type\x6E"
                                                          "FROM_TIMESTAMP\x69Timestamp"
                                                          "\xC1\x1B\x00\x00\x01\xA2\x05\x0E\x1D\x1A"
                                                          "\x6AMaxResults\x19\x03\xE8",
                                                          81));
}

// AWS: "Don't specify StreamName or StreamCreationTimestamp if you specify NextToken".
TEST(KinesisRequests, ANextTokenStandsForStreamAndFilter) {
  const ListShards request{
      .stream = "s", .filter = ListShards::Filter::from_timestamp, .timestamp = at(1), .next_token = "token"};
  EXPECT_EQ(encode(Protocol::json, request), R"({"NextToken":"token","MaxResults":1000})");
  EXPECT_EQ(encode(Protocol::cbor, request), "\xA2\x69NextToken\x65token\x6AMaxResults\x19\x03\xE8");
}

TEST(KinesisRequests, ShardIteratorsSayWhatTheirTypeNeeds) {
  using Type = GetShardIterator::Type;
  const auto json = [](Type type) {
    return encode(Protocol::json, GetShardIterator{.stream = "s",
                                                   .shard_id = "shardId-000000000000",
                                                   .type = type,
                                                   .sequence_number = "49590",
                                                   .timestamp = at(1'795'381'140'007)});
  };
  const std::string begin = R"({"StreamName":"s","ShardId":"shardId-000000000000","ShardIteratorType":)";
  EXPECT_EQ(json(Type::trim_horizon), begin + R"("TRIM_HORIZON"})");
  EXPECT_EQ(json(Type::latest), begin + R"("LATEST"})");
  EXPECT_EQ(json(Type::at_timestamp), begin + R"("AT_TIMESTAMP","Timestamp":1795381140.007})");
  EXPECT_EQ(json(Type::at_sequence_number), begin + R"("AT_SEQUENCE_NUMBER","StartingSequenceNumber":"49590"})");
  EXPECT_EQ(json(Type::after_sequence_number), begin + R"("AFTER_SEQUENCE_NUMBER","StartingSequenceNumber":"49590"})");
  EXPECT_EQ(encode(Protocol::cbor,
                   GetShardIterator{.stream = "s", .shard_id = "x", .type = Type::at_timestamp, .timestamp = at(1000)}),
            "\xA4\x6AStreamName\x61s\x67ShardId\x61x\x71ShardIteratorType\x6C"
            "AT_TIMESTAMP"
            "\x69Timestamp\xC1\x19\x03\xE8");
}

TEST(KinesisRequests, GetRecordsNamesAStreamByArnOnly) {
  EXPECT_EQ(encode(Protocol::json, GetRecords{.stream = "s", .iterator = "i", .limit = 500}),
            R"({"ShardIterator":"i","Limit":500})");
  EXPECT_EQ(encode(Protocol::cbor, GetRecords{.stream = "s", .iterator = "i"}),
            "\xA2\x6DShardIterator\x61i\x65Limit\x19\x27\x10");
  EXPECT_EQ(encode(Protocol::json, GetRecords{.stream = "arn:x", .iterator = "i", .limit = 1}),
            R"({"ShardIterator":"i","Limit":1,"StreamARN":"arn:x"})");
}

TEST(KinesisRequests, SubscriptionsSayWhatTheirPositionNeeds) {
  using Type = GetShardIterator::Type;
  const auto json = [](Type type) {
    return encode(Protocol::json, SubscribeToShard{.consumer_arn = "arn:c",
                                                   .shard_id = "s-0",
                                                   .type = type,
                                                   .sequence_number = "49590",
                                                   .timestamp = at(1'795'381'140'007)});
  };
  const std::string begin = R"({"ConsumerARN":"arn:c","ShardId":"s-0","StartingPosition":{"Type":)";
  EXPECT_EQ(json(Type::trim_horizon), begin + R"("TRIM_HORIZON"}})");
  EXPECT_EQ(json(Type::latest), begin + R"("LATEST"}})");
  EXPECT_EQ(json(Type::at_timestamp), begin + R"("AT_TIMESTAMP","Timestamp":1795381140.007}})");
  EXPECT_EQ(json(Type::at_sequence_number), begin + R"("AT_SEQUENCE_NUMBER","SequenceNumber":"49590"}})");
  EXPECT_EQ(json(Type::after_sequence_number), begin + R"("AFTER_SEQUENCE_NUMBER","SequenceNumber":"49590"}})");
  EXPECT_EQ(encode(Protocol::cbor, SubscribeToShard{.consumer_arn = "c", .shard_id = "s"}),
            "\xA3\x6B"
            "ConsumerARN\x61"
            "c\x67ShardId\x61s\x70StartingPosition\xA1\x64Type\x6CTRIM_HORIZON");
}

TEST(KinesisRequests, AConsumerGoesByStreamAndName) {
  EXPECT_EQ(encode(Protocol::json, ConsumerName{.stream_arn = "arn:s", .name = "app"}),
            R"({"StreamARN":"arn:s","ConsumerName":"app"})");
}

TEST(KinesisRequests, TextsAreEscapedAndTimesBeforeTheEpochAreTimes) {
  EXPECT_EQ(encode_describe_stream_summary(Protocol::json, "a\"b\\\n"), "{\"StreamName\":\"a\\\"b\\\\\\n\"}");
  const auto json = [](std::int64_t milliseconds) {
    return encode(
        Protocol::json,
        ListShards{.stream = "s", .filter = ListShards::Filter::from_timestamp, .timestamp = at(milliseconds)});
  };
  EXPECT_NE(json(0).find("\"Timestamp\":0.000}"), std::string::npos) << json(0);
  EXPECT_NE(json(-1).find("\"Timestamp\":-0.001}"), std::string::npos) << json(-1);
  EXPECT_NE(json(-1500).find("\"Timestamp\":-1.500}"), std::string::npos) << json(-1500);
}

}  // namespace
}  // namespace kcl::wire
