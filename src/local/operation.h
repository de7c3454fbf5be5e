// The operations of Kinesis Data Streams that are served here. Source: Amazon Kinesis Data Streams API Reference
// (2013-12-02).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace kcl::local {

enum class Operation : std::uint8_t {
  create_stream,
  delete_stream,
  describe_stream,
  describe_stream_summary,
  list_streams,
  list_shards,
  put_record,
  put_records,
  get_shard_iterator,
  get_records,
  split_shard,
  merge_shards,
  update_shard_count,
  increase_retention,
  decrease_retention,
  update_max_record_size,
  register_consumer,
  describe_consumer,
  list_consumers,
  deregister_consumer,
  subscribe_to_shard,
};
inline constexpr std::size_t kOperations = 21;

/// "GetRecords".
std::string_view name_of(Operation operation);
std::optional<Operation> operation_named(std::string_view name);
/// Of the header X-Amz-Target: "Kinesis_20131202.GetRecords". Empty for any other text.
std::optional<Operation> operation_of_target(std::string_view target);

/// Whether it reads or writes records: then it is limited per shard, and refused by
/// ProvisionedThroughputExceededException. Others are limited per account or stream, by LimitExceededException.
bool is_of_the_data_plane(Operation operation);

/// Source: Developer Guide, "Quotas and limits", and where that is silent the operation's page in the API Reference. Of
/// UpdateMaxRecordSize neither says anything.
struct CallRate {
  /// 0 for the data plane.
  std::uint64_t per_second = 0;
  enum class Of : std::uint8_t { account, stream } of = Of::account;
};
CallRate call_rate(Operation operation);

}  // namespace kcl::local
