#include "local/operation.h"

namespace kcl::local {

namespace {

struct Row {
  Operation operation;
  std::string_view name;
  CallRate rate;
};

constexpr CallRate of_account(std::uint64_t per_second) { return {.per_second = per_second}; }
constexpr CallRate of_stream(std::uint64_t per_second) {
  return {.per_second = per_second, .of = CallRate::Of::stream};
}
constexpr CallRate kOfTheDataPlane;

constexpr std::array<Row, kOperations> kRows{{
    {Operation::create_stream, "CreateStream", of_account(5)},
    {Operation::delete_stream, "DeleteStream", of_account(5)},
    {Operation::describe_stream, "DescribeStream", of_account(10)},
    {Operation::describe_stream_summary, "DescribeStreamSummary", of_account(20)},
    {Operation::list_streams, "ListStreams", of_account(5)},
    {Operation::list_shards, "ListShards", of_stream(1'000)},
    {Operation::put_record, "PutRecord", kOfTheDataPlane},
    {Operation::put_records, "PutRecords", kOfTheDataPlane},
    {Operation::get_shard_iterator, "GetShardIterator", kOfTheDataPlane},
    {Operation::get_records, "GetRecords", kOfTheDataPlane},
    {Operation::split_shard, "SplitShard", of_stream(5)},
    {Operation::merge_shards, "MergeShards", of_stream(5)},
    {Operation::update_shard_count, "UpdateShardCount", of_stream(10)},
    {Operation::increase_retention, "IncreaseStreamRetentionPeriod", of_stream(5)},
    {Operation::decrease_retention, "DecreaseStreamRetentionPeriod", of_stream(5)},
    {Operation::update_max_record_size, "UpdateMaxRecordSize", of_stream(5)},
    {Operation::register_consumer, "RegisterStreamConsumer", of_stream(5)},
    {Operation::describe_consumer, "DescribeStreamConsumer", of_stream(20)},
    {Operation::list_consumers, "ListStreamConsumers", of_stream(5)},
    {Operation::deregister_consumer, "DeregisterStreamConsumer", of_stream(5)},
    {Operation::subscribe_to_shard, "SubscribeToShard", kOfTheDataPlane},
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

bool is_of_the_data_plane(Operation operation) { return row_of(operation).rate.per_second == 0; }

CallRate call_rate(Operation operation) { return row_of(operation).rate; }

}  // namespace kcl::local
