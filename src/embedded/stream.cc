#include "embedded/stream.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <stdexcept>
#include <utility>

#include "base/md5.h"
#include "embedded/hash_space.h"
#include "embedded/names.h"
#include "embedded/sequence_numbers.h"

namespace kcl::embedded {

namespace {

using std::chrono::milliseconds;

constexpr std::size_t kMaxShards = 10'000;
constexpr std::size_t kMaxPartitionKeyCharacters = 256;
constexpr std::size_t kMaxRecordsPerGet = 10'000;
constexpr std::size_t kMaxBytesPerGet = 10 << 20;

Stream::Options checked(Stream::Options options) {
  std::string faults;
  const auto require = [&faults](bool holds, const char* what) {
    if (!holds) faults += faults.empty() ? what : std::string("; ") + what;
  };
  require(is_resource_name(options.name), "name must be 1 to 128 letters, digits, '_', '.' or '-'");
  require(options.shards >= 1 && options.shards <= kMaxShards, "shards must be 1 to 10,000");
  require(options.retention.count() > 0, "retention must be above zero");
  require(options.iterator_ttl.count() > 0, "iterator_ttl must be above zero");
  require(options.page_token_ttl.count() > 0, "page_token_ttl must be above zero");
  require(options.page_size >= 1, "page_size must be above zero");
  require(options.max_record_bytes >= 1, "max_record_bytes must be above zero");
  if (!faults.empty()) throw std::invalid_argument("embedded stream '" + options.name + "': " + faults);
  return options;
}

std::string purpose(std::string_view what, const Stream::Options& options) {
  return std::string(what) + '|' + options.name + '|' + std::to_string(options.created.time_since_epoch().count());
}

std::string shard_id_of(std::uint32_t index) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "shardId-%012u", index);
  return text.data();
}

std::uint64_t seconds_of(Timestamp time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count();
  return static_cast<std::uint64_t>(std::max<decltype(seconds)>(0, seconds));
}

std::uint64_t word_of(Timestamp time) { return static_cast<std::uint64_t>(time.time_since_epoch().count()); }
Timestamp time_of(std::uint64_t word) { return Timestamp(milliseconds(static_cast<milliseconds::rep>(word))); }

std::size_t bytes_of(const PutRecord& record) { return record.partition_key.size() + record.data.size(); }

std::size_t characters_of(std::string_view utf8) {
  return static_cast<std::size_t>(std::count_if(utf8.begin(), utf8.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;  // all but continuation bytes
  }));
}

}  // namespace

Stream::Stream(Options options)
    : options_(checked(std::move(options))),
      arn_("arn:aws:kinesis:" + options_.region + ':' + options_.account + ":stream/" + options_.name),
      iterators_(purpose("iterator", options_)),
      page_tokens_(purpose("page", options_)),
      now_(options_.created) {
  for (const HashKeyRange& range : even_ranges(options_.shards)) open_shard(range, {});
}

void Stream::advance(Timestamp now) { now_ = std::max(now_, now); }

Stream::ShardState* Stream::find(std::string_view shard_id) {
  const auto shard = std::partition_point(shards_.begin(), shards_.end(),
                                          [shard_id](const ShardState& s) { return s.listing.id < shard_id; });
  const bool found = shard != shards_.end() && shard->listing.id == shard_id && !is_forgotten(*shard);
  return found ? &*shard : nullptr;
}

// Writing

std::optional<std::string> Stream::fault_of(const PutRecord& record) const {
  const std::size_t characters = characters_of(record.partition_key);
  if (characters < 1 || characters > kMaxPartitionKeyCharacters) {
    return "PartitionKey has " + std::to_string(characters) + " characters; it must have 1 to 256.";
  }
  if (bytes_of(record) > options_.max_record_bytes) {
    return "Data and PartitionKey have " + std::to_string(bytes_of(record)) + " bytes; the most is " +
           std::to_string(options_.max_record_bytes) + '.';
  }
  return std::nullopt;
}

KinesisResult<Placement> Stream::put_record(const PutRecord& record, Timestamp now) {
  advance(now);
  if (auto fault = fault_of(record)) return refuse(Kind::invalid_argument, *std::move(fault));
  return append(record);
}

