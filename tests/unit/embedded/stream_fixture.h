// A stream with a clock that the test turns, and short forms of its calls.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <kcl/position.h>

#include "embedded/stream.h"

namespace kcl::embedded {

using Kind = KinesisError::Kind;
using Iterator = GetShardIterator::Type;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

inline constexpr const char* kShard0 = "shardId-000000000000";
inline constexpr const char* kShard1 = "shardId-000000000001";
inline constexpr const char* kShard2 = "shardId-000000000002";
inline constexpr const char* kShard3 = "shardId-000000000003";

class StreamTest : public ::testing::Test {
 protected:
  static constexpr Timestamp kStart{std::chrono::sys_days{std::chrono::year{2026} / 1 / 1}};

  StreamTest() { make({}); }

  /// Without limits unless told otherwise.
  void make(Stream::Options options, const Limits& limits = Limits::none()) {
    now = kStart;
    options.name = "orders";
    options.created = kStart;
    options.limits = limits;
    stream.emplace(std::move(options));
  }

  Placement put(const std::string& key, const std::string& data) {
    return stream->put_record({.partition_key = key, .data = data}, now).value();
  }
  /// To the shard that holds `hash_key`.
  Placement put_at(const HashKey& hash_key, const std::string& data = "data") {
    return stream->put_record({.partition_key = "key", .data = data, .explicit_hash_key = hash_key}, now).value();
  }

  KinesisResult<ShardIterator> iterator_result(const std::string& shard, Iterator type, const std::string& number = {},
                                               Timestamp timestamp = {}) {
    return stream->get_shard_iterator(
        {.stream = "orders", .shard_id = shard, .type = type, .sequence_number = number, .timestamp = timestamp}, now);
  }
  std::string iterator(const std::string& shard, Iterator type = Iterator::trim_horizon, const std::string& number = {},
                       Timestamp timestamp = {}) {
    return iterator_result(shard, type, number, timestamp).value().iterator;
  }

  KinesisResult<RecordsPage> get_result(const std::string& from, std::size_t limit = 10'000) {
    return stream->get_records({.stream = "orders", .iterator = from, .limit = limit}, now);
  }
  RecordsPage get(const std::string& from, std::size_t limit = 10'000) { return get_result(from, limit).value(); }

  std::vector<std::string> data_of(const RecordsPage& page) {
    std::vector<std::string> data;
    for (const Record& record : page.records) data.emplace_back(record.text());
    return data;
  }
  /// What one get gives from an iterator of that type.
  std::vector<std::string> data_from(const std::string& shard, Iterator type, const std::string& number = {},
                                     Timestamp timestamp = {}) {
    return data_of(get(iterator(shard, type, number, timestamp)));
  }

  /// All pages.
  std::vector<Shard> list(ListShards::Filter filter = ListShards::Filter::none, Timestamp timestamp = {}) {
    std::vector<Shard> shards;
    ListShards request{.stream = "orders", .filter = filter, .timestamp = timestamp};
    do {
      ShardPage page = stream->list_shards(request, now).value();
      shards.insert(shards.end(), page.shards.begin(), page.shards.end());
      request.next_token = page.next_token;
    } while (!request.next_token.empty());
    return shards;
  }
  /// "0 1 4": the indexes of the shards listed.
  std::string listed(ListShards::Filter filter = ListShards::Filter::none, Timestamp timestamp = {}) {
    std::string indexes;
    for (const Shard& shard : list(filter, timestamp)) {
      indexes += (indexes.empty() ? "" : " ") + std::to_string(std::stoi(shard.id.substr(8)));
    }
    return indexes;
  }

  void split(const std::string& shard) { ASSERT_TRUE(stream->split_shard(shard, std::nullopt, now)) << shard; }
  void merge(const std::string& shard, const std::string& adjacent) {
    ASSERT_TRUE(stream->merge_shards(shard, adjacent, now)) << shard << ' ' << adjacent;
  }

  Timestamp now = kStart;
  std::optional<Stream> stream;
};

/// Whether `a` is the smaller sequence number.
inline bool precedes(const std::string& a, const std::string& b) { return compare_sequence_numbers(a, b) < 0; }

/// The kind of the error, or nothing when there is none.
template <class T>
std::optional<Kind> kind_of(const KinesisResult<T>& result) {
  return result ? std::nullopt : std::optional(result.error().kind);
}

}  // namespace kcl::embedded
