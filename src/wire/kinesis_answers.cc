#include "wire/kinesis_answers.h"

#include <algorithm>
#include <utility>

#include "wire/answer_reader.h"

namespace kcl::wire {
namespace {

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
Decoded<RecordsPage> read_records_page(In& in, Arena& arena) {
  RecordsPage page;
  bool has_records = false;
  in.members([&](std::string_view name) {
    if (name == "Records") {
      if (std::exchange(has_records, true)) return in.fail("given twice");
      page.records = read_records(in, arena);
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

template <class In>
StreamConsumer::Status read_consumer_status(In& in) {
  using Status = StreamConsumer::Status;
  const std::string status = in.string();
  if (status == "CREATING") return Status::creating;
  if (status == "ACTIVE") return Status::active;
  if (status != "DELETING") in.fail("is none of CREATING, ACTIVE and DELETING");
  return Status::deleting;
}

template <class In>
StreamConsumer read_consumer(In& in) {
  StreamConsumer consumer;
  bool has_status = false;
  in.members([&](std::string_view name) {
    if (name == "ConsumerName") {
      consumer.name = in.string();
    } else if (name == "ConsumerARN") {
      consumer.arn = in.string();
    } else if (name == "ConsumerStatus") {
      consumer.status = read_consumer_status(in);
      has_status = true;
    } else if (name == "ConsumerCreationTimestamp") {
      consumer.created = in.time();
    } else {
      in.skip();
    }
  });
  in.need(!consumer.arn.empty(), "ConsumerARN");
  in.need(has_status, "ConsumerStatus");
  return consumer;
}

template <class In>
Decoded<StreamConsumer> read_consumer_answer(In& in) {
  StreamConsumer consumer;
  bool has_consumer = false;
  in.members([&](std::string_view name) {
    if (name == "ConsumerDescription" || name == "Consumer") {
      consumer = read_consumer(in);
      has_consumer = true;
    } else {
      in.skip();
    }
  });
  in.need(has_consumer, "Consumer");
  return in.finished(std::move(consumer));
}

}  // namespace

Decoded<StreamConsumer> decode_stream_consumer(Protocol protocol, std::string_view body) {
  return decode(protocol, body, [](auto& in) { return read_consumer_answer(in); });
}

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