KinesisResult<std::vector<KinesisResult<Placement>>> Stream::put_records(std::span<const PutRecord> records,
                                                                         Timestamp now) {
  advance(now);
  if (records.empty() || records.size() > options_.limits.records_per_put) {
    return refuse(Kind::invalid_argument, "Records has " + std::to_string(records.size()) +
                                              " entries; it must have 1 to " +
                                              std::to_string(options_.limits.records_per_put) + '.');
  }
  std::size_t bytes = 0;
  for (const PutRecord& record : records) {
    if (auto fault = fault_of(record)) return refuse(Kind::invalid_argument, *std::move(fault));
    bytes += bytes_of(record);
  }
  if (bytes > options_.limits.bytes_per_put) {
    return refuse(Kind::invalid_argument, "Records have " + std::to_string(bytes) + " bytes; the most is " +
                                              std::to_string(options_.limits.bytes_per_put) + '.');
  }
  std::vector<KinesisResult<Placement>> outcomes;
  outcomes.reserve(records.size());
  for (const PutRecord& record : records) outcomes.push_back(append(record));
  return outcomes;
}

KinesisResult<Placement> Stream::append(const PutRecord& record) {
  const HashKey key =
      record.explicit_hash_key ? *record.explicit_hash_key : base::hash_of_partition_key(record.partition_key);
  ShardState& shard = shards_[std::prev(open_.upper_bound(key))->second];
  if (!shard.written_records.is_open(now_) || !shard.written_bytes.is_open(now_)) return throttled(shard);
  shard.written_records.charge(1, now_);
  shard.written_bytes.charge(bytes_of(record), now_);

  Placement placement{.shard_id = shard.listing.id,
                      .sequence_number = to_sequence_number({.shard_birth_s = shard.birth_s,
                                                             .ordinal = shard.log.next(),
                                                             .arrival_s = seconds_of(now_),
                                                             .shard_index = shard.index})};
  shard.log.trim(trim_horizon());
  shard.log.append({.sequence_number = placement.sequence_number,
                    .partition_key = record.partition_key,
                    .data = record.data,
                    .approximate_arrival = now_});
  return placement;
}

// Resharding

Stream::ShardState& Stream::open_shard(const HashKeyRange& range, std::span<ShardState* const> parents) {
  const auto index = static_cast<std::uint32_t>(shards_.size());
  std::uint64_t birth_s = seconds_of(now_);
  for (const ShardState* parent : parents) birth_s = std::max(birth_s, parent->birth_s + 1);
  const Limits& limits = options_.limits;
  ShardState& shard = shards_.emplace_back(ShardState{.index = index,
                                                      .birth_s = birth_s,
                                                      .listing = {},
                                                      .opened = now_,
                                                      .closed = {},
                                                      .children = {},
                                                      .log = {},
                                                      .reads = Allowance(limits.reads),
                                                      .read_bytes = Allowance(limits.read_bytes),
                                                      .written_records = Allowance(limits.written_records),
                                                      .written_bytes = Allowance(limits.written_bytes)});
  shard.listing.id = shard_id_of(index);
  if (!parents.empty()) shard.listing.parent_id = parents[0]->listing.id;
  if (parents.size() > 1) shard.listing.adjacent_parent_id = parents[1]->listing.id;
  shard.listing.hash_keys = range;
  // The ordinal before the first record's.
  shard.listing.starting_sequence_number = to_sequence_number(
      {.shard_birth_s = birth_s, .ordinal = RecordLog::kFirstOrdinal - 1, .arrival_s = birth_s, .shard_index = index});
  for (ShardState* parent : parents) parent->children.push_back(index);
  open_.emplace(range.start, index);
  return shard;
}

void Stream::close(ShardState& shard) {
  shard.closed = now_;
  // The ordinal that no record got any more.
  shard.listing.ending_sequence_number = to_sequence_number({.shard_birth_s = shard.birth_s,
                                                             .ordinal = shard.log.next(),
                                                             .arrival_s = seconds_of(now_),
                                                             .shard_index = shard.index});
  open_.erase(shard.listing.hash_keys.start);
}

KinesisResult<std::vector<std::string>> Stream::split_shard(std::string_view shard_id,
                                                            std::optional<HashKey> new_starting_hash_key,
                                                            Timestamp now) {
  advance(now);
  ShardState* const shard = find(shard_id);
  if (shard == nullptr) return no_such_shard(shard_id);
  if (shard->closed) return not_reshardable(*shard);
  const HashKeyRange range = shard->listing.hash_keys;
  const HashKey boundary = new_starting_hash_key ? *new_starting_hash_key : middle(range);
  if (!may_split_at(range, boundary)) {
    return refuse(Kind::invalid_argument,
                  "NewStartingHashKey " + boundary.text() + " used in SplitShard() on shard " + shard->listing.id +
                      " is not both greater than one plus the shard's StartingHashKey " + range.start.text() +
                      " and less than the shard's EndingHashKey " + range.end.text() + '.');
  }
  close(*shard);
  const std::array parents{shard};
  const ShardState& lower = open_shard({.start = range.start, .end = predecessor(boundary)}, parents);
  const ShardState& upper = open_shard({.start = boundary, .end = range.end}, parents);
  return std::vector{lower.listing.id, upper.listing.id};
}

