#include "local/operation.h"

namespace kcl::local {

namespace {

struct Row {
  Operation operation;
  std::string_view name;
  std::uint64_t calls_per_second;
};

constexpr std::array<Row, kOperations> kRows{{
    {Operation::create_stream, "CreateStream", 5},
    {Operation::delete_stream, "DeleteStream", 5},
    {Operation::describe_stream, "DescribeStream", 10},
    {Operation::describe_stream_summary, "DescribeStreamSummary", 20},
    {Operation::list_streams, "ListStreams", 5},
    {Operation::list_shards, "ListShards", 1'000},
    {Operation::put_record, "PutRecord", 0},
    {Operation::put_records, "PutRecords", 0},
    {Operation::get_shard_iterator, "GetShardIterator", 0},
    {Operation::get_records, "GetRecords", 0},
    {Operation::split_shard, "SplitShard", 5},
    {Operation::merge_shards, "MergeShards", 5},
    {Operation::update_shard_count, "UpdateShardCount", 5},
    {Operation::increase_retention, "IncreaseStreamRetentionPeriod", 5},
    {Operation::decrease_retention, "DecreaseStreamRetentionPeriod", 5},
    {Operation::update_max_record_size, "UpdateMaxRecordSize", 5},
    {Operation::register_consumer, "RegisterStreamConsumer", 5},
    {Operation::describe_consumer, "DescribeStreamConsumer", 20},
    {Operation::list_consumers, "ListStreamConsumers", 5},
    {Operation::deregister_consumer, "DeregisterStreamConsumer", 5},
    {Operation::subscribe_to_shard, "SubscribeToShard", 0},
}};

constexpr bool in_order() {
  for (std::size_t i = 0; i < kRows.size(); ++i) {
    if (kRows[i].operation != static_cast<Operation>(i)) return false;
  }
  return true;
}
static_assert(in_order());

const Row& row_of(Operation operation) { return kRows[static_cast<std::size_t>(operation)]; }

}  // namespace

std::string_view name_of(Operation operation) { return row_of(operation).name; }

std::optional<Operation> operation_named(std::string_view name) {
  for (const Row& row : kRows) {
    if (row.name == name) return row.operation;
  }
  return std::nullopt;
}

std::optional<Operation> operation_of_target(std::string_view target) {
  constexpr std::string_view kVersion = "Kinesis_20131202.";
  if (!target.starts_with(kVersion)) return std::nullopt;
  return operation_named(target.substr(kVersion.size()));
}

bool is_of_the_data_plane(Operation operation) { return row_of(operation).calls_per_second == 0; }

std::uint64_t calls_per_second(Operation operation) { return row_of(operation).calls_per_second; }

}  // namespace kcl::local
