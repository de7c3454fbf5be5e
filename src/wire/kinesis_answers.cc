#include "wire/kinesis_answers.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "base/check.h"
#include "wire/base64.h"
#include "wire/cbor.h"
#include "wire/json_reader.h"

namespace kcl::wire {
namespace {

constexpr std::int64_t kLastMillisecond = 253'402'300'799'999;  // of the year 9999

std::optional<Timestamp> time_of(double milliseconds) {
  // Written so that what is no number fails too.
  if (!(milliseconds >= 0 && milliseconds <= static_cast<double>(kLastMillisecond))) return std::nullopt;
  return Timestamp(std::chrono::milliseconds(std::llround(milliseconds)));
}

/// Names and keys of an answer may be anything: cut, and without what could spoil a log line.
std::string printable(std::string_view name) {
  constexpr std::size_t kLongest = 64;
  std::string text(name.substr(0, kLongest));
  std::replace_if(text.begin(), text.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return text;
}

/// A memory block that never moves what is in it: its size has a bound that is known before.
class Arena {
 public:
  explicit Arena(std::size_t bound) : bound_(bound) {}

  std::string_view keep(std::string_view bytes) {
    make_room(bytes.size());
    const std::size_t begin = bytes_.size();
    bytes_ += bytes;
    return std::string_view(bytes_).substr(begin);
  }

  std::optional<std::string_view> keep_base64(std::string_view text) {
    make_room(text.size());
    const std::size_t begin = bytes_.size();
    if (!base64_decode_onto(bytes_, text)) return std::nullopt;
    return std::string_view(bytes_).substr(begin);
  }

  bool empty() const { return bytes_.empty(); }
  std::size_t size() const { return bytes_.capacity(); }

 private:
  void make_room(std::size_t size) {
    if (bytes_.capacity() < bound_) bytes_.reserve(bound_);
    base::check(size <= bytes_.capacity() - bytes_.size(), "an answer decodes to no more bytes than it has");
  }

  std::size_t bound_;
  std::string bytes_;
};

/// Whatever a page's records point into.
struct PageBytes {
  std::shared_ptr<const std::string> body;
  Arena arena;
};

// --- what the two protocols read differently ---

class CborInput : public CborReader {
 public:
  using CborReader::CborReader;

  std::string string() {
    std::string joined;
    const std::string_view view = text(joined);
    return joined.empty() ? std::string(view) : joined;
  }

  Timestamp time() {
    if (const auto time = time_of(number())) return *time;
    fail("no time between 1970 and 9999");
    return {};
  }

  /// As long as the page: either in the body or in the arena.
  std::string_view lasting_text(Arena& arena) { return lasting(text(joined_), arena); }

  std::string_view data(Arena& arena) {
    if (peek() == CborType::bytes) return lasting(bytes(joined_), arena);
    const auto decoded = arena.keep_base64(text(joined_));
    joined_.clear();
    if (!decoded) fail("not base64");
    return decoded.value_or(std::string_view());
  }

 private:
  std::string_view lasting(std::string_view view, Arena& arena) {
    if (joined_.empty()) return view;
    view = arena.keep(view);
    joined_.clear();
    return view;
  }

  /// A string that came in chunks.
  std::string joined_;
};

class JsonInput : public JsonReader {
 public:
  using JsonReader::JsonReader;

  std::string_view name(std::string&) { return JsonReader::name(); }
  std::string string() { return std::string(text()); }

  Timestamp time() {
    if (const auto time = time_of(number() * 1000)) return *time;
    fail("no time between 1970 and 9999");
    return {};
  }

  std::string_view lasting_text(Arena& arena) { return arena.keep(text()); }

  std::string_view data(Arena& arena) {
    const auto decoded = arena.keep_base64(text());
    if (!decoded) fail("not base64");
    return decoded.value_or(std::string_view());
  }

  void finish() {}
};

// --- what they have in common ---

/// An answer that is read from its front, and the way to where reading failed.
template <class Input>
class Answer : public Input {
 public:
  using Input::Input;

  /// Calls `read(name)` for each member of the map that comes next, which must read the value. Null is absent.
  template <class Read>
  void members(Read read) {
    this->enter_map();
    while (this->more()) {
      std::string joined;
      const std::string_view name = this->name(joined);
      if (this->ok() && !this->take_null()) read(name);
      if (!this->ok()) return within(printable(name));
    }
  }

  template <class Read>
  void items(Read read) {
    this->enter_array();
    for (std::size_t index = 0; this->more(); ++index) {
      read();
      if (!this->ok()) return within(std::to_string(index));
    }
  }

  void need(bool present, std::string_view member) {
    if (!present) this->fail(std::string(member) + " is missing");
  }

  template <class T>
  Decoded<T> finished(T value) {
    this->finish();
    if (this->ok()) return value;
    return Failure{path_.empty() ? this->error() : path_ + ": " + this->error()};
  }

 private:
  void within(const std::string& name) { path_ = path_.empty() ? name : name + "." + path_; }

  std::string path_;
};

template <class In>
HashKey read_hash_key(In& in) {
  const auto key = HashKey::parse(in.string());
  if (!key) in.fail("no number of 128 bits");
  return key.value_or(HashKey());
}

template <class In>
HashKeyRange read_hash_key_range(In& in) {
  HashKeyRange range;
  bool has_start = false;
  bool has_end = false;
  in.members([&](std::string_view name) {
    if (name == "StartingHashKey") {
      range.start = read_hash_key(in);
      has_start = true;
    } else if (name == "EndingHashKey") {
      range.end = read_hash_key(in);
      has_end = true;
    } else {
      in.skip();
    }
  });
  in.need(has_start, "StartingHashKey");
  in.need(has_end, "EndingHashKey");
  return range;
}

/// What readers and checkpoints take for granted of every sequence number: digits, without leading zeros.
template <class In>
void check_sequence_number(In& in, std::string_view number) {
  constexpr std::size_t kLongest = 128;
  const bool digits = std::all_of(number.begin(), number.end(), [](char c) { return c >= '0' && c <= '9'; });
  const bool canonical = number == "0" || !number.starts_with('0');
  if (!digits || !canonical || number.empty() || number.size() > kLongest) in.fail("no sequence number");
}

template <class In>
void read_sequence_number_range(In& in, Shard& shard) {
  in.members([&](std::string_view name) {
    if (name == "StartingSequenceNumber") {
      shard.starting_sequence_number = in.string();
      check_sequence_number(in, shard.starting_sequence_number);
    } else if (name == "EndingSequenceNumber") {
      shard.ending_sequence_number = in.string();
      check_sequence_number(in, *shard.ending_sequence_number);
    } else {
      in.skip();
    }
  });
  in.need(!shard.starting_sequence_number.empty(), "StartingSequenceNumber");
}

template <class In>
Shard read_shard(In& in) {
  Shard shard;
  bool has_hash_keys = false;
  in.members([&](std::string_view name) {
    if (name == "ShardId") {
      shard.id = in.string();
    } else if (name == "ParentShardId") {
      shard.parent_id = in.string();
    } else if (name == "AdjacentParentShardId") {
      shard.adjacent_parent_id = in.string();
    } else if (name == "HashKeyRange") {
      shard.hash_keys = read_hash_key_range(in);
      has_hash_keys = true;
    } else if (name == "SequenceNumberRange") {
      read_sequence_number_range(in, shard);
    } else {
      in.skip();
    }
  });
  in.need(!shard.id.empty(), "ShardId");
  in.need(has_hash_keys, "HashKeyRange");
  in.need(!shard.starting_sequence_number.empty(), "SequenceNumberRange");
  return shard;
}

template <class In>
ChildShard read_child_shard(In& in) {
  ChildShard child;
  bool has_hash_keys = false;
  in.members([&](std::string_view name) {
    if (name == "ShardId") {
      child.id = in.string();
    } else if (name == "ParentShards") {
      in.items([&] { child.parents.push_back(in.string()); });
    } else if (name == "HashKeyRange") {
      child.hash_keys = read_hash_key_range(in);
      has_hash_keys = true;
    } else {
      in.skip();
    }
  });
  in.need(!child.id.empty(), "ShardId");
  in.need(!child.parents.empty(), "ParentShards");
  in.need(has_hash_keys, "HashKeyRange");
  return child;
}

template <class In>
Record read_record(In& in, Arena& arena) {
  Record::Fields fields;
  bool has_data = false;
  in.members([&](std::string_view name) {
    if (name == "SequenceNumber") {
      fields.sequence_number = in.lasting_text(arena);
      check_sequence_number(in, fields.sequence_number);
    } else if (name == "PartitionKey") {
      fields.partition_key = in.lasting_text(arena);
    } else if (name == "Data") {
      fields.data = in.data(arena);
      has_data = true;
    } else if (name == "ApproximateArrivalTimestamp") {
      fields.approximate_arrival = in.time();
    } else {
      in.skip();
    }
  });
  in.need(!fields.sequence_number.empty(), "SequenceNumber");
  in.need(has_data, "Data");
  return Record(fields);
}

template <class In>
Decoded<RecordsPage> read_records_page(In& in, Arena& arena) {
  RecordsPage page;
  bool has_records = false;
  in.members([&](std::string_view name) {
    if (name == "Records") {
      if (std::exchange(has_records, true)) return in.fail("given twice");
      in.items([&] { page.records.push_back(read_record(in, arena)); });
    } else if (name == "NextShardIterator") {
      page.next_iterator = in.string();
      if (page.next_iterator->empty()) in.fail("is empty");
    } else if (name == "MillisBehindLatest") {
      page.behind_latest = std::chrono::milliseconds(std::max<std::int64_t>(in.integer(), 0));
    } else if (name == "ChildShards") {
      in.items([&] { page.child_shards.push_back(read_child_shard(in)); });
    } else {
      in.skip();
    }
  });
  in.need(has_records, "Records");
  return in.finished(std::move(page));
}

template <class In>
Decoded<ShardPage> read_shard_page(In& in) {
  ShardPage page;
  bool has_shards = false;
  in.members([&](std::string_view name) {
    if (name == "Shards") {
      if (std::exchange(has_shards, true)) return in.fail("given twice");
      in.items([&] { page.shards.push_back(read_shard(in)); });
    } else if (name == "NextToken") {
      page.next_token = in.string();
    } else {
      in.skip();
    }
  });
  in.need(has_shards, "Shards");
  return in.finished(std::move(page));
}

template <class In>
Decoded<ShardIterator> read_shard_iterator(In& in) {
  ShardIterator answer;
  in.members([&](std::string_view name) {
    if (name == "ShardIterator") {
      answer.iterator = in.string();
    } else {
      in.skip();
    }
  });
  in.need(!answer.iterator.empty(), "ShardIterator");
  return in.finished(std::move(answer));
}

template <class In>
std::int64_t read_count(In& in) {
  constexpr std::int64_t kLargest = 1'000'000'000;
  const std::int64_t count = in.integer();
  if (count < 0 || count > kLargest) in.fail("no count");
  return count;
}

template <class In>
void read_summary(In& in, StreamDescription& stream) {
  bool has_created = false;
  bool has_retention = false;
  bool has_open_shards = false;
  in.members([&](std::string_view name) {
    if (name == "StreamName") {
      stream.name = in.string();
    } else if (name == "StreamARN") {
      stream.arn = in.string();
    } else if (name == "StreamCreationTimestamp") {
      stream.created = in.time();
      has_created = true;
    } else if (name == "RetentionPeriodHours") {
      stream.retention = std::chrono::hours(read_count(in));
      has_retention = true;
    } else if (name == "OpenShardCount") {
      stream.open_shards = static_cast<std::size_t>(read_count(in));
      has_open_shards = true;
    } else {
      in.skip();
    }
  });
  in.need(!stream.name.empty(), "StreamName");
  in.need(!stream.arn.empty(), "StreamARN");
  in.need(has_created, "StreamCreationTimestamp");
  in.need(has_retention, "RetentionPeriodHours");
  in.need(has_open_shards, "OpenShardCount");
}

template <class In>
Decoded<StreamDescription> read_description(In& in) {
  StreamDescription stream;
  bool has_summary = false;
  in.members([&](std::string_view name) {
    if (name == "StreamDescriptionSummary") {
      read_summary(in, stream);
      has_summary = true;
    } else {
      in.skip();
    }
  });
  in.need(has_summary, "StreamDescriptionSummary");
  return in.finished(std::move(stream));
}

/// `read` over the body in its protocol.
template <class Read>
auto decode(Protocol protocol, std::string_view body, Read read) {
  if (protocol == Protocol::cbor) {
    Answer<CborInput> in(body);
    return read(in);
  }
  Answer<JsonInput> in(body);
  return read(in);
}

}  // namespace

Decoded<StreamDescription> decode_describe_stream_summary(Protocol protocol, std::string_view body) {
  return decode(protocol, body, [](auto& in) { return read_description(in); });
}

Decoded<ShardPage> decode_list_shards(Protocol protocol, std::string_view body) {
  return decode(protocol, body, [](auto& in) { return read_shard_page(in); });
}

Decoded<ShardIterator> decode_get_shard_iterator(Protocol protocol, std::string_view body) {
  return decode(protocol, body, [](auto& in) { return read_shard_iterator(in); });
}

Decoded<RecordsPage> decode_get_records(Protocol protocol, std::shared_ptr<const std::string> body) {
  const std::size_t size = body->size();
  auto bytes = std::make_shared<PageBytes>(PageBytes{.body = std::move(body), .arena = Arena(size)});
  auto page = decode(protocol, *bytes->body, [&](auto& in) { return read_records_page(in, bytes->arena); });
  if (!page) return page;
  // JSON's records are all in the arena: the text they were decoded from may go.
  if (protocol == Protocol::json) bytes->body = nullptr;
  page->buffer_bytes = (bytes->body ? bytes->body->capacity() : 0) + bytes->arena.size();
  page->buffer = std::move(bytes);
  return page;
}

}  // namespace kcl::wire
