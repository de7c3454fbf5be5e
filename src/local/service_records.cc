#include <algorithm>
#include <array>

#include "local/answers.h"
#include "local/requirement.h"
#include "local/service.h"
#include "local/start_position.h"
#include "local/stream_token.h"

namespace kcl::local {

namespace {

constexpr std::size_t kMostRecordsPerGet = 10'000;
constexpr std::size_t kMostDataBytes = 10 << 20;
constexpr std::uint64_t kIteratorsPerSecond = 5;
/// Counting all that is held takes a look at each shard, so it is done once in that many bytes.
constexpr std::size_t kBytesBetweenCounts = 16 << 20;

embedded::PutRecord checked(const PutEntry& entry, const std::string& where) {
  embedded::PutRecord record;
  record.data = required(entry.data, where + "data");
  if (record.data.size() > kMostDataBytes) {
    refuse_value("", where + "data", "have length less than or equal to " + std::to_string(kMostDataBytes));
  }
  record.partition_key = required(entry.partition_key, where + "partitionKey");
  check_length(record.partition_key, 1, 256, where + "partitionKey");
  if (entry.explicit_hash_key) {
    check_number(*entry.explicit_hash_key, 39, where + "explicitHashKey");
    record.explicit_hash_key = HashKey::parse(*entry.explicit_hash_key);
    if (!record.explicit_hash_key) {
      refuse("InvalidArgumentException",
             "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. "
             "Specified value was " +
                 *entry.explicit_hash_key);
    }
  }
  return record;
}

std::size_t bytes_of(const embedded::PutRecord& record) { return record.data.size() + record.partition_key.size(); }

void write_placement(wire::DocumentWriter& out, const embedded::Placement& placement) {
  out.name("SequenceNumber");
  out.text(placement.sequence_number);
  out.name("ShardId");
  out.text(placement.shard_id);
}

}  // namespace

/// Precondition: `more` bytes are about to be put.
void Service::check_memory(std::size_t more) {
  put_bytes_ += more;
  const bool near = held_bytes_ + put_bytes_ > options_.memory_bytes;
  if (near || put_bytes_ > kBytesBetweenCounts) {
    held_bytes_ = 0;
    put_bytes_ = more;
    for (const auto& [name, stream] : streams_) held_bytes_ += stream->records.stored_bytes();
  }
  if (held_bytes_ + put_bytes_ <= options_.memory_bytes) return;
  put_bytes_ -= more;
  refuse("ProvisionedThroughputExceededException",
         "This server holds as many records as its memory limit allows (kclpp local --memory); records leave it when "
         "their retention is over or their stream is deleted.");
}

void Service::put_record(const Call& call) {
  HostedStream& stream = readable(stream_of(call), call.now);
  const embedded::PutRecord record = checked(call.in.record, "");
  if (const auto& number = call.in.sequence_number_for_ordering) {
    check_number(*number, kSequenceNumberDigits, "sequenceNumberForOrdering");
  }
  check_memory(bytes_of(record));
  const auto placement = served(stream.records.put_record(record, call.now));
  call.out.begin_map();
  write_placement(call.out, placement);
  call.out.end_map();
}

void Service::put_records(const Call& call) {
  HostedStream& stream = readable(stream_of(call), call.now);
  const auto& entries = required(call.in.records, "records");
  if (entries.empty()) refuse_value("'[]'", "records", "have length greater than or equal to 1");
  if (options_.limits && entries.size() > embedded::Limits().records_per_put) {
    refuse_value("", "records", "have length less than or equal to 500");
  }
  std::vector<embedded::PutRecord> records;
  records.reserve(entries.size());
  std::size_t bytes = 0;
  for (const PutEntry& entry : entries) {
    records.push_back(checked(entry, "records." + std::to_string(records.size() + 1) + ".member."));
    bytes += bytes_of(records.back());
  }
  check_memory(bytes);
  const auto outcomes = served(stream.records.put_records(records, call.now));
  const auto failed = std::count_if(outcomes.begin(), outcomes.end(), [](const auto& one) { return !one.has_value(); });

  wire::DocumentWriter& out = call.out;
  out.begin_map();
  out.name("FailedRecordCount");
  out.integer(failed);
  out.name("Records");
  out.begin_array();
  for (const auto& outcome : outcomes) {
    out.begin_map();
    if (outcome) {
      write_placement(out, *outcome);
    } else {
      out.name("ErrorCode");
      out.text("ProvisionedThroughputExceededException");
      out.name("ErrorMessage");
      out.text(outcome.error().message);
    }
    out.end_map();
  }
  out.end_array();
  out.end_map();
}

void Service::get_shard_iterator(const Call& call) {
  const Parameters& in = call.in;
  HostedStream& stream = readable(stream_of(call), call.now);
  const std::string& shard = required(in.shard_id, "shardId");
  check_name(shard, "shardId");
  required(in.shard_iterator_type, "shardIteratorType");
  PositionParameter position;
  position.type = in.shard_iterator_type;
  position.sequence_number = in.starting_sequence_number;
  position.timestamp = in.timestamp;
  const GetShardIterator request = start_at(shard, position, stream.records.name(), "shardIteratorType");
  auto iterator = served(stream.records.get_shard_iterator(request, call.now));
  if (options_.limits) {
    auto& given = stream.iterators_given.try_emplace(request.shard_id, kIteratorsPerSecond).first->second;
    if (!given.is_open(call.now)) {
      refuse("ProvisionedThroughputExceededException",
             "Rate exceeded for shard " + request.shard_id + " in stream " + stream.records.name() + '.');
    }
    given.charge(1, call.now);
  }
  call.out.begin_map();
  call.out.name("ShardIterator");
  call.out.text(pack({.stream = stream.records.name(), .token = std::move(iterator.iterator)}));
  call.out.end_map();
}

void Service::get_records(const Call& call) {
  check_length(required(call.in.shard_iterator, "shardIterator"), 1, 512, "shardIterator");
  const auto token = unpack(*call.in.shard_iterator);
  if (!token) refuse("InvalidArgumentException", "Invalid ShardIterator.");
  HostedStream& stream = readable(stream_named(token->stream), call.now);
  if (call.in.stream_arn && name_of_arn(*call.in.stream_arn) != token->stream) {
    refuse("InvalidArgumentException", "ShardIterator does not belong to StreamARN " + *call.in.stream_arn + '.');
  }
  const std::size_t limit = page_size(call.in.limit, kMostRecordsPerGet, "limit");
  const auto page = served(stream.records.get_records(
      {.stream = stream.records.name(), .iterator = token->token, .limit = limit}, call.now));

  wire::DocumentWriter& out = call.out;
  out.reserve(size_guess(out.protocol(), page.records));
  out.begin_map();
  write_records(out, page.records);
  if (page.next_iterator) {
    out.name("NextShardIterator");
    out.text(pack({.stream = token->stream, .token = *page.next_iterator}));
  }
  out.name("MillisBehindLatest");
  out.integer(page.behind_latest.count());
  if (!page.child_shards.empty()) write_child_shards(out, page.child_shards);
  out.end_map();
}

}  // namespace kcl::local
