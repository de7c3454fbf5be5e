#include "wire/answer_reader.h"

#include <algorithm>
#include <cmath>

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

bool is_sequence_number(std::string_view number) {
  constexpr std::size_t kLongest = 128;
  // All of them: a loop without a way out is done many at a time.
  unsigned others = 0;
  for (const char c : number) others |= static_cast<unsigned>(static_cast<unsigned char>(c - '0') > 9);
  const bool digits = others == 0;
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
