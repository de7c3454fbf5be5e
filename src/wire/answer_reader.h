// How the bodies of Kinesis answers are read, whatever protocol they are in, and the parts that several of them have.
// What it promises is said in kinesis_answers.h.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <kcl/kinesis.h>

#include "wire/cbor.h"
#include "wire/cbor_record.h"
#include "wire/json_reader.h"
#include "wire/kinesis_answers.h"
#include "wire/protocol.h"

namespace kcl::wire {

/// Empty for what is no time between 1970 and 9999.
std::optional<Timestamp> time_of(double milliseconds);

/// Names and keys of an answer may be anything: cut, and without what could spoil a log line.
std::string printable(std::string_view name);

/// What readers and checkpoints take for granted of every sequence number: digits, without leading zeros.
bool is_sequence_number(std::string_view number);

/// A memory block that never moves what is in it: its size has a bound that is known before.
class Arena {
 public:
  explicit Arena(std::size_t bound) : bound_(bound) {}

  std::string_view keep(std::string_view bytes);
  std::optional<std::string_view> keep_base64(std::string_view text);
  /// Bytes that it occupies.
  std::size_t size() const noexcept { return bytes_.capacity(); }

 private:
  void make_room(std::size_t size);

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

  /// False: it has to be read item by item.
  bool plain_record(Record::Fields& fields) {
    if (peek() != CborType::map) return false;
    Record::Fields read;
    const std::size_t length = read_plain_record(rest(), read);
    if (length == 0) return false;
    pass(length);
    fields = read;
    return true;
  }

  /// To be called behind each of many items that are alike. Large ones begin far apart, and each would begin with a
  /// wait for memory: what is a few of them further on is asked for now.
  void ask_ahead() {
    const std::size_t length = offset() - std::exchange(begin_, offset());
    constexpr std::size_t kFar = 256;
    constexpr std::size_t kLine = 64;
    const std::size_t there = 4 * length;
    if (length < kFar || there + 2 * kLine > rest().size()) return;
    // Not in a function of its own: g++ takes one that only does this for one without effect, and leaves it out.
    for (std::size_t line = 0; line < 4; ++line) __builtin_prefetch(rest().data() + there + line * kLine - 2 * kLine);
  }

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
  std::size_t begin_ = 0;
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

  bool plain_record(Record::Fields&) { return false; }
  void ask_ahead() {}
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

template <class In>
void check_sequence_number(In& in, std::string_view number) {
  if (!is_sequence_number(number)) in.fail("no sequence number");
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
  if (in.plain_record(fields)) return Record(fields);
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
std::vector<Record> read_records(In& in, Arena& arena) {
  std::vector<Record> records;
  in.items([&] {
    records.push_back(read_record(in, arena));
    in.ask_ahead();
  });
  return records;
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

}  // namespace kcl::wire
