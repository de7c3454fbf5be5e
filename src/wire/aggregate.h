// KPL aggregates: many user records in one Kinesis record. Source: the KPL's aggregated record format
// (awslabs/amazon-kinesis-producer, aggregation-format.md): magic, a protocol buffers message, MD5 of the message.
//
// Reading takes any bytes, copies none of them, and never reads past their end. What is no aggregate in every part is
// not read in part: whoever asks delivers it as it is (C12).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace kcl::wire {

/// A view into the aggregate.
struct UserRecord {
  std::string_view partition_key;
  /// Its partition key's place in the aggregate's table: records with the same one have the same key.
  std::size_t key_index = 0;
  /// Decimal, if its producer wrote what it should; goes before the partition key's hash.
  std::optional<std::string_view> explicit_hash_key = {};
  std::string_view data;
};

enum class Seal : std::uint8_t {
  none,    ///< it does not begin as an aggregate does
  broken,  ///< it does, but its checksum is wrong
  whole,
};

/// Of each of them. That is most of the work, and for several at a time much less than one by one.
void look_at_seals(std::span<const std::string_view> datas, std::span<Seal> seals);

/// Reads one aggregate after the other; keeps its memory between them.
class AggregateReader {
 public:
  /// Precondition: its seal is whole. False when it has no user records, or a part of it is wrong all the same.
  /// `data` outlives the reading of its records.
  bool open(std::string_view data);

  /// User records of the aggregate that is open.
  std::size_t size() const noexcept { return entries_.size(); }
  /// Entries of its table of partition keys: what key_index counts.
  std::size_t keys() const noexcept { return keys_.size(); }
  /// The next user record, in the order in which they were put. False after the last.
  bool next(UserRecord& record);

 private:
  /// A user record as its message has it: places in the tables, which may come after it.
  struct Entry {
    std::uint64_t key_index = 0;
    std::uint64_t hash_key_index = 0;
    std::string_view data = {};
    bool has_key = false;
    bool has_hash_key = false;
    bool has_data = false;
  };

  static void read_entry(std::string_view message, Entry& entry);
  bool take_message(std::string_view message);
  bool is_whole(const Entry& entry) const;
  void clear();

  std::vector<std::string_view> keys_;
  std::vector<std::string_view> hash_keys_;
  std::vector<Entry> entries_;
  /// What next() gives.
  std::size_t next_ = 0;
};

/// Whether it begins as an aggregate does: cheap, and right for all but a few records.
bool looks_aggregated(std::string_view data) noexcept;

}  // namespace kcl::wire