KinesisResult<std::string> Stream::merge_shards(std::string_view shard_id, std::string_view adjacent_shard_id,
                                                Timestamp now) {
  advance(now);
  const std::array parents{find(shard_id), find(adjacent_shard_id)};
  if (parents[0] == nullptr) return no_such_shard(shard_id);
  if (parents[1] == nullptr) return no_such_shard(adjacent_shard_id);
  for (const ShardState* parent : parents) {
    if (parent->closed) return not_reshardable(*parent);
  }
  const auto [lower, upper] = std::minmax(parents[0]->listing.hash_keys, parents[1]->listing.hash_keys,
                                          [](const auto& a, const auto& b) { return a.start < b.start; });
  if (!adjacent(lower, upper)) {
    return refuse(Kind::invalid_argument, "Shards " + std::string(shard_id) + " and " + std::string(adjacent_shard_id) +
                                              " in stream " + options_.name + " are not adjacent.");
  }
  for (ShardState* parent : parents) close(*parent);
  return open_shard({.start = lower.start, .end = upper.end}, parents).listing.id;
}

// Reading

KinesisResult<StreamDescription> Stream::describe(std::string_view stream, Timestamp now) {
  advance(now);
  if (!is_named(stream)) return no_such_stream(stream);
  return StreamDescription{.name = options_.name,
                           .arn = arn_,
                           .created = options_.created,
                           .retention = retention_hours(),
                           .open_shards = open_.size(),
                           .server_time = now_};
}

std::size_t Stream::stored_bytes() const noexcept {
  std::size_t bytes = 0;
  for (const ShardState& shard : shards_) bytes += shard.log.memory();
  return bytes;
}

bool Stream::matches(const ShardState& shard, const ShardFilter& filter) const {
  using Type = ShardFilter::Type;
  if (is_forgotten(shard)) return false;
  const auto was_open_at = [&shard](Timestamp time) {
    return shard.opened <= time && (!shard.closed || *shard.closed >= time);
  };
  switch (filter.type) {
    case Type::none:
    case Type::from_trim_horizon:
    case Type::after_shard_id:  // where the listing begins
      return true;
    case Type::from_timestamp:
      return !shard.closed || *shard.closed >= filter.timestamp;
    case Type::at_trim_horizon:
      return was_open_at(std::max(trim_horizon(), options_.created));
    case Type::at_latest:
      return !shard.closed;
    case Type::at_timestamp:
      break;
  }
  return was_open_at(std::max({filter.timestamp, trim_horizon(), options_.created}));
}

std::size_t Stream::index_after(std::string_view shard_id) const {
  const auto after = std::partition_point(shards_.begin(), shards_.end(),
                                          [shard_id](const ShardState& s) { return s.listing.id <= shard_id; });
  return static_cast<std::size_t>(after - shards_.begin());
}

KinesisResult<ShardPage> Stream::list_shards(const ListShards& request, Timestamp now) {
  advance(now);
  if (!is_named(request.stream)) return no_such_stream(request.stream);
  const bool filtered = request.filter == ListShards::Filter::from_timestamp;
  return query_shards({.filter = {.type = filtered ? ShardFilter::Type::from_timestamp : ShardFilter::Type::none,
                                  .timestamp = request.timestamp,
                                  .shard_id = {}},
                       .exclusive_start = {},
                       .next_token = request.next_token,
                       .max_results = options_.page_size},
                      now);
}

KinesisResult<ShardPage> Stream::query_shards(const ShardQuery& query, Timestamp now) {
  using Type = ShardFilter::Type;
  advance(now);
  ShardFilter filter = query.filter;
  std::size_t index = index_after(query.exclusive_start);
  if (filter.type == Type::after_shard_id) index = std::max(index, index_after(filter.shard_id));
  if (!query.next_token.empty()) {
    const auto token = page_tokens_.open(query.next_token);
    if (!token) return refuse(Kind::invalid_argument, "NextToken is invalid.");
    const auto& [made, next_index, type, timestamp] = *token;
    if (now_ - time_of(made) >= options_.page_token_ttl) {
      return refuse(Kind::invalid_argument, std::string(kExpiredPageToken));
    }
    filter = {.type = static_cast<Type>(type), .timestamp = time_of(timestamp), .shard_id = {}};
    const bool differs = query.filter.type != filter.type || query.filter.timestamp != filter.timestamp;
    if (query.filter.type != Type::none && differs) {
      return refuse(Kind::invalid_argument, "ShardFilter differs from the one that NextToken was given for.");
    }
    index = next_index;
  }

  ShardPage page{.shards = {}, .next_token = {}, .server_time = now_};
  for (; index < shards_.size(); ++index) {
    // Nobody may ever write or read some shards again; listing keeps their old records from staying for ever.
    ShardState& shard = shards_[index];
    shard.log.trim(trim_horizon());
    if (!matches(shard, filter)) continue;
    if (page.shards.size() == query.max_results) {
      page.next_token =
          page_tokens_.seal({word_of(now_), index, static_cast<std::uint64_t>(filter.type), word_of(filter.timestamp)});
      break;
    }
    page.shards.push_back(shard.listing);
  }
  return page;
}

