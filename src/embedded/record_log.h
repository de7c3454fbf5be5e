// The records of one shard: appended at one end, trimmed at the other, read from any ordinal.
//
// Bytes are written once, into blocks that never move or change afterwards. A slice shares the blocks that it touches,
// so it costs no copy of a payload, stays valid after the records were trimmed, and may be read and dropped on any
// thread while the log grows. The log itself is for one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string_view>
#include <vector>

#include <kcl/record.h>
#include <kcl/timestamp.h>

namespace kcl::embedded {

class RecordLog {
 public:
  struct Slice {
    /// Views into `buffer`.
    std::vector<Record> records;
    std::shared_ptr<const void> buffer;
    /// Of data and partition keys.
    std::size_t bytes = 0;
  };

  /// Records count from 1, in the order of their writing, and keep their ordinal when older ones are trimmed.
  static constexpr std::uint64_t kFirstOrdinal = 1;

  /// The oldest record that is still held; next() when there is none.
  std::uint64_t first() const noexcept { return first_; }
  /// The ordinal that the next record will get.
  std::uint64_t next() const noexcept { return next_; }

  /// What the held records take in memory, about.
  std::size_t memory() const noexcept { return capacity_ + (next_ - first_) * sizeof(Record); }

  /// Precondition: the record arrived no earlier than the one before. Takes a copy of its bytes.
  void append(const Record::Fields& record);

  /// Precondition: first() <= ordinal < next().
  const Record& at(std::uint64_t ordinal) const;

  /// The oldest held record that arrived at `time` or later; next() when none did.
  std::uint64_t first_at_or_after(Timestamp time) const;

  /// From `from` on (first() <= from <= next()), until `max_records` or `max_bytes` is reached; one record at least, if
  /// there is one.
  Slice read(std::uint64_t from, std::size_t max_records, std::size_t max_bytes) const;

  /// Forgets the records that arrived before `horizon`.
  void trim(Timestamp horizon);

 private:
  struct Block {
    std::uint64_t first_ordinal = 0;
    std::shared_ptr<char[]> bytes;
    std::size_t capacity = 0;
    std::size_t used = 0;
    std::vector<Record> records;

    std::uint64_t end() const { return first_ordinal + records.size(); }
    std::string_view store(std::string_view text);
  };

  Block& block_with_room(std::size_t size);
  std::deque<Block>::const_iterator block_of(std::uint64_t ordinal) const;

  /// Adjacent, none empty.
  std::deque<Block> blocks_;
  std::size_t capacity_ = 0;
  std::uint64_t first_ = kFirstOrdinal;
  std::uint64_t next_ = kFirstOrdinal;
};

}  // namespace kcl::embedded
