// One Kinesis stream in memory, with the service's semantics: what the simulation reads from, and what
// kcl::testing::EmbeddedStream wraps for programs.
//
// A plain state machine: one thread at a time, no clock, no chance. Every call is given the time, and the same calls
// give the same answers, sequence numbers and iterators included. The stream's time never runs backwards: a call with
// an earlier time than the one before it happens at that one's time.
//
// It answers as AWS does, not as the emulators do. What it leaves out: a stream that is UPDATING (resharding is
// immediate), limits per account. Errors carry the stream's time, as answers do. Enhanced fan-out is built on it by
// Consumers and Subscriptions.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <kcl/hash_key.h>
#include <kcl/kinesis.h>
#include <kcl/testing/put_record.h>
#include <kcl/timestamp.h>

#include "embedded/limits.h"
#include "embedded/record_log.h"
#include "embedded/shard_query.h"
#include "embedded/tokens.h"

namespace kcl::embedded {

using testing::Placement;
using testing::PutRecord;

/// What query_shards() says of a page token that is too old: AWS has an error of its own for it.
inline constexpr std::string_view kExpiredPageToken = "NextToken has expired.";

class Stream {
 public:
  struct Options {
    /// 1 to 128 letters, digits, '_', '.' and '-'.
    std::string name = "embedded";
    /// Parts of the stream's ARN.
    std::string region = "us-east-1";
    std::string account = "000000000000";
    /// Open from the start, of equal width. 1 to 10,000.
    std::size_t shards = 1;
    Timestamp created{};
    /// Records are gone, and closed shards forgotten, when they are older than this. describe() gives it in whole
    /// hours, rounded up.
    std::chrono::milliseconds retention = std::chrono::hours{24};
    std::chrono::milliseconds iterator_ttl = std::chrono::minutes{5};
    std::chrono::milliseconds page_token_ttl = std::chrono::minutes{5};
    /// Shards on a page of list_shards().
    std::size_t page_size = 1'000;
    /// Of data and partition key together.
    std::size_t max_record_bytes = 1 << 20;
    /// On AWS a closed shard may show its end only in an empty answer after the one with its last records. With false
    /// they come together.
    bool empty_answer_at_end = true;
    Limits limits;
  };

  /// Throws std::invalid_argument that names every wrong option.
  explicit Stream(Options options);

  const std::string& name() const noexcept { return options_.name; }
  const std::string& arn() const noexcept { return arn_; }
  /// Of records that are held: what they take in memory, about.
  std::size_t stored_bytes() const noexcept;
  std::size_t open_shards() const noexcept { return open_.size(); }
  /// Rounded up.
  std::chrono::hours retention_hours() const { return std::chrono::ceil<std::chrono::hours>(options_.retention); }
  std::size_t max_record_bytes() const noexcept { return options_.max_record_bytes; }

  // Settings that a stream may change while it lives. Both must be above zero.

  void set_retention(std::chrono::milliseconds retention) { options_.retention = retention; }
  void set_max_record_bytes(std::size_t bytes) { options_.max_record_bytes = bytes; }

  // Writing. invalid_argument: a partition key that is empty or longer than 256 characters, a record that is too large,
  // a request that is empty or larger than the limits. throttled: the shard's allowance is used up.

  KinesisResult<Placement> put_record(const PutRecord& record, Timestamp now);
  /// In the order of `records`, each with its own outcome: a shard may throttle some. The whole is refused when one is
  /// invalid.
  KinesisResult<std::vector<KinesisResult<Placement>>> put_records(std::span<const PutRecord> records, Timestamp now);

  // Resharding. not_found: no such shard. invalid_argument: the shard is closed, the hash key is no place to split at,
  // the shards are not adjacent. Both take effect at once.

  /// Without `new_starting_hash_key`, in the middle. Returns the children, the lower one first.
  KinesisResult<std::vector<std::string>> split_shard(std::string_view shard_id,
                                                      std::optional<HashKey> new_starting_hash_key, Timestamp now);
  /// In either order. Returns the child.
  KinesisResult<std::string> merge_shards(std::string_view shard_id, std::string_view adjacent_shard_id, Timestamp now);

  // Reading, as kcl::Kinesis has it. A request that names another stream (by name or ARN) is not_found.

