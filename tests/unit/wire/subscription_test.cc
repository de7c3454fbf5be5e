#include "wire/subscription.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <utility>

#include "wire/cbor.h"

namespace kcl::wire {
namespace {

struct Frame {
  std::string_view message_type = "event";
  std::string_view event_type = "SubscribeToShardEvent";
  std::string_view content_type = "application/x-amz-json-1.1";
  std::string_view exception_type;
};

Decoded<SubscriptionMessage> decoded(std::string_view payload, const Frame& frame = {},
                                     Protocol asked = Protocol::cbor) {
  const std::array headers{EventHeader{.name = ":message-type", .text = frame.message_type},
                           EventHeader{.name = ":event-type", .text = frame.event_type},
                           EventHeader{.name = ":content-type", .text = frame.content_type},
                           EventHeader{.name = ":exception-type", .text = frame.exception_type}};
  const std::string bytes = encode_event(headers, payload);
  EventStreamDecoder decoder;
  std::string_view piece = bytes;
  return decode_subscription_message(asked, decoder.next(piece).value());
}

ShardEvent event_of(std::string_view payload, const Frame& frame = {}, Protocol asked = Protocol::cbor) {
  return std::get<ShardEvent>(decoded(payload, frame, asked).value());
}

constexpr std::string_view kEvent = R"({"Records":[{"SequenceNumber":"49","PartitionKey":"k","Data":"aGk=",)"
                                    R"("ApproximateArrivalTimestamp":1795381140.762}],)"
                                    R"("ContinuationSequenceNumber":"50","MillisBehindLatest":7,"ChildShards":null})";

TEST(Subscription, AnEventInJsonIsReadWhole) {
  const ShardEvent event = event_of(kEvent);
  ASSERT_EQ(event.records.size(), 1U);
  EXPECT_EQ(event.records[0].sequence_number(), "49");
  EXPECT_EQ(event.records[0].partition_key(), "k");
  EXPECT_EQ(event.records[0].text(), "hi");
  EXPECT_EQ(event.records[0].approximate_arrival(), Timestamp(std::chrono::milliseconds(1'795'381'140'762)));
  EXPECT_EQ(event.continuation_sequence_number, "50");
  EXPECT_EQ(event.behind_latest, std::chrono::milliseconds(7));
  EXPECT_TRUE(event.child_shards.empty());
}

TEST(Subscription, AnEventInCborIsReadWithoutACopyOfItsBytes) {
  std::string payload;
  CborWriter cbor(payload);
  cbor.map(3);
  cbor.text("Records");
  cbor.array(1);
  cbor.map(3);
  cbor.text("SequenceNumber");
  cbor.text("49");
  cbor.text("PartitionKey");
  cbor.text("k");
  cbor.text("Data");
  cbor.bytes(std::string("\0\xff", 2));
  cbor.text("ContinuationSequenceNumber");
  cbor.text("49");
  cbor.text("MillisBehindLatest");
  cbor.integer(0);
  for (const auto* type : {"application/x-amz-cbor-1.1", ""}) {
    const ShardEvent event = event_of(payload, {.content_type = type});
    ASSERT_EQ(event.records.size(), 1U);
    EXPECT_EQ(event.records[0].text(), std::string("\0\xff", 2));
    EXPECT_EQ(event.continuation_sequence_number, "49");
  }
}

TEST(Subscription, TheEndOfAShardNamesItsChildren) {
  const ShardEvent event =
      event_of(R"({"Records":[],"MillisBehindLatest":0,"ChildShards":[{"ShardId":"s-1","ParentShards":["s-0","s-9"],)"
               R"("HashKeyRange":{"StartingHashKey":"0","EndingHashKey":"9"}}]})");
  EXPECT_FALSE(event.continuation_sequence_number);
  ASSERT_EQ(event.child_shards.size(), 1U);
  EXPECT_EQ(event.child_shards[0].id, "s-1");
  EXPECT_EQ(event.child_shards[0].parents, (std::vector<std::string>{"s-0", "s-9"}));
}

TEST(Subscription, TheHeaderSaysWhichProtocolAnEventIsIn) {
  EXPECT_EQ(event_of(kEvent, {.content_type = "application/json"}).records.size(), 1U);
  EXPECT_EQ(event_of(kEvent, {.content_type = ""}, Protocol::json).records.size(), 1U);
  EXPECT_FALSE(decoded(kEvent, {.content_type = ""}, Protocol::cbor));
}

TEST(Subscription, WhatCannotBeReadIsAFailureThatNamesTheMember) {
  const struct {
    const char* payload;
    const char* expected;
  } cases[] = {
      {R"({"ContinuationSequenceNumber":"1"})", "SubscribeToShardEvent: Records is missing"},
      {R"({"Records":[]})", "SubscribeToShardEvent: ContinuationSequenceNumber is missing"},
      {R"({"Records":[],"ChildShards":[]})", "SubscribeToShardEvent: ContinuationSequenceNumber is missing"},
      {R"({"Records":[],"ContinuationSequenceNumber":"-1"})",
       "SubscribeToShardEvent: ContinuationSequenceNumber: no sequence number"},
      {R"({"Records":[{"SequenceNumber":"1","Data":"?"}],"ContinuationSequenceNumber":"1"})",
       "SubscribeToShardEvent: Records.0.Data: not base64"},
  };
  for (const auto& c : cases) {
    const auto result = decoded(c.payload);
    ASSERT_FALSE(result) << c.payload;
    EXPECT_EQ(result.error(), c.expected);
  }
  EXPECT_FALSE(decoded(kEvent, {.message_type = "surprise"}));
}

TEST(Subscription, ErrorsInTheStreamAreTheServices) {
  const auto exception = decoded(R"({"message":"Another active subscription exists for this consumer"})",
                                 {.message_type = "exception", .exception_type = "ResourceInUseException"})
                             .value();
  EXPECT_EQ(std::get<AwsError>(exception).code, "ResourceInUseException");
  EXPECT_EQ(std::get<AwsError>(exception).message, "Another active subscription exists for this consumer");

  const std::array headers{EventHeader{.name = ":message-type", .text = "error"},
                           EventHeader{.name = ":error-code", .text = "InternalFailure"},
                           EventHeader{.name = ":error-message", .text = "a\nb"}};
  const std::string bytes = encode_event(headers, {});
  EventStreamDecoder decoder;
  std::string_view piece = bytes;
  const auto error = decode_subscription_message(Protocol::cbor, decoder.next(piece).value()).value();
  EXPECT_EQ(std::get<AwsError>(error).code, "InternalFailure");
  EXPECT_EQ(std::get<AwsError>(error).message, "a?b");
}

TEST(Subscription, FramesOfOtherTypesAreSignsOfLife) {
  for (const auto* type : {"initial-response", "SomethingNew"}) {
    EXPECT_TRUE(std::holds_alternative<SignOfLife>(decoded("{}", {.event_type = type}).value())) << type;
  }
}

}  // namespace
}  // namespace kcl::wire
