#include "embedded/record_log.h"

#include <algorithm>
#include <utility>

namespace kcl::embedded {

namespace {

// A shard with few records should stay small, and a kept slice should not hold much more than its own bytes.
constexpr std::size_t kSmallestBlock = 4 << 10;
constexpr std::size_t kLargestBlock = 1 << 20;

std::size_t bytes_of(const Record& record) { return record.partition_key().size() + record.text().size(); }

}  // namespace

std::string_view RecordLog::Block::store(std::string_view text) {
  char* const place = bytes.get() + used;
  std::copy(text.begin(), text.end(), place);
  used += text.size();
  return {place, text.size()};
}

RecordLog::Block& RecordLog::block_with_room(std::size_t size) {
  if (!blocks_.empty() && blocks_.back().capacity - blocks_.back().used >= size) return blocks_.back();
  const std::size_t twice_the_last = blocks_.empty() ? 0 : 2 * blocks_.back().capacity;
  const std::size_t capacity = std::max(size, std::clamp(twice_the_last, kSmallestBlock, kLargestBlock));
  blocks_.push_back({.first_ordinal = next_,
                     .bytes = std::make_shared_for_overwrite<char[]>(capacity),
                     .capacity = capacity,
                     .used = 0,
                     .records = {}});
  capacity_ += capacity;
  return blocks_.back();
}

void RecordLog::append(const Record::Fields& record) {
  Block& block = block_with_room(record.sequence_number.size() + record.partition_key.size() + record.data.size());
  Record::Fields stored = record;
  stored.sequence_number = block.store(record.sequence_number);
  stored.partition_key = block.store(record.partition_key);
  stored.data = block.store(record.data);
  block.records.emplace_back(stored);
  ++next_;
}

std::deque<RecordLog::Block>::const_iterator RecordLog::block_of(std::uint64_t ordinal) const {
  return std::partition_point(blocks_.begin(), blocks_.end(),
                              [ordinal](const Block& block) { return block.end() <= ordinal; });
}

const Record& RecordLog::at(std::uint64_t ordinal) const {
  const auto block = block_of(ordinal);
  return block->records[ordinal - block->first_ordinal];
}

std::uint64_t RecordLog::first_at_or_after(Timestamp time) const {
  const auto earlier = [time](const Record& record) { return record.approximate_arrival() < time; };
  const auto block =
      std::partition_point(blocks_.begin(), blocks_.end(), [&](const Block& b) { return earlier(b.records.back()); });
  if (block == blocks_.end()) return next_;
  const auto record = std::partition_point(block->records.begin(), block->records.end(), earlier);
  const auto index = static_cast<std::uint64_t>(record - block->records.begin());
  return std::max(first_, block->first_ordinal + index);
}

RecordLog::Slice RecordLog::read(std::uint64_t from, std::size_t max_records, std::size_t max_bytes) const {
  Slice slice;
  if (from == next_) return slice;
  const std::uint64_t end = from + std::min<std::uint64_t>(max_records, next_ - from);
  slice.records.reserve(end - from);
  auto touched = std::make_shared<std::vector<std::shared_ptr<const char[]>>>();
  bool full = false;
  for (auto block = block_of(from); from < end && !full; ++block) {
    touched->push_back(block->bytes);
    for (const std::uint64_t stop = std::min(end, block->end()); from < stop; ++from) {
      const Record& record = block->records[from - block->first_ordinal];
      const std::size_t size = bytes_of(record);
      full = !slice.records.empty() && slice.bytes + size > max_bytes;
      if (full) break;
      slice.records.push_back(record);
      slice.bytes += size;
    }
  }
  slice.buffer = std::move(touched);
  return slice;
}

void RecordLog::trim(Timestamp horizon) {
  first_ = first_at_or_after(horizon);
  while (!blocks_.empty() && blocks_.front().end() <= first_) {
    capacity_ -= blocks_.front().capacity;
    blocks_.pop_front();
  }
}

}  // namespace kcl::embedded
