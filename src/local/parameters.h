// What a request asks for: the members of its body. A member means the same in every operation that has it, so all
// operations share one type; what an operation does not know is ignored, as AWS ignores it.
//
// Decoding takes any bytes, in either protocol. It fails with AWS's SerializationException when the body is no document
// or a member has another type than AWS documents; values that AWS refuses by their content are left to the operation.
// In CBOR a time is an integer of milliseconds (what AWS's Java SDK sends) or a float of seconds, tagged or not.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <kcl/timestamp.h>

#include "local/service_error.h"
#include "wire/protocol.h"

namespace kcl::local {

struct PutEntry {
  std::optional<std::string> partition_key;
  std::optional<std::string> data;
  std::optional<std::string> explicit_hash_key;
};

/// ShardFilter and StartingPosition.
struct PositionParameter {
  std::optional<std::string> type;
  std::optional<std::string> shard_id;
  std::optional<std::string> sequence_number;
  std::optional<Timestamp> timestamp;
};

struct Parameters {
  std::optional<std::string> stream_name;
  std::optional<std::string> stream_arn;
  std::optional<std::string> consumer_name;
  std::optional<std::string> consumer_arn;
  std::optional<std::string> stream_mode;
  std::optional<std::string> shard_id;
  std::optional<std::string> shard_to_split;
  std::optional<std::string> new_starting_hash_key;
  std::optional<std::string> shard_to_merge;
  std::optional<std::string> adjacent_shard_to_merge;
  std::optional<std::string> scaling_type;
  std::optional<std::string> shard_iterator_type;
  std::optional<std::string> starting_sequence_number;
  std::optional<std::string> shard_iterator;
  std::optional<std::string> exclusive_start_shard_id;
  std::optional<std::string> exclusive_start_stream_name;
  std::optional<std::string> next_token;
  std::optional<std::string> sequence_number_for_ordering;
  std::optional<std::int64_t> shard_count;
  std::optional<std::int64_t> target_shard_count;
  std::optional<std::int64_t> retention_hours;
  std::optional<std::int64_t> max_record_size_kib;
  std::optional<std::int64_t> limit;
  std::optional<std::int64_t> max_results;
  std::optional<bool> enforce_consumer_deletion;
  std::optional<Timestamp> timestamp;
  std::optional<Timestamp> stream_creation_timestamp;
  std::optional<PositionParameter> shard_filter;
  std::optional<PositionParameter> starting_position;
  /// Of PutRecord.
  PutEntry record;
  /// Of PutRecords.
  std::optional<std::vector<PutEntry>> records;
};

Served<Parameters> decode_parameters(wire::Protocol protocol, std::string_view body);

}  // namespace kcl::local
