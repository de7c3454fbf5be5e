#include "aws/kinesis_client.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "unit/aws/service_test.h"
#include "wire/cbor.h"

namespace kcl::aws {
namespace {

using test::ReceivedRequest;
using test::ScriptedServer;
using Kind = KinesisError::Kind;

constexpr const char* kCbor = "Content-Type: application/x-amz-cbor-1.1\r\n";
constexpr const char* kJson = "Content-Type: application/x-amz-json-1.1\r\n";

std::string iterator_in_cbor(const std::string& iterator) {
  std::string body;
  wire::CborWriter cbor(body);
  cbor.map(1);
  cbor.text("ShardIterator");
  cbor.text(iterator);
  return body;
}

/// The end of a shard that was split, with one record of one byte.
std::string page_in_cbor() {
  std::string body;
  wire::CborWriter cbor(body);
  cbor.map(3);
  cbor.text("Records");
  cbor.array(1);
  cbor.map(4);
  cbor.text("SequenceNumber");
  cbor.text("49590338271490256608559692538361571095921575989136588898");
  cbor.text("PartitionKey");
  cbor.text("k");
  cbor.text("Data");
  cbor.bytes("\xFF");
  cbor.text("ApproximateArrivalTimestamp");
  cbor.integer(1'795'381'140'762);
  cbor.text("NextShardIterator");
  cbor.text("next");
  cbor.text("MillisBehindLatest");
  cbor.integer(1'500);
  return body;
}

Turn cbor(const std::string& body) { return answering(200, body, kCbor); }
Turn json(const std::string& body) { return answering(200, body, kJson); }

class KinesisClientTest : public ServiceTest {
 protected:
  ~KinesisClientTest() override {
    loop_.run_and_wait([this] {
      scope_.reset();
      kinesis_.reset();
    });
  }
  void start(int port) {
    connect(port, Service::kinesis);
    loop_.run_and_wait(
        [this] { kinesis_ = std::make_unique<KinesisClient>(loop_, *service_, *client_, ConsumerChoice{}); });
  }

  KinesisResult<ShardIterator> get_shard_iterator(base::Duration timeout = kPatience) {
    return wait_for([&] {
             GetShardIterator request;
             request.stream = "s";
             request.shard_id = "shardId-000000000000";
             return kinesis_->get_shard_iterator(std::move(request), loop_.now() + timeout);
           })
        .value;
  }
  KinesisResult<RecordsPage> get_records() {
    return wait_for([&] {
             GetRecords request;
             request.stream = "s";
             request.iterator = "i";
             return kinesis_->get_records(std::move(request), loop_.now() + kPatience);
           })
        .value;
  }
  KinesisResult<StreamDescription> describe_stream() {
    return wait_for([&] { return kinesis_->describe_stream("orders", loop_.now() + kPatience); }).value;
  }
  KinesisResult<ShardPage> list_shards() {
    return wait_for([&] {
             ListShards request;
             request.stream = "s";
             return kinesis_->list_shards(std::move(request), loop_.now() + kPatience);
           })
        .value;
  }

  std::unique_ptr<KinesisClient> kinesis_;
};

TEST_F(KinesisClientTest, SpeaksCbor) {
  ScriptedServer server(playing({cbor(iterator_in_cbor("AAAA"))}));
  start(server.port());
  const auto iterator = get_shard_iterator();
  ASSERT_TRUE(iterator) << iterator.error().message;
  EXPECT_EQ(iterator->iterator, "AAAA");
  const auto seen = server.requests().at(0);
  EXPECT_EQ(seen.header("content-type"), "application/x-amz-cbor-1.1");
  EXPECT_EQ(seen.header("x-amz-target"), "Kinesis_20131202.GetShardIterator");
  EXPECT_NE(seen.header("authorization").find("/kinesis/"), std::string::npos);
  EXPECT_TRUE(wire::CborReader(seen.body).peek() == wire::CborType::map);
}

TEST_F(KinesisClientTest, ReadsAnswersByTheirOwnContentType) {
  ScriptedServer server(playing({json(R"({"ShardIterator":"in JSON"})"), cbor(iterator_in_cbor("in CBOR")),
                                 answering(200, iterator_in_cbor("without a type"))}));
  start(server.port());
  for (const char* expected : {"in JSON", "in CBOR", "without a type"}) {
    const auto iterator = get_shard_iterator();
    ASSERT_TRUE(iterator) << iterator.error().message;
    EXPECT_EQ(iterator->iterator, expected);
  }
  for (const auto& request : server.requests()) {
    EXPECT_EQ(request.header("content-type"), "application/x-amz-cbor-1.1");
  }
}

TEST_F(KinesisClientTest, AServerThatIsDeafToCborIsSpokenToInJsonFromThenOn) {
  for (const char* code : {"UnknownOperationException", "SerializationException", "UnsupportedMediaType"}) {
    ScriptedServer server(playing({error(code), json(R"({"ShardIterator":"A"})"), json(R"({"ShardIterator":"B"})")}));
    start(server.port());
    for (const char* expected : {"A", "B"}) {
      const auto iterator = get_shard_iterator();
      ASSERT_TRUE(iterator) << iterator.error().message;
      EXPECT_EQ(iterator->iterator, expected);
    }
    const auto seen = server.requests();
    ASSERT_EQ(seen.size(), 3U);
    EXPECT_EQ(seen[0].header("content-type"), "application/x-amz-cbor-1.1");
    EXPECT_EQ(seen[1].header("content-type"), "application/x-amz-json-1.1");
    EXPECT_EQ(seen[2].header("content-type"), "application/x-amz-json-1.1");
    EXPECT_EQ(seen[2].body.front(), '{');
  }
}

TEST_F(KinesisClientTest, AServerThatIsDeafToBothIsAnError) {
  ScriptedServer server(playing({error("SerializationException"), error("SerializationException")}));
  start(server.port());
  const auto iterator = get_shard_iterator();
  ASSERT_FALSE(iterator);
  EXPECT_EQ(iterator.error().kind, Kind::invalid_argument);
  EXPECT_EQ(server.requests().size(), 2U);
}

TEST_F(KinesisClientTest, SortsErrorsByWhatToDo) {
  struct Case {
    const char* code;
    Kind kind;
  };
  for (const auto& [code, kind] : {Case{"ExpiredIteratorException", Kind::expired_iterator},
                                   {"InvalidArgumentException", Kind::invalid_argument},
                                   {"ValidationException", Kind::invalid_argument},
                                   {"AnythingNewException", Kind::invalid_argument},
                                   {"ResourceNotFoundException", Kind::not_found},
                                   {"AccessDeniedException", Kind::denied},
                                   {"UnrecognizedClientException", Kind::denied},
                                   {"KMSAccessDeniedException", Kind::denied},
                                   {"KMSDisabledException", Kind::denied},
                                   {"KMSInvalidStateException", Kind::denied},
                                   {"KMSNotFoundException", Kind::denied},
                                   {"KMSOptInRequired", Kind::denied},
                                   {"ExpiredNextTokenException", Kind::unavailable},
                                   {"ResourceInUseException", Kind::unavailable},
                                   {"ProvisionedThroughputExceededException", Kind::throttled},
                                   {"LimitExceededException", Kind::throttled},
                                   {"KMSThrottlingException", Kind::throttled}}) {
    ScriptedServer server(playing({error(code, 400, "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n")}));
    start(server.port());
    const auto records = get_records();
    ASSERT_FALSE(records) << code;
    EXPECT_EQ(records.error().kind, kind) << code;
    EXPECT_NE(records.error().message.find(code), std::string::npos) << records.error().message;
    ASSERT_TRUE(records.error().server_time) << code;
    EXPECT_EQ(records.error().server_time->time_since_epoch(), std::chrono::seconds(784'111'777));
    EXPECT_EQ(server.requests().size(), 1U) << code;
  }
}

TEST_F(KinesisClientTest, ErrorsInCborAreUnderstood) {
  std::string body;
  wire::CborWriter writer(body);
  writer.map(2);
  writer.text("__type");
  writer.text("ExpiredIteratorException");
  writer.text("message");
  writer.text("Iterator expired");
  ScriptedServer server(playing({answering(400, body, kCbor)}));
  start(server.port());
  const auto records = get_records();
  ASSERT_FALSE(records);
  EXPECT_EQ(records.error().kind, Kind::expired_iterator);
  EXPECT_NE(records.error().message.find("Iterator expired"), std::string::npos);
}

TEST_F(KinesisClientTest, ReadsOfRecordsAreNotRepeatedWhenThrottledAndOtherCallsAre) {
  ScriptedServer server(playing(
      {error("ProvisionedThroughputExceededException"), error("LimitExceededException"), cbor(iterator_in_cbor("A"))}));
  start(server.port());
  const auto records = get_records();
  ASSERT_FALSE(records);
  EXPECT_EQ(records.error().kind, Kind::throttled);
  EXPECT_EQ(server.requests().size(), 1U);
  EXPECT_TRUE(get_shard_iterator());
  EXPECT_EQ(server.requests().size(), 3U);
}

TEST_F(KinesisClientTest, ReadsOfRecordsAreRepeatedAfterDoubt) {
  ScriptedServer server(playing({error("InternalFailure", 500), reset(), cut_short(), cbor(page_in_cbor())}));
  start(server.port());
  const auto records = get_records();
  ASSERT_TRUE(records) << records.error().message;
  ASSERT_EQ(records->records.size(), 1U);
  EXPECT_EQ(server.requests().size(), 4U);
}

/// A page that is not understood must never look like a closed shard, nor like one without records.
TEST_F(KinesisClientTest, AnAnswerThatCannotBeDecodedIsUnavailable) {
  const std::string page = page_in_cbor();
  for (const auto& turn :
       {cbor(""), cbor("\xA0"), cbor(page.substr(0, page.size() - 1)), cbor("{}"), json("{}"), json(""), json("[]"),
        json(R"({"NextShardIterator":"x"})"), json(R"({"Records":null})"), json(R"({"Records":[{"Data":"!"}]})"),
        aws::page(200), answering(200, ""), answering(200, "{}")}) {
    ScriptedServer server(playing({turn}));
    start(server.port());
    const auto records = get_records();
    ASSERT_FALSE(records) << turn.bytes;
    EXPECT_EQ(records.error().kind, Kind::unavailable) << turn.bytes;
    EXPECT_NE(records.error().message.find("not one of Kinesis"), std::string::npos) << records.error().message;
  }
}

TEST_F(KinesisClientTest, ReadsPagesOfRecords) {
  const std::string date = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
  ScriptedServer server(playing({answering(200, page_in_cbor(), kCbor + date),
                                 json(R"({"Records":[],"NextShardIterator":null,"MillisBehindLatest":0,"ChildShards":[
                                   {"ShardId":"c","ParentShards":["p"],"HashKeyRange":
                                   {"StartingHashKey":"0","EndingHashKey":"1"}}]})")}));
  start(server.port());
  const auto open = get_records();
  ASSERT_TRUE(open) << open.error().message;
  ASSERT_EQ(open->records.size(), 1U);
  EXPECT_EQ(open->records[0].partition_key(), "k");
  EXPECT_EQ(open->next_iterator, "next");
  EXPECT_EQ(open->behind_latest, std::chrono::milliseconds(1'500));
  EXPECT_EQ(open->server_time.time_since_epoch(), std::chrono::seconds(784'111'777));
  const auto closed = get_records();
  ASSERT_TRUE(closed) << closed.error().message;
  EXPECT_EQ(closed->next_iterator, std::nullopt);
  ASSERT_EQ(closed->child_shards.size(), 1U);
  EXPECT_EQ(closed->child_shards[0].id, "c");
}

TEST_F(KinesisClientTest, DescribesAStreamAndListsItsShards) {
  ScriptedServer server(playing(
      {json(R"({"StreamDescriptionSummary":{"StreamName":"orders","StreamARN":
             "arn:aws:kinesis:eu-west-1:123456789012:stream/orders","StreamStatus":"ACTIVE","RetentionPeriodHours":24,
             "StreamCreationTimestamp":1795381140.0,"OpenShardCount":4}})"),
       json(R"({"Shards":[{"ShardId":"shardId-000000000000","HashKeyRange":{"StartingHashKey":"0","EndingHashKey":"1"},
             "SequenceNumberRange":{"StartingSequenceNumber":"1"}}],"NextToken":"t"})")}));
  start(server.port());
  const auto stream = describe_stream();
  ASSERT_TRUE(stream) << stream.error().message;
  EXPECT_EQ(stream->open_shards, 4U);
  EXPECT_EQ(stream->created.time_since_epoch(), std::chrono::seconds(1'795'381'140));
  const auto shards = list_shards();
  ASSERT_TRUE(shards) << shards.error().message;
  ASSERT_EQ(shards->shards.size(), 1U);
  EXPECT_EQ(shards->next_token, "t");
  const auto seen = server.requests();
  EXPECT_EQ(seen.at(0).header("x-amz-target"), "Kinesis_20131202.DescribeStreamSummary");
  EXPECT_EQ(seen.at(1).header("x-amz-target"), "Kinesis_20131202.ListShards");
}

TEST_F(KinesisClientTest, WithoutAServerItIsUnavailable) {
  const test::RefusingPort nobody;
  start(nobody.port());
  const auto iterator = get_shard_iterator();
  ASSERT_FALSE(iterator);
  EXPECT_EQ(iterator.error().kind, Kind::unavailable);
  EXPECT_FALSE(iterator.error().server_time);
}

}  // namespace
}  // namespace kcl::aws
