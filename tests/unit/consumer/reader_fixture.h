// One shard of a stream in memory, and a reader of it.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "consumer/shard_reader.h"
#include "unit/coordinator/sync_fixture.h"

namespace kcl::consumer {

using leases::kShard;
using ErrorKind = KinesisError::Kind;

template <class Reader>
class ReaderTest : public coordinator::SyncTest {
 protected:
  ReaderTest() : SyncTest(1) {
    options.stream = "orders";
    options.max_records = 2;
  }

  void put(int count, std::size_t bytes = 1) {
    for (int i = 0; i < count; ++i) {
      std::string data = std::to_string(++records);
      data.resize(std::max(data.size(), bytes), '.');
      const testing::PutRecord record{.partition_key = "k", .data = std::move(data), .explicit_hash_key = {}};
      ASSERT_TRUE(stream->put_record(record, kinesis->server_time()));
    }
  }
  Reading reading(shards::ReadFrom from = {}) {
    return {.loop = loop,
            .random = random,
            .kinesis = *kinesis,
            .unpacker = unpacker,
            .budget = budget,
            .log = base::EventLog(loop, [](const LogEvent&) {}),
            .options = options,
            .key = kShard,
            .from = std::move(from),
            .on_change = [] {}};
  }
  void start(shards::ReadFrom from = {}) {
    running.reset();  // the frame goes before what it runs on
    reader = std::make_unique<Reader>(reading(std::move(from)));
    running = std::make_unique<base::Started<void>>(loop, reader->run(stop));
  }
  /// Another stream, and nobody who reads it.
  void start_anew() {
    running.reset();
    reader.reset();
    make_stream(1);
    records = 0;
  }
  /// Numbers of the records that can be had now.
  std::vector<int> pop_all() {
    std::vector<int> numbers;
    while (const auto fetched = reader->pop()) {
      for (const Record& record : fetched->batch) numbers.push_back(std::stoi(std::string(record.text())));
    }
    return numbers;
  }
  /// What is read within `time`.
  std::vector<int> read_for(base::Duration time) {
    std::vector<int> numbers;
    const auto until = loop.now() + time;
    while (loop.now() < until) {
      loop.run_for(std::chrono::milliseconds(100));
      for (const int number : pop_all()) numbers.push_back(number);
    }
    return numbers;
  }
  static std::vector<int> up_to(int last) {
    std::vector<int> numbers;
    for (int i = 1; i <= last; ++i) numbers.push_back(i);
    return numbers;
  }

  ReaderOptions options;
  std::shared_ptr<base::ByteBudget> budget = std::make_shared<base::ByteBudget>(64UL << 20);
  metrics::Registry metrics;
  ShardMeters meters{metrics, shard_labels("", kShard)};
  base::InlineOffload decoding;
  base::EventLog unpacker_log{loop, [](const LogEvent&) {}};
  Unpacker unpacker{decoding, StrayRecords::deliver, {}, meters, unpacker_log};
  int records = 0;
  std::unique_ptr<Reader> reader;
  base::Stop stop;
  std::unique_ptr<base::Started<void>> running;
};

}  // namespace kcl::consumer
