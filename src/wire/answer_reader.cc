#include "wire/answer_reader.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/check.h"
#include "wire/base64.h"

namespace kcl::wire {

std::optional<Timestamp> time_of(double milliseconds) {
  constexpr std::int64_t kLastMillisecond = 253'402'300'799'999;  // of the year 9999
  // Written so that what is no number fails too.
  if (!(milliseconds >= 0 && milliseconds <= static_cast<double>(kLastMillisecond))) return std::nullopt;
  return Timestamp(std::chrono::milliseconds(std::llround(milliseconds)));
}

std::string printable(std::string_view name) {
  constexpr std::size_t kLongest = 64;
  std::string text(name.substr(0, kLongest));
  std::replace_if(text.begin(), text.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return text;
}

namespace {

/// Eight at a time: it is asked of every record.
bool all_digits(std::string_view text) {
  constexpr std::uint64_t kHighHalves = 0xF0F0'F0F0'F0F0'F0F0;
  constexpr std::uint64_t kThrees = 0x3030'3030'3030'3030;
  constexpr std::uint64_t kSixes = 0x0606'0606'0606'0606;  // from 0x3A on the high half is another
  for (; text.size() >= sizeof(std::uint64_t); text.remove_prefix(sizeof(std::uint64_t))) {
    std::uint64_t eight = 0;
    std::memcpy(&eight, text.data(), sizeof eight);
    if ((eight & kHighHalves) != kThrees || ((eight + kSixes) & kHighHalves) != kThrees) return false;
  }
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

bool is_sequence_number(std::string_view number) {
  constexpr std::size_t kLongest = 128;
  const bool digits = all_digits(number);
  const bool canonical = number == "0" || !number.starts_with('0');
  return digits && canonical && !number.empty() && number.size() <= kLongest;
}

std::string_view Arena::keep(std::string_view bytes) {
  make_room(bytes.size());
  const std::size_t begin = bytes_.size();
  bytes_ += bytes;
  return std::string_view(bytes_).substr(begin);
}

std::optional<std::string_view> Arena::keep_base64(std::string_view text) {
  make_room(text.size());
  const std::size_t begin = bytes_.size();
  if (!base64_decode_onto(bytes_, text)) return std::nullopt;
  return std::string_view(bytes_).substr(begin);
}

void Arena::make_room(std::size_t size) {
  if (bytes_.capacity() < bound_) bytes_.reserve(bound_);
  base::check(size <= bytes_.capacity() - bytes_.size(), "an answer decodes to no more bytes than it has");
}

}  // namespace kcl::wire
