#include "wire/multilang.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace kcl::wire {
namespace {

using std::chrono::milliseconds;

Record record(std::string_view data, std::string_view key, std::string_view sequence, std::uint64_t sub = 0) {
  return Record({.sequence_number = sequence,
                 .partition_key = key,
                 .data = data,
                 .approximate_arrival = Timestamp(milliseconds(1'700'000'000'123)),
                 .sub_sequence_number = sub});
}

RecordBatch batch(std::vector<Record> records, milliseconds behind) {
  auto content = std::make_shared<RecordBatch::Content>();
  content->shard_id = "shardId-000000000000";
  content->records = std::move(records);
  content->behind_latest = behind;
  return RecordBatch(content);
}

std::string line_of(const RecordBatch& records, std::size_t piece) {
  MultilangRecords encoder(records);
  std::string line;
  for (bool more = true; more;) {
    std::string some;
    more = encoder.write_some(some, piece);
    line += some;
  }
  return line;
}

TEST(MultilangLines, AreThoseOfTheJavaDaemonByteByByte) {
  EXPECT_EQ(multilang_initialize("shardId-000000000000", Position::trim_horizon()),
            R"({"action":"initialize","shardId":"shardId-000000000000","sequenceNumber":"TRIM_HORIZON",)"
            R"("subSequenceNumber":0})");
  EXPECT_EQ(
      multilang_initialize("shardId-000000000001", *Position::parse("4959", 3)),
      R"({"action":"initialize","shardId":"shardId-000000000001","sequenceNumber":"4959","subSequenceNumber":3})");
  EXPECT_EQ(multilang_notice(MultilangAction::lease_lost), R"({"action":"leaseLost"})");
  EXPECT_EQ(multilang_notice(MultilangAction::shard_ended), R"({"action":"shardEnded"})");
  EXPECT_EQ(multilang_notice(MultilangAction::shutdown_requested), R"({"action":"shutdownRequested"})");
  EXPECT_EQ(line_of(batch({record("hello", "pk", "4959")}, milliseconds(12)), 1),
            R"({"action":"processRecords","records":[{"data":"aGVsbG8=","partitionKey":"pk","sequenceNumber":"4959",)"
            R"("approximateArrivalTimestamp":1700000000123,"subSequenceNumber":0,"action":"record"}],)"
            R"("millisBehindLatest":12})");
}

TEST(MultilangLines, RepeatACheckpointRequestAndWriteNullsOut) {
  EXPECT_EQ(multilang_checkpoint_reply({.sequence_number = "4959", .sub_sequence_number = 0}, std::nullopt),
            R"({"action":"checkpoint","sequenceNumber":"4959","subSequenceNumber":0,"error":null})");
  EXPECT_EQ(multilang_checkpoint_reply({}, "ThrottlingException"),
            R"({"action":"checkpoint","sequenceNumber":null,"subSequenceNumber":null,"error":"ThrottlingException"})");
  EXPECT_EQ(multilang_checkpoint_reply({.sequence_number = "a\"\x1f"}, std::nullopt),
            R"({"action":"checkpoint","sequenceNumber":"a\"\u001F","subSequenceNumber":null,"error":null})");
}

