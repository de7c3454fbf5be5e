#include "local/answers.h"

namespace kcl::local {

namespace {

void write_range(wire::DocumentWriter& out, const HashKeyRange& range) {
  out.name("HashKeyRange");
  out.begin_map();
  out.name("StartingHashKey");
  out.text(range.start.text());
  out.name("EndingHashKey");
  out.text(range.end.text());
  out.end_map();
}

void write_shard(wire::DocumentWriter& out, const Shard& shard) {
  out.begin_map();
  out.name("ShardId");
  out.text(shard.id);
  if (!shard.parent_id.empty()) {
    out.name("ParentShardId");
    out.text(shard.parent_id);
  }
  if (!shard.adjacent_parent_id.empty()) {
    out.name("AdjacentParentShardId");
    out.text(shard.adjacent_parent_id);
  }
  write_range(out, shard.hash_keys);
  out.name("SequenceNumberRange");
  out.begin_map();
  out.name("StartingSequenceNumber");
  out.text(shard.starting_sequence_number);
  if (shard.ending_sequence_number) {
    out.name("EndingSequenceNumber");
    out.text(*shard.ending_sequence_number);
  }
  out.end_map();
  out.end_map();
}

}  // namespace

void write_shards(wire::DocumentWriter& out, std::span<const Shard> shards) {
  out.name("Shards");
  out.begin_array();
  for (const Shard& shard : shards) write_shard(out, shard);
  out.end_array();
}

void write_records(wire::DocumentWriter& out, std::span<const Record> records) {
  out.name("Records");
  out.begin_array();
  for (const Record& record : records) {
    out.begin_map();
    out.name("SequenceNumber");
    out.text(record.sequence_number());
    out.name("ApproximateArrivalTimestamp");
    out.time(record.approximate_arrival());
    out.name("Data");
    out.bytes(record.text());
    out.name("PartitionKey");
    out.text(record.partition_key());
    out.end_map();
  }
  out.end_array();
}

void write_child_shards(wire::DocumentWriter& out, std::span<const ChildShard> children) {
  out.name("ChildShards");
  out.begin_array();
  for (const ChildShard& child : children) {
    out.begin_map();
    out.name("ShardId");
    out.text(child.id);
    out.name("ParentShards");
    out.begin_array();
    for (const std::string& parent : child.parents) out.text(parent);
    out.end_array();
    write_range(out, child.hash_keys);
    out.end_map();
  }
  out.end_array();
}

std::size_t size_guess(wire::Protocol protocol, std::span<const Record> records) {
  // Names, sequence number, time and punctuation of a record. Partition keys with many escapes may need more: then the
  // answer's string grows once.
  constexpr std::size_t kPerRecord = 192;
  std::size_t size = 1'024;
  for (const Record& record : records) {
    const std::size_t data = record.text().size();
    size += kPerRecord + record.partition_key().size() + (protocol == wire::Protocol::json ? data * 4 / 3 + 4 : data);
  }
  return size;
}

std::string encode_error(wire::Protocol protocol, std::string_view code, std::string_view message) {
  std::string body;
  wire::DocumentWriter out(protocol, body);
  out.begin_map();
  out.name("__type");
  out.text(code);
  out.name("message");
  out.text(message);
  out.end_map();
  return body;
}

}  // namespace kcl::local
