#include "service_fixture.h"

#include "wire/base64.h"
#include "wire/cbor.h"

namespace kcl::local {
namespace {

using ServiceRecords = ServiceTest;

std::string put_body(const std::string& data, const std::string& key = "k") {
  return "{'StreamName': 'orders', 'PartitionKey': '" + key + "', 'Data': '" + wire::base64_encode(data) + "'}";
}

TEST_F(ServiceRecords, GivesBackWhatWasPutByteForByteInBothProtocols) {
  create("orders", 1);
  std::string data;
  for (int i = 0; i < 256; ++i) data += static_cast<char>(i);
  std::string put;
  wire::CborWriter cbor(put);
  cbor.map(3);
  cbor.text("StreamName");
  cbor.text("orders");
  cbor.text("PartitionKey");
  cbor.text("k\"\\\n\xC3\xA9");
  cbor.text("Data");
  cbor.bytes(data);
  ASSERT_TRUE(call("PutRecord", put, Protocol::cbor).has_value());
  ok("PutRecord", put_body(data));

  const RecordsPage by_json = records(iterator(kShard0));
  std::string get;
  wire::CborWriter request(get);
  request.map(1);
  request.text("ShardIterator");
  request.text(iterator(kShard0));
  const auto by_cbor = wire::decode_get_records(
      Protocol::cbor, std::make_shared<std::string>(call("GetRecords", get, Protocol::cbor).value()));
  ASSERT_TRUE(by_cbor.has_value());
  for (const RecordsPage& page : {by_json, *by_cbor}) {
    ASSERT_EQ(page.records.size(), 2U);
    EXPECT_EQ(page.records[0].text(), data);
    EXPECT_EQ(page.records[0].partition_key(), "k\"\\\n\xC3\xA9");
    EXPECT_EQ(page.records[0].approximate_arrival(), now);
    EXPECT_EQ(page.records[1].text(), data);
    EXPECT_TRUE(page.next_iterator.has_value());
    EXPECT_EQ(page.behind_latest, milliseconds(0));
  }
}

TEST_F(ServiceRecords, PutsManyEachWithItsOwnOutcome) {
  create("orders", 1);
  std::string entries;
  for (int i = 0; i < 500; ++i) entries += std::string(i == 0 ? "" : ",") + "{'PartitionKey': 'k', 'Data': ''}";
  const std::string body = "{'StreamName': 'orders', 'Records': [" + entries + "]}";
  EXPECT_NE(ok("PutRecords", body).find(json("'FailedRecordCount':0")), std::string::npos);
  ok("PutRecord", put_body("one more"));
  const std::string third = ok("PutRecords", body);
  EXPECT_NE(third.find(json("'FailedRecordCount':1,")), std::string::npos) << third.substr(0, 50);
  EXPECT_NE(third.find(json("'ErrorCode':'ProvisionedThroughputExceededException'")), std::string::npos);
  EXPECT_EQ(
      code("PutRecords", "{'StreamName': 'orders', 'Records': [" + entries + ",{'PartitionKey': 'k', 'Data': ''}]}"),
      "ValidationException");
  EXPECT_EQ(code("PutRecords", "{'StreamName': 'orders', 'Records': []}"), "ValidationException");
}

TEST_F(ServiceRecords, RefusesRecordsThatAwsRefuses) {
  create("orders", 1);
  EXPECT_EQ(code("PutRecord", "{'StreamName': 'orders', 'Data': ''}"), "ValidationException");
  EXPECT_EQ(code("PutRecord", "{'StreamName': 'orders', 'PartitionKey': 'k'}"), "ValidationException");
  EXPECT_EQ(code("PutRecord", put_body("", "")), "ValidationException");
  EXPECT_EQ(code("PutRecord", put_body("", std::string(257, 'k'))), "ValidationException");
  ok("PutRecord", put_body("", std::string(256, 'k')));
  const auto at = [&](const std::string& hash_key) {
    return code("PutRecord",
                "{'StreamName': 'orders', 'PartitionKey': 'k', 'Data': '', 'ExplicitHashKey': '" + hash_key + "'}");
  };
  EXPECT_EQ(at("-1"), "ValidationException");
  EXPECT_EQ(at("01"), "ValidationException");
  EXPECT_EQ(at("340282366920938463463374607431768211456"), "InvalidArgumentException");  // 2^128
  EXPECT_EQ(code("PutRecord", put_body(std::string(1 << 20, 'x'))), "InvalidArgumentException");
  now += seconds(1);
  ok("PutRecord", put_body(std::string((1 << 20) - 1, 'x')));
}

TEST_F(ServiceRecords, AStreamMayAllowRecordsOfTenMegabytes) {
  make({.limits = false});
  ok("CreateStream", "{'StreamName': 'orders', 'ShardCount': 1, 'MaxRecordSizeInKiB': 2048}");
  now += milliseconds(100);
  ok("PutRecord", put_body(std::string((2 << 20) - 1, 'x')));
  EXPECT_EQ(code("PutRecord", put_body(std::string(2 << 20, 'x'))), "InvalidArgumentException");
  ok("UpdateMaxRecordSize",
     "{'StreamARN': 'arn:aws:kinesis:us-east-1:000000000000:stream/orders', 'MaxRecordSizeInKiB': 10240}");
  ok("PutRecord", put_body(std::string((10 << 20) - 1, 'x')));
  EXPECT_EQ(code("PutRecord", put_body(std::string((10 << 20) + 1, 'x'))), "ValidationException");
}

TEST_F(ServiceRecords, ReadsAreLimitedPerShard) {
  create("orders", 2);
  for (int i = 0; i < 5; ++i) records(iterator(kShard0));
  EXPECT_EQ(
      code("GetShardIterator", "{'StreamName': 'orders', 'ShardId': '" + kShard0 + "', 'ShardIteratorType': 'LATEST'}"),
      "ProvisionedThroughputExceededException");
  const std::string other = iterator(kShard1);
  now += milliseconds(999);
  for (int i = 0; i < 5; ++i) records(other);
  EXPECT_EQ(code("GetRecords", "{'ShardIterator': '" + other + "'}"), "ProvisionedThroughputExceededException");
}

TEST_F(ServiceRecords, IteratorsSayWhatIsWrongWithThem) {
  make({.iterator_ttl = seconds(3)});
  create("orders", 1);
  const std::string old = iterator(kShard0);
  now += seconds(3);
  EXPECT_EQ(code("GetRecords", "{'ShardIterator': '" + old + "'}"), "ExpiredIteratorException");
  EXPECT_EQ(code("GetRecords", "{'ShardIterator': 'garbage'}"), "InvalidArgumentException");
  EXPECT_EQ(code("GetRecords", "{}"), "ValidationException");
  EXPECT_EQ(code("GetRecords", "{'ShardIterator': ''}"), "ValidationException");
  EXPECT_EQ(code("GetRecords", "{'ShardIterator': '" + std::string(513, 'x') + "'}"), "ValidationException");
  EXPECT_EQ(code("GetRecords", "{'ShardIterator': '" + iterator(kShard0) + "', 'Limit': 10001}"),
            "ValidationException");
  const auto asked = [&](const std::string& type) {
    return code("GetShardIterator",
                "{'StreamName': 'orders', 'ShardId': '" + kShard0 + "', 'ShardIteratorType': " + type + "}");
  };
  EXPECT_EQ(asked("'NOW'"), "ValidationException");
  EXPECT_EQ(asked("'AT_SEQUENCE_NUMBER'"), "InvalidArgumentException");
  EXPECT_EQ(asked("'AT_SEQUENCE_NUMBER', 'StartingSequenceNumber': '1'"), "InvalidArgumentException");
  EXPECT_EQ(asked("'AT_SEQUENCE_NUMBER', 'StartingSequenceNumber': '01'"), "ValidationException");
  EXPECT_EQ(asked("'LATEST', 'StartingSequenceNumber': '1'"), "InvalidArgumentException");
  EXPECT_EQ(asked("'AT_TIMESTAMP'"), "InvalidArgumentException");
  EXPECT_EQ(
      code("GetShardIterator", "{'StreamName': 'orders', 'ShardId': '" + kShard3 + "', 'ShardIteratorType': 'LATEST'}"),
      "ResourceNotFoundException");
}

TEST_F(ServiceRecords, AClosedShardEndsWithItsChildren) {
  create();
  split();
  const RecordsPage end = records(iterator(kShard1));
  EXPECT_FALSE(end.next_iterator.has_value());
  ASSERT_EQ(end.child_shards.size(), 2U);
  EXPECT_EQ(end.child_shards[0].id, kShard2);
  EXPECT_EQ(end.child_shards[0].parents, std::vector{kShard1});
}

TEST_F(ServiceRecords, RecordsLeaveWhenTheirRetentionIsOver) {
  make({.retention = seconds(10)});
  create("orders", 1);
  ok("PutRecord", put_body("old"));
  now += seconds(9);
  ok("PutRecord", put_body("new"));
  now += seconds(2);
  const RecordsPage page = records(iterator(kShard0));
  ASSERT_EQ(page.records.size(), 1U);
  EXPECT_EQ(page.records[0].text(), "new");
}

TEST_F(ServiceRecords, HoldsNoMoreThanItsMemoryAllows) {
  make({.limits = false, .retention = seconds(10), .memory_bytes = 8 << 20});
  create("orders", 1);
  const std::string body = put_body(std::string(1'000'000, 'x'));
  int stored = 0;
  while (stored < 20 && call("PutRecord", body).has_value()) ++stored;
  EXPECT_GE(stored, 5);
  EXPECT_LE(stored, 8);
  EXPECT_EQ(code("PutRecord", body), "ProvisionedThroughputExceededException");
  // Small ones still fit: what was refused was not counted.
  now += seconds(11);
  records(iterator(kShard0));
  ok("PutRecord", body);
}

}  // namespace
}  // namespace kcl::local