std::string Stream::iterator_at(const ShardState& shard, std::uint64_t ordinal) const {
  return iterators_.seal({word_of(now_), shard.index, ordinal, 0});
}

std::optional<std::uint64_t> Stream::ordinal_of(const ShardState& shard, std::string_view sequence_number) const {
  const auto parts = parse_sequence_number(sequence_number);
  if (!parts || parts->shard_index != shard.index || parts->shard_birth_s != shard.birth_s) return std::nullopt;
  const auto given = [&](std::uint64_t ordinal) -> std::string_view {
    if (ordinal < RecordLog::kFirstOrdinal) return shard.listing.starting_sequence_number;
    if (ordinal < shard.log.first()) return sequence_number;  // trimmed: nothing is left to compare with
    if (ordinal < shard.log.next()) return shard.log.at(ordinal).sequence_number();
    if (ordinal == shard.log.next() && shard.closed) return *shard.listing.ending_sequence_number;
    return {};
  };
  if (given(parts->ordinal) != sequence_number) return std::nullopt;
  return parts->ordinal;
}

KinesisResult<std::uint64_t> Stream::position_of(const ShardState& shard, const GetShardIterator& request) const {
  using Type = GetShardIterator::Type;
  switch (request.type) {
    case Type::trim_horizon:
      return shard.log.first();
    case Type::latest:
      return shard.log.next();
    case Type::at_timestamp:
      if (request.timestamp > now_) {
        return refuse(Kind::invalid_argument, "Timestamp " + to_iso8601(request.timestamp) +
                                                  " is in the future; it is " + to_iso8601(now_) + " now.");
      }
      return shard.log.first_at_or_after(request.timestamp);
    case Type::at_sequence_number:
    case Type::after_sequence_number:
      break;
  }
  const auto ordinal = ordinal_of(shard, request.sequence_number);
  if (!ordinal) {
    return refuse(Kind::invalid_argument, "StartingSequenceNumber " + request.sequence_number +
                                              " used in GetShardIterator on shard " + shard.listing.id + " in stream " +
                                              options_.name + " is invalid because it did not come from this shard.");
  }
  // After the ending number is where the ending number is.
  const std::uint64_t skipped = request.type == Type::after_sequence_number ? 1 : 0;
  return std::min(*ordinal + skipped, shard.log.next());
}

KinesisResult<Stream::Cursor> Stream::cursor_at(const GetShardIterator& request, Timestamp now) {
  advance(now);
  if (!is_named(request.stream)) return no_such_stream(request.stream);
  const ShardState* const shard = find(request.shard_id);
  if (shard == nullptr) return no_such_shard(request.shard_id);
  auto position = position_of(*shard, request);
  if (!position) return Failure{std::move(position).error()};
  return Cursor{.shard = shard->index, .ordinal = *position};
}

KinesisResult<ShardIterator> Stream::get_shard_iterator(const GetShardIterator& request, Timestamp now) {
  const auto cursor = cursor_at(request, now);
  if (!cursor) return Failure{cursor.error()};
  return ShardIterator{.iterator = iterator_at(shards_[cursor->shard], cursor->ordinal), .server_time = now_};
}

