// What Kinesis and DynamoDB say of a stream and of a table, as far as people want to know it: JSON answers of
// DescribeStreamSummary, ListStreamConsumers and DescribeTable. What workers need of them is in kinesis_answers.h and
// dynamodb.h.
//
// Decoding takes any bytes. Members that are not known are passed over, and those that are missing stay empty: servers
// for tests leave many out. Source: the services' API References, StreamDescriptionSummary and TableDescription.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <kcl/result.h>

namespace kcl::wire {

struct StreamFacts {
  std::string arn;
  /// CREATING, ACTIVE, UPDATING, DELETING.
  std::string status;
  /// PROVISIONED, ON_DEMAND.
  std::string mode;
  /// NONE, KMS.
  std::string encryption;
  std::string key_id;
  std::optional<std::int64_t> retention_hours;
  std::optional<std::int64_t> open_shards;
  /// Registered for enhanced fan-out.
  std::optional<std::int64_t> consumers;
};

/// Registered for enhanced fan-out.
struct ConsumerFacts {
  std::string name;
  std::string arn;
  /// CREATING, ACTIVE, DELETING.
  std::string status;
};

struct TableFacts {
  std::string arn;
  std::string status;
  /// PROVISIONED, PAY_PER_REQUEST; empty where it has always been provisioned.
  std::string billing;
  /// Units a second; 0 on demand.
  std::int64_t read_capacity = 0;
  std::int64_t write_capacity = 0;
  std::optional<std::int64_t> bytes;
};

Result<StreamFacts, std::string> decode_stream_facts(std::string_view json);
/// The first page of ListStreamConsumers: up to a hundred, more than a stream may have.
Result<std::vector<ConsumerFacts>, std::string> decode_consumer_facts(std::string_view json);
Result<TableFacts, std::string> decode_table_facts(std::string_view json);

}  // namespace kcl::wire