TEST(MultilangLines, KeepKeysAsUtf8AndDataAsBase64WithPadding) {
  const std::string line = line_of(batch({record("\xff\xfb\xbf?", "cl\xc3\xa9\n\"", "1", 7)}, milliseconds(0)), 1);
  EXPECT_NE(line.find(R"("data":"//u/Pw==","partitionKey":"clé\n\"","sequenceNumber":"1",)"), std::string::npos)
      << line;
  EXPECT_NE(line.find(R"("subSequenceNumber":7)"), std::string::npos) << line;
}

TEST(MultilangLines, OfABatchAreTheSameInWhateverPieces) {
  std::vector<Record> records;
  for (int i = 0; i < 50; ++i)
    records.push_back(record("some data", "key", "495900000", static_cast<std::uint64_t>(i)));
  const RecordBatch whole = batch(std::move(records), milliseconds(5));
  const std::string expected = line_of(whole, std::string::npos);
  for (const std::size_t piece : {1U, 7U, 100U, 1'000U, 4'096U}) EXPECT_EQ(line_of(whole, piece), expected) << piece;
  EXPECT_EQ(line_of(batch({}, milliseconds(0)), 1),
            R"({"action":"processRecords","records":[],"millisBehindLatest":0})");
}

TEST(MultilangLines, OfABatchComeInPiecesOfAboutTheSizeAskedFor) {
  const std::string data(1'000, 'x');
  std::vector<Record> records(500, record(data, "key", "1"));
  MultilangRecords encoder(batch(std::move(records), milliseconds(0)));
  bool more = true;
  while (more) {
    std::string some;
    more = encoder.write_some(some, 10'000);
    EXPECT_LT(some.size(), 12'000U);
  }
}

TEST(MultilangDecoder, ReadsWhatTheClientsWrite) {
  const std::vector<std::pair<std::string, MultilangMessage>> cases{
      // kclpy
      {R"({"action": "status", "responseFor": "initialize"})", MultilangStatus{"initialize"}},
      {R"({"action": "checkpoint", "sequenceNumber": "49", "subSequenceNumber": 0})", MultilangCheckpoint{"49", 0}},
      {R"({"action": "checkpoint", "sequenceNumber": null, "subSequenceNumber": null})", MultilangCheckpoint{}},
      // node, ruby
      {R"({"action":"status","responseFor":"processRecords"})", MultilangStatus{"processRecords"}},
      {R"({"action":"checkpoint","sequenceNumber":"49"})", MultilangCheckpoint{"49", std::nullopt}},
      {R"({"action":"checkpoint","sequenceNumber":null})", MultilangCheckpoint{}},
      // .NET, keys in any order
      {R"({"sequenceNumber":"49","error":null,"action":"checkpoint"})", MultilangCheckpoint{"49", std::nullopt}},
  };
  for (const auto& [line, message] : cases) EXPECT_EQ(decode_multilang_line(line), message) << line;
}

TEST(MultilangDecoder, IsAsLenientAsJacksonAndMore) {
  const std::vector<std::pair<std::string, MultilangMessage>> cases{
      {R"(  {"action":"status","responseFor":"initialize"}  )", MultilangStatus{"initialize"}},
      {R"({"action":"status","responseFor":"initialize"} trailing)", MultilangStatus{"initialize"}},
      {R"({"action":"status","responseFor":"initialize"}{"action":"x"})", MultilangStatus{"initialize"}},
      {R"({"action":"status","responseFor":"initialize","extra":{"a":[1,{"action":"x"}]}})",
       MultilangStatus{"initialize"}},
      {R"({"action":"status"})", MultilangStatus{""}},
      {R"({"action":"status","responseFor":null})", MultilangStatus{""}},
      {R"({"action":"checkpoint"})", MultilangCheckpoint{}},
      {R"({"action":"checkpoint","sequenceNumber":""})", MultilangCheckpoint{"", std::nullopt}},
      {R"({"action":"checkpoint","checkpoint":"9"})", MultilangCheckpoint{}},
      {R"({"action":"checkpoint","sequenceNumber":49590338271490256608559692538361571095921575989136588898})",
       MultilangCheckpoint{"49590338271490256608559692538361571095921575989136588898", std::nullopt}},
      {R"({"action":"checkpoint","sequenceNumber":"1","subSequenceNumber":"7"})", MultilangCheckpoint{"1", 7}},
      {R"({"action":"checkpoint","sequenceNumber":"1","subSequenceNumber":" 7 "})", MultilangCheckpoint{"1", 7}},
      {R"({"action":"checkpoint","sequenceNumber":"1","subSequenceNumber":7.9})", MultilangCheckpoint{"1", 7}},
      {R"({"action":"checkpoint","sequenceNumber":"1","subSequenceNumber":-1})", MultilangCheckpoint{"1", -1}},
      {R"({"action":"checkpoint","sequenceNumber":"1","subSequenceNumber":""})",
       MultilangCheckpoint{"1", std::nullopt}},
      {R"({"action":"checkpoint","sequenceNumber":"1","sequenceNumber":"2"})", MultilangCheckpoint{"2", std::nullopt}},
      {"{\"action\":\"status\",\"responseFor\":\"initi\\u0061lize\"}", MultilangStatus{"initialize"}},
  };
  for (const auto& [line, message] : cases) EXPECT_EQ(decode_multilang_line(line), message) << line;
}

TEST(MultilangDecoder, PassesOverWhatADaemonWouldSay) {
  for (const char* line : {R"({"action":"initialize","shardId":"s","sequenceNumber":"1","subSequenceNumber":0})",
                           R"({"action":"leaseLost"})", R"({"action":"shardEnded"})",
                           R"({"action":"shutdownRequested"})", R"({"action":"shutdown","reason":"ZOMBIE"})",
                           R"({"action":"processRecords","records":[],"millisBehindLatest":1})"}) {
    EXPECT_EQ(decode_multilang_line(line), MultilangMessage(MultilangEcho{})) << line;
  }
}

TEST(MultilangDecoder, TakesEverythingElseForNoise) {
  for (const char* line : {"",
                           " ",
                           "hello",
                           "123",
                           "null",
                           "true",
                           "\"status\"",
                           "{}",
                           "[]",
                           R"(["action","status"])",
                           R"({"action":"dance"})",
                           R"({"action":null})",
                           R"({"action":["status"]})",
                           R"({"Action":"status"})",
                           R"({"action":"status")",
                           R"({'action':'status'})",
                           R"({"action":"checkpoint","sequenceNumber":{}})",
                           R"({"a":{"action":"status"}})",
                           R"({"action":"checkpoint","subSequenceNumber":"x"})",
                           R"({"action":"checkpoint","subSequenceNumber":true})",
                           R"({"action":"checkpoint","subSequenceNumber":99999999999999999999})",
                           "{\"action\":\"status\",\"responseFor\":\"\xff\"}",
                           "x {\"action\":\"status\"}"}) {
    EXPECT_EQ(decode_multilang_line(line), MultilangMessage(MultilangNoise{})) << line;
  }
}

}  // namespace
}  // namespace kcl::wire
