// Records as they are delivered: views into one shared buffer per batch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <kcl/position.h>
#include <kcl/timestamp.h>

namespace kcl {

class OwnedRecord;

/// One record of a batch. A view: it is valid as long as the RecordBatch (or any copy of that handle) lives.
/// Reading is safe from any thread.
class Record {
 public:
  struct Fields {
    std::string_view sequence_number;
    std::string_view partition_key;
    std::string_view data;
    Timestamp approximate_arrival{};
    std::uint64_t sub_sequence_number = 0;
  };
  explicit Record(const Fields& fields) : fields_(fields) {}

  /// Decimal digits; unique in the stream. Together with sub_sequence_number() it names a user record.
  std::string_view sequence_number() const noexcept { return fields_.sequence_number; }
  /// Index inside a KPL aggregate; 0 for a plain record.
  std::uint64_t sub_sequence_number() const noexcept { return fields_.sub_sequence_number; }
  std::string_view partition_key() const noexcept { return fields_.partition_key; }
  std::span<const std::byte> data() const noexcept {
    return std::as_bytes(std::span(fields_.data.data(), fields_.data.size()));
  }
  /// The data as text. kclpp does not check that it is UTF-8.
  std::string_view text() const noexcept { return fields_.data; }
  /// The server's time of arrival, in milliseconds; not unique and not strictly increasing (AWS: Record).
  Timestamp approximate_arrival() const noexcept { return fields_.approximate_arrival; }
  Position position() const;

  /// Copies this one record, so that it may outlive its batch without keeping the whole batch in memory.
  OwnedRecord copy() const;

 private:
  Fields fields_;
};

/// A record that owns its bytes. Copying shares them.
class OwnedRecord {
 public:
  explicit OwnedRecord(const Record& record);
  const Record& operator*() const noexcept { return record_; }
  const Record* operator->() const noexcept { return &record_; }

 private:
  std::shared_ptr<const std::string> bytes_;
  Record record_;
};

/// What one answer of the service brought for one shard, in sequence order. A cheap counted handle: copying it shares
/// the buffer, and a copy that the program keeps is charged to it in the worker's memory budget (C11). Immutable; safe
/// to read and to destroy on any thread.
class RecordBatch {
 public:
  struct Content {
    std::string shard_id;
    std::vector<Record> records;
    std::chrono::milliseconds behind_latest{0};
    std::size_t bytes = 0;
    /// Whatever the records' views point into.
    std::shared_ptr<const void> buffer;
  };
  explicit RecordBatch(std::shared_ptr<const Content> content)
      : content_(std::move(content)), records_(content_->records), bytes_(content_->bytes) {}

  /// `count` of its records, from the one at `first` on, as a batch of their own: it shares the buffer, and keeps all
  /// of it. Throws std::out_of_range when there are not so many.
  RecordBatch part(std::size_t first, std::size_t count) const;

  const std::string& shard_id() const noexcept { return content_->shard_id; }
  std::span<const Record> records() const noexcept { return records_; }
  auto begin() const noexcept { return records_.begin(); }
  auto end() const noexcept { return records_.end(); }
  std::size_t size() const noexcept { return records_.size(); }
  bool empty() const noexcept { return records_.empty(); }
  const Record& operator[](std::size_t i) const { return records_[i]; }
  const Record& front() const { return records_.front(); }
  const Record& back() const { return records_.back(); }
  /// Bytes of data and partition keys.
  std::size_t bytes() const noexcept { return bytes_; }
  /// The service's MillisBehindLatest with this answer: how far this shard's reader was behind its tip.
  std::chrono::milliseconds behind_latest() const noexcept { return content_->behind_latest; }

 private:
  std::shared_ptr<const Content> content_;
  std::span<const Record> records_;
  std::size_t bytes_;
};

}  // namespace kcl