  KinesisResult<StreamDescription> describe(std::string_view stream, Timestamp now);
  /// A page token keeps the filter of the first page; a different filter beside it is an invalid_argument, as is a
  /// token that is older than `page_token_ttl`.
  KinesisResult<ShardPage> list_shards(const ListShards& request, Timestamp now);
  /// The same of this stream, with everything that AWS can be asked. A shard id in the filter need not exist.
  KinesisResult<ShardPage> query_shards(const ShardQuery& query, Timestamp now);
  /// The position is fixed here, so an iterator survives resharding. A sequence number must be one of this shard: of a
  /// record that was written to it (trimmed ones stand for the trim horizon), its starting or its ending number;
  /// anything else is an invalid_argument.
  KinesisResult<ShardIterator> get_shard_iterator(const GetShardIterator& request, Timestamp now);
  /// 10 MB at most, but one record at least. `behind_latest` is zero when nothing is left to read at this moment;
  /// otherwise the age of the last record of the answer, and at least a millisecond.
  KinesisResult<RecordsPage> get_records(const GetRecords& request, Timestamp now);

  // Reading without the limits of GetRecords: what enhanced fan-out is made of.

  /// The next record to read.
  struct Cursor {
    std::uint32_t shard = 0;
    std::uint64_t ordinal = RecordLog::kFirstOrdinal;
  };
  struct Portion {
    RecordLog::Slice slice;
    /// Behind the records of the slice.
    Cursor next;
    /// As of RecordsPage.
    std::chrono::milliseconds behind_latest{0};
    /// The shard is closed, and this was the last that is read of it; then it has children.
    bool ends = false;
    std::vector<ChildShard> child_shards;
  };
  /// As get_shard_iterator().
  KinesisResult<Cursor> cursor_at(const GetShardIterator& request, Timestamp now);
  /// not_found once the shard is forgotten. Precondition: the cursor is one of this stream.
  KinesisResult<Portion> read(const Cursor& cursor, std::size_t max_records, std::size_t max_bytes, Timestamp now);
  /// A number of the shard after which reading comes to the cursor.
  std::string number_before(const Cursor& cursor) const;

 private:
  using Kind = KinesisError::Kind;

  struct ShardState {
    std::uint32_t index = 0;
    /// In seconds since 1970; greater than the parents', whatever the clock says, so that the numbers of children are
    /// greater.
    std::uint64_t birth_s = 0;
    Shard listing;
    Timestamp opened{};
    std::optional<Timestamp> closed;
    std::vector<std::uint32_t> children;
    RecordLog log;
    Allowance reads;
    Allowance read_bytes;
    Allowance written_records;
    Allowance written_bytes;
  };

  void advance(Timestamp now);
  Timestamp trim_horizon() const { return now_ - options_.retention; }
  bool is_forgotten(const ShardState& shard) const { return shard.closed && *shard.closed < trim_horizon(); }
  bool matches(const ShardState& shard, const ShardFilter& filter) const;
  std::size_t index_after(std::string_view shard_id) const;
  bool is_named(std::string_view stream) const { return stream == options_.name || stream == arn_; }
  /// Null when the shard never was or is forgotten.
  ShardState* find(std::string_view shard_id);

  std::optional<std::string> fault_of(const PutRecord& record) const;
  KinesisResult<Placement> append(const PutRecord& record);

  ShardState& open_shard(const HashKeyRange& range, std::span<ShardState* const> parents);
  void close(ShardState& shard);

  Portion read_on(ShardState& shard, std::uint64_t ordinal, std::size_t max_records, std::size_t max_bytes);
  std::string iterator_at(const ShardState& shard, std::uint64_t ordinal) const;
  KinesisResult<std::uint64_t> position_of(const ShardState& shard, const GetShardIterator& request) const;
  /// Empty when the number is none of this shard.
  std::optional<std::uint64_t> ordinal_of(const ShardState& shard, std::string_view sequence_number) const;

  Failure<KinesisError> refuse(Kind kind, std::string message) const;
  Failure<KinesisError> no_such_stream(std::string_view stream) const;
  Failure<KinesisError> no_such_shard(std::string_view shard_id) const;
  Failure<KinesisError> not_reshardable(const ShardState& shard) const;
  Failure<KinesisError> throttled(const ShardState& shard) const;

  Options options_;
  const std::string arn_;
  const TokenSeal iterators_;
  const TokenSeal page_tokens_;
  Timestamp now_;
  /// Every shard there ever was, by index, which is also the order of ids. Forgotten ones hold no records.
  std::deque<ShardState> shards_;
  /// Open shards by the start of their range; the ranges partition the whole space.
  std::map<HashKey, std::uint32_t> open_;
};

}  // namespace kcl::embedded