KinesisResult<RecordsPage> Stream::get_records(const GetRecords& request, Timestamp now) {
  advance(now);
  if (!is_named(request.stream)) return no_such_stream(request.stream);
  if (request.limit < 1 || request.limit > kMaxRecordsPerGet) {
    return refuse(Kind::invalid_argument, "Limit is " + std::to_string(request.limit) + "; it must be 1 to 10,000.");
  }
  const auto token = iterators_.open(request.iterator);
  if (!token) return refuse(Kind::invalid_argument, "ShardIterator is invalid.");
  const auto& [made, index, ordinal, unused] = *token;
  // A stream of the same name and creation time, but with another history, seals alike.
  if (index >= shards_.size() || ordinal > shards_[index].log.next()) {
    return refuse(Kind::invalid_argument, "ShardIterator is invalid: it points beyond the end of the stream.");
  }
  if (now_ - time_of(made) >= options_.iterator_ttl) {
    return refuse(Kind::expired_iterator, "Iterator expired. It was given at " + to_iso8601(time_of(made)) +
                                              ", now is " + to_iso8601(now_) + '.');
  }
  ShardState& shard = shards_[index];
  if (is_forgotten(shard)) return no_such_shard(shard.listing.id);
  if (!shard.reads.is_open(now_) || !shard.read_bytes.is_open(now_)) return throttled(shard);

  Portion portion = read_on(shard, ordinal, request.limit, kMaxBytesPerGet);
  shard.reads.charge(1, now_);
  shard.read_bytes.charge(portion.slice.bytes, now_);

  RecordsPage page;
  page.server_time = now_;
  page.records = std::move(portion.slice.records);
  page.buffer = std::move(portion.slice.buffer);
  page.behind_latest = portion.behind_latest;
  page.child_shards = std::move(portion.child_shards);
  if (!portion.ends) page.next_iterator = iterator_at(shard, portion.next.ordinal);
  return page;
}

Stream::Portion Stream::read_on(ShardState& shard, std::uint64_t ordinal, std::size_t max_records,
                                std::size_t max_bytes) {
  shard.log.trim(trim_horizon());
  const std::uint64_t from = std::max(ordinal, shard.log.first());
  Portion portion;
  portion.slice = shard.log.read(from, max_records, max_bytes);
  const std::vector<Record>& records = portion.slice.records;
  portion.next = {.shard = shard.index, .ordinal = from + records.size()};
  const bool at_tip = portion.next.ordinal == shard.log.next();
  if (!at_tip) {
    const Record& newest = records.empty() ? shard.log.at(from) : records.back();
    portion.behind_latest = std::max(milliseconds{1}, now_ - newest.approximate_arrival());
  }
  portion.ends = shard.closed && at_tip && (records.empty() || !options_.empty_answer_at_end);
  if (!portion.ends) return portion;
  for (const std::uint32_t child_index : shard.children) {
    const Shard& child = shards_[child_index].listing;
    portion.child_shards.push_back({.id = child.id, .parents = child.parents(), .hash_keys = child.hash_keys});
  }
  return portion;
}

KinesisResult<Stream::Portion> Stream::read(const Cursor& cursor, std::size_t max_records, std::size_t max_bytes,
                                            Timestamp now) {
  advance(now);
  ShardState& shard = shards_.at(cursor.shard);
  if (is_forgotten(shard)) return no_such_shard(shard.listing.id);
  return read_on(shard, cursor.ordinal, max_records, max_bytes);
}

std::string Stream::number_before(const Cursor& cursor) const {
  const ShardState& shard = shards_.at(cursor.shard);
  const std::uint64_t before = std::max(cursor.ordinal, shard.log.first()) - 1;
  if (before < RecordLog::kFirstOrdinal) return shard.listing.starting_sequence_number;
  if (before >= shard.log.first()) return std::string(shard.log.at(before).sequence_number());
  // Trimmed: any number of that ordinal is taken for it.
  return to_sequence_number(
      {.shard_birth_s = shard.birth_s, .ordinal = before, .arrival_s = shard.birth_s, .shard_index = shard.index});
}

// Refusals

Failure<KinesisError> Stream::refuse(Kind kind, std::string message) const {
  return {KinesisError{.kind = kind, .message = std::move(message), .server_time = now_}};
}

Failure<KinesisError> Stream::no_such_stream(std::string_view stream) const {
  return refuse(Kind::not_found, "Stream " + std::string(stream) + " not found; there is only " + options_.name + '.');
}

Failure<KinesisError> Stream::no_such_shard(std::string_view shard_id) const {
  return refuse(Kind::not_found, "Shard " + std::string(shard_id) + " in stream " + options_.name + " does not exist.");
}

Failure<KinesisError> Stream::not_reshardable(const ShardState& shard) const {
  return refuse(Kind::invalid_argument,
                "Shard " + shard.listing.id + " in stream " + options_.name + " has already been merged or split.");
}

Failure<KinesisError> Stream::throttled(const ShardState& shard) const {
  return refuse(Kind::throttled, "Rate exceeded for shard " + shard.listing.id + " in stream " + options_.name + '.');
}

}  // namespace kcl::embedded
