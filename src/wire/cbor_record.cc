#include "wire/cbor_record.h"

#include <chrono>
#include <cstdint>
#include <optional>

#include "wire/answer_reader.h"

namespace kcl::wire {

namespace {

// First bytes of items: the major type, and with it the value or how long the value is.
constexpr std::uint8_t kUnsigned64 = 0x1B;
constexpr std::uint8_t kBytes = 0x40;
constexpr std::uint8_t kText = 0x60;
constexpr std::uint8_t kMap = 0xA0;
constexpr std::uint8_t kMapWithoutLength = 0xBF;
constexpr std::uint8_t kTimeTag = 0xC1;
constexpr std::uint8_t kBreak = 0xFF;

// What follows a first byte's type.
constexpr std::uint8_t kMajor = 0xE0;
constexpr std::uint8_t kOneByte = 24;
constexpr std::uint8_t kFourBytes = 26;

class Cursor {
 public:
  explicit Cursor(std::string_view input) : input_(input) {}

  std::size_t at() const { return at_; }
  /// 0 at the end, where nothing fits.
  std::uint8_t first() const { return at_ < input_.size() ? static_cast<std::uint8_t>(input_[at_]) : 0; }
  void pass() { ++at_; }

  std::optional<std::string_view> string(std::uint8_t type) {
    const std::uint8_t head = first();
    if ((head & kMajor) != type || at_ == input_.size()) return std::nullopt;
    std::uint64_t size = head & ~kMajor;
    ++at_;
    if (size > kFourBytes) return std::nullopt;
    if (size >= kOneByte) {
      const auto read = number(std::size_t{1} << (size - kOneByte));
      if (!read) return std::nullopt;
      size = *read;
    }
    if (size > input_.size() - at_) return std::nullopt;
    const std::string_view text(input_.data() + at_, size);
    at_ += size;
    return text;
  }

  std::optional<std::uint64_t> number(std::size_t size) {
    if (size > input_.size() - at_) return std::nullopt;
    std::uint64_t value = 0;
    for (const std::size_t end = at_ + size; at_ < end; ++at_)
      value = value << 8 | static_cast<unsigned char>(input_[at_]);
    return value;
  }

 private:
  std::string_view input_;
  std::size_t at_ = 0;
};

bool read_time(Cursor& in, Timestamp& time) {
  if (in.first() == kTimeTag) in.pass();
  if (in.first() != kUnsigned64) return false;
  in.pass();
  const auto milliseconds = in.number(sizeof(std::uint64_t));
  if (!milliseconds) return false;
  const auto read = time_of(static_cast<double>(*milliseconds));
  if (read) time = *read;
  return read.has_value();
}

bool read_member(Cursor& in, Record::Fields& fields) {
  const auto name = in.string(kText);
  if (!name) return false;
  if (*name == "ApproximateArrivalTimestamp") return read_time(in, fields.approximate_arrival);
  const bool data = *name == "Data";
  const auto value = in.string(data ? kBytes : kText);
  if (!value) return false;
  if (data) {
    fields.data = *value;
  } else if (*name == "SequenceNumber") {
    fields.sequence_number = *value;
  } else if (*name == "PartitionKey") {
    fields.partition_key = *value;
  }
  return true;
}

}  // namespace

std::size_t read_plain_record(std::string_view input, Record::Fields& fields) {
  Cursor in(input);
  const std::uint8_t head = in.first();
  const bool has_length = head >= kMap && head < kMap + kOneByte;
  if (!has_length && head != kMapWithoutLength) return 0;
  in.pass();
  for (int left = has_length ? head - kMap : -1; left != 0; --left) {
    if (!has_length && in.first() == kBreak) {
      in.pass();
      break;
    }
    if (!read_member(in, fields)) return 0;
  }
  // A `data` that points nowhere was not there: empty data has its place, too.
  const bool complete = is_sequence_number(fields.sequence_number) && fields.data.data() != nullptr;
  return complete ? in.at() : 0;
}

}  // namespace kcl::wire
