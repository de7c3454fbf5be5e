#include "local/parameters.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
#include <variant>

#include "local/utf8.h"
#include "wire/base64.h"
#include "wire/cbor.h"
#include "wire/json_reader.h"

namespace kcl::local {

namespace {

constexpr double kLastMillisecond = 253'402'300'799'999;  // of the year 9999

// --- what the two protocols read differently ---

class CborInput : public wire::CborReader {
 public:
  using CborReader::CborReader;

  std::string string() {
    std::string joined;
    const std::string_view view = text(joined);
    std::string value = joined.empty() ? std::string(view) : std::move(joined);
    if (!is_utf8(value)) fail("a text that is not UTF-8");
    return value;
  }

  std::string blob() {
    std::string joined;
    const std::string_view view = bytes(joined);
    return joined.empty() ? std::string(view) : joined;
  }

  double milliseconds() {
    const bool seconds = peek() == wire::CborType::floating;
    return number() * (seconds ? 1'000 : 1);
  }
};

class JsonInput : public wire::JsonReader {
 public:
  using JsonReader::JsonReader;

  std::string_view name(std::string&) { return JsonReader::name(); }
  std::string string() { return std::string(text()); }

  std::string blob() {
    std::string decoded;
    if (!wire::base64_decode_onto(decoded, text())) fail("a blob that is not base64");
    return decoded;
  }

  double milliseconds() { return number() * 1'000; }
  void finish() {}
};

// --- what they have in common ---

/// Where the value of a member goes, which also says what type it has.
using Place = std::variant<std::monostate, std::optional<std::string>*, std::optional<std::int64_t>*,
                           std::optional<bool>*, std::optional<Timestamp>*>;

struct Field {
  std::string_view name;
  Place place;
};

template <class In>
void read_value(In& in, const Place& place) {
  if (const auto* text = std::get_if<std::optional<std::string>*>(&place)) {
    **text = in.string();
  } else if (const auto* integer = std::get_if<std::optional<std::int64_t>*>(&place)) {
    **integer = in.integer();
  } else if (const auto* boolean = std::get_if<std::optional<bool>*>(&place)) {
    **boolean = in.boolean();
  } else if (const auto* time = std::get_if<std::optional<Timestamp>*>(&place)) {
    const double milliseconds = in.milliseconds();
    // Written so that what is no number fails too.
    const bool valid = milliseconds >= 0 && milliseconds <= kLastMillisecond;
    if (!valid) in.fail("no time between 1970 and 9999");
    **time = Timestamp(std::chrono::milliseconds(valid ? std::llround(milliseconds) : 0));
  } else {
    in.skip();
  }
}

/// Calls `read(name)` for each member that is not null; it must read the value.
template <class In, class Read>
void members(In& in, Read read) {
  in.enter_map();
  while (in.more()) {
    std::string joined;
    const std::string name(in.name(joined));
    if (in.ok() && !in.take_null()) read(std::string_view(name));
    if (!in.ok()) return;
  }
}

template <class In, std::size_t N>
void read_members(In& in, const std::array<Field, N>& fields) {
  members(in, [&](std::string_view name) {
    const auto field = std::find_if(fields.begin(), fields.end(), [name](const Field& f) { return f.name == name; });
    read_value(in, field == fields.end() ? Place() : field->place);
  });
}

template <class In>
PositionParameter read_position(In& in) {
  PositionParameter position;
  read_members(in, std::array<Field, 4>{{{"Type", &position.type},
                                         {"ShardId", &position.shard_id},
                                         {"SequenceNumber", &position.sequence_number},
                                         {"Timestamp", &position.timestamp}}});
  return position;
}

template <class In>
bool read_entry_member(In& in, std::string_view name, PutEntry& entry) {
  if (name == "Data") {
    entry.data = in.blob();
  } else if (name == "PartitionKey") {
    entry.partition_key = in.string();
  } else if (name == "ExplicitHashKey") {
    entry.explicit_hash_key = in.string();
  } else {
    return false;
  }
  return true;
}

template <class In>
std::vector<PutEntry> read_entries(In& in) {
  std::vector<PutEntry> entries;
  in.enter_array();
  while (in.more()) {
    PutEntry entry;
    members(in, [&](std::string_view name) {
      if (!read_entry_member(in, name, entry)) in.skip();
    });
    entries.push_back(std::move(entry));
  }
  return entries;
}

std::array<Field, 26> fields_of(Parameters& p) {
  return {{{"StreamName", &p.stream_name},
           {"StreamARN", &p.stream_arn},
           {"ConsumerName", &p.consumer_name},
           {"ConsumerARN", &p.consumer_arn},
           {"ShardId", &p.shard_id},
           {"ShardToSplit", &p.shard_to_split},
           {"NewStartingHashKey", &p.new_starting_hash_key},
           {"ShardToMerge", &p.shard_to_merge},
           {"AdjacentShardToMerge", &p.adjacent_shard_to_merge},
           {"ScalingType", &p.scaling_type},
           {"ShardIteratorType", &p.shard_iterator_type},
           {"StartingSequenceNumber", &p.starting_sequence_number},
           {"ShardIterator", &p.shard_iterator},
           {"ExclusiveStartShardId", &p.exclusive_start_shard_id},
           {"ExclusiveStartStreamName", &p.exclusive_start_stream_name},
           {"NextToken", &p.next_token},
           {"SequenceNumberForOrdering", &p.sequence_number_for_ordering},
           {"ShardCount", &p.shard_count},
           {"TargetShardCount", &p.target_shard_count},
           {"RetentionPeriodHours", &p.retention_hours},
           {"MaxRecordSizeInKiB", &p.max_record_size_kib},
           {"Limit", &p.limit},
           {"MaxResults", &p.max_results},
           {"EnforceConsumerDeletion", &p.enforce_consumer_deletion},
           {"Timestamp", &p.timestamp},
           {"StreamCreationTimestamp", &p.stream_creation_timestamp}}};
}

template <class In>
Served<Parameters> read_parameters(In& in) {
  Parameters parameters;
  const auto fields = fields_of(parameters);
  members(in, [&](std::string_view name) {
    if (read_entry_member(in, name, parameters.record)) return;
    if (name == "Records") {
      parameters.records = read_entries(in);
    } else if (name == "ShardFilter") {
      parameters.shard_filter = read_position(in);
    } else if (name == "StartingPosition") {
      parameters.starting_position = read_position(in);
    } else if (name == "StreamModeDetails") {
      read_members(in, std::array<Field, 1>{{{"StreamMode", &parameters.stream_mode}}});
    } else {
      const auto field = std::find_if(fields.begin(), fields.end(), [name](const Field& f) { return f.name == name; });
      read_value(in, field == fields.end() ? Place() : field->place);
    }
  });
  in.finish();
  if (!in.ok()) return Failure{ServiceError{.code = "SerializationException", .message = in.error()}};
  return parameters;
}

}  // namespace

Served<Parameters> decode_parameters(wire::Protocol protocol, std::string_view body) {
  // AWS takes a body without a byte for a request without a member.
  if (body.empty()) return Parameters();
  if (protocol == wire::Protocol::json) {
    JsonInput in(body);
    return read_parameters(in);
  }
  CborInput in(body);
  return read_parameters(in);
}

}  // namespace kcl::local
