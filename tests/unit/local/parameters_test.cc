#include "local/parameters.h"

#include <gtest/gtest.h>

#include "wire/cbor.h"

namespace kcl::local {
namespace {

using std::chrono::milliseconds;
using wire::Protocol;

Served<Parameters> of_json(const std::string& body) { return decode_parameters(Protocol::json, body); }

std::string error_of(const Served<Parameters>& result) {
  return result ? "none" : result.error().code + ": " + result.error().message;
}

TEST(Parameters, ReadsWhatItKnowsAndIgnoresTheRest) {
  const auto read = of_json(R"({"StreamName":"s","Limit":7,"Unknown":{"deep":[1,{"a":null}]},)"
                            R"("EnforceConsumerDeletion":true,"StreamARN":null})");
  ASSERT_TRUE(read.has_value()) << error_of(read);
  EXPECT_EQ(read->stream_name, "s");
  EXPECT_EQ(read->limit, 7);
  EXPECT_EQ(read->enforce_consumer_deletion, true);
  EXPECT_FALSE(read->stream_arn.has_value());
}

TEST(Parameters, ReadsRecordsAndPositions) {
  const auto read = of_json(
      R"({"Records":[{"Data":"YQ==","PartitionKey":"k","ExplicitHashKey":"5"},{}],"Data":"Yg==",)"
      R"("StartingPosition":{"Type":"AT_TIMESTAMP","Timestamp":1.5},"ShardFilter":{"Type":"T","ShardId":"i"}})");
  ASSERT_TRUE(read.has_value()) << error_of(read);
  ASSERT_EQ(read->records->size(), 2U);
  EXPECT_EQ((*read->records)[0].data, "a");
  EXPECT_EQ((*read->records)[0].explicit_hash_key, "5");
  EXPECT_FALSE((*read->records)[1].data.has_value());
  EXPECT_EQ(read->record.data, "b");
  EXPECT_EQ(read->starting_position->timestamp, Timestamp(milliseconds(1'500)));
  EXPECT_EQ(read->shard_filter->shard_id, "i");
}

TEST(Parameters, ABodyWithoutAByteIsARequestWithoutAMember) {
  EXPECT_TRUE(of_json("").has_value());
  EXPECT_TRUE(decode_parameters(Protocol::cbor, "").has_value());
}

TEST(Parameters, ATimeInCborIsMillisecondsIfWholeAndSecondsIfNot) {
  for (const bool whole : {true, false}) {
    std::string body;
    wire::CborWriter cbor(body);
    cbor.map(1);
    cbor.text("Timestamp");
    cbor.tag(1);
    if (whole) {
      cbor.integer(1'500);
    } else {
      cbor.number(1.5);
    }
    EXPECT_EQ(decode_parameters(Protocol::cbor, body)->timestamp, Timestamp(milliseconds(1'500)));
  }
}

TEST(Parameters, RefusesOtherTypesAndWhatIsNoDocument) {
  for (const char* body : {"x", "[]", "{\"StreamName\":1}", "{\"Limit\":\"1\"}", "{\"Limit\":1.5}", "{\"Data\":\"?\"}",
                           "{\"Timestamp\":-1}", "{\"Timestamp\":1e300}", "{\"Records\":{}}", "{\"Records\":[1]}",
                           "{\"EnforceConsumerDeletion\":1}", "{\"ShardFilter\":1}", "{} x"}) {
    EXPECT_TRUE(error_of(of_json(body)).starts_with("SerializationException: ")) << body << error_of(of_json(body));
  }
  EXPECT_TRUE(error_of(decode_parameters(Protocol::cbor, "\xBF")).starts_with("SerializationException: "));
  // A text that is not UTF-8 would come back in JSON.
  EXPECT_TRUE(error_of(decode_parameters(Protocol::cbor, std::string("\xA1\x6CPartitionKey\x61\xFF", 16)))
                  .starts_with("SerializationException: a text that is not UTF-8"));
}

TEST(Parameters, ReadsCborAsTheSdkForJavaWritesIt) {
  // Maps and arrays of no announced length, long texts in chunks, whole blobs, tagged times of whole milliseconds.
  const std::string body = std::string("\xBF") + "\x6AStreamName" +
                           "\x7F\x62or\x64"
                           "ders\xFF" +
                           "\x67Records" +
                           "\x9F\xBF\x64"
                           "Data\x42\xFF\x01" +
                           "\x6CPartitionKey\x61k" + "\xFF\xFF" + "\x69Timestamp" + "\xC1\x19\x05\xDC" + "\xFF";
  const auto read = decode_parameters(Protocol::cbor, body);
  ASSERT_TRUE(read.has_value()) << error_of(read);
  EXPECT_EQ(read->stream_name, "orders");
  ASSERT_EQ(read->records->size(), 1U);
  EXPECT_EQ((*read->records)[0].data, "\xFF\x01");
  EXPECT_EQ((*read->records)[0].partition_key, "k");
  EXPECT_EQ(read->timestamp, Timestamp(milliseconds(1'500)));
}

}  // namespace
}  // namespace kcl::local
