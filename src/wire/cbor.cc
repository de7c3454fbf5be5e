#include "wire/cbor.h"

#include <array>
#include <bit>
#include <cmath>
#include <limits>

namespace kcl::wire {
namespace {

constexpr std::uint8_t kUnsigned = 0;
constexpr std::uint8_t kNegative = 1;
constexpr std::uint8_t kBytes = 2;
constexpr std::uint8_t kText = 3;
constexpr std::uint8_t kMap = 5;
constexpr std::uint8_t kTag = 6;
constexpr std::uint8_t kSimple = 7;

// Of `info`, the low five bits of an item's first byte.
constexpr std::uint8_t kFalse = 20;
constexpr std::uint8_t kTrue = 21;
constexpr std::uint8_t kNull = 22;
constexpr std::uint8_t kUndefined = 23;
constexpr std::uint8_t kOneByte = 24;
constexpr std::uint8_t kHalf = 25;
constexpr std::uint8_t kSingle = 26;
constexpr std::uint8_t kDouble = 27;
constexpr std::uint8_t kIndefinite = 31;

constexpr char kBreak = '\xFF';

/// By major type; the last one has many.
constexpr std::array<CborType, 7> kTypes = {CborType::integer, CborType::integer, CborType::bytes, CborType::text,
                                            CborType::array,   CborType::map,     CborType::other};

CborType type_of(std::uint8_t major, std::uint8_t info) {
  if (major < kSimple) return kTypes[major];
  if (info == kFalse || info == kTrue) return CborType::boolean;
  if (info == kNull || info == kUndefined) return CborType::null;
  return info >= kHalf && info <= kDouble ? CborType::floating : CborType::other;
}

std::string_view name_of(CborType type) {
  switch (type) {
    case CborType::integer:
      return "an integer";
    case CborType::floating:
      return "a float";
    case CborType::bytes:
      return "bytes";
    case CborType::text:
      return "a text";
    case CborType::array:
      return "an array";
    case CborType::map:
      return "a map";
    case CborType::boolean:
      return "a boolean";
    case CborType::null:
      return "null";
    case CborType::other:
      return "a simple value";
    case CborType::end:
      break;
  }
  return "the end";
}

double half(std::uint64_t bits) {
  const int exponent = static_cast<int>(bits >> 10 & 0x1F);
  const double fraction = static_cast<double>(bits & 0x3FF);
  double value = 0;
  if (exponent == 0) {
    value = std::ldexp(fraction, -24);
  } else if (exponent == 31) {
    value = fraction == 0 ? std::numeric_limits<double>::infinity() : std::numeric_limits<double>::quiet_NaN();
  } else {
    value = std::ldexp(fraction + 1024, exponent - 25);
  }
  return (bits & 0x8000) != 0 ? -value : value;
}

double float_of(std::uint8_t info, std::uint64_t bits) {
  if (info == kHalf) return half(bits);
  if (info == kSingle) return std::bit_cast<float>(static_cast<std::uint32_t>(bits));
  return std::bit_cast<double>(bits);
}

}  // namespace

// --- reading ---

void CborReader::fail(std::string_view what) {
  if (!ok()) return;
  next_type_ = CborType::end;
  error_ = what;
  error_ += " at byte " + std::to_string(at_);
}

bool CborReader::ends_early(std::size_t at) {
  at_ = at;
  fail("the input ends early");
  return false;
}

bool CborReader::at_break() const { return at_ < input_.size() && input_[at_] == kBreak; }

bool CborReader::read_long_head(std::size_t& at, Head& head) {
  const auto byte = [this](std::size_t i) { return static_cast<unsigned char>(input_[i]); };
  if (at == input_.size()) return ends_early(at);
  const std::uint8_t first = byte(at++);
  head.major = static_cast<std::uint8_t>(first >> 5);
  head.info = first & 31;
  head.value = head.info;
  if (head.info < kOneByte) return true;
  if (head.info <= kDouble) {
    const std::size_t size = std::size_t{1} << (head.info - kOneByte);
    if (size > input_.size() - at) return ends_early(at);
    head.value = 0;
    for (const std::size_t end = at + size; at < end; ++at) head.value = head.value << 8 | byte(at);
    return true;
  }
  const bool may_be_indefinite = head.major >= kBytes && head.major <= kMap;
  if (head.info == kIndefinite && may_be_indefinite) return true;
  at_ = at - 1;
  fail("no CBOR item");
  return false;
}

CborType CborReader::look() {
  if (!ok()) return CborType::end;
  if (depth_ > 0) {
    const Level& level = levels_[depth_ - 1];
    if (level.indefinite ? at_break() : level.items == 0) return CborType::end;
  } else if (at_ == input_.size()) {
    return CborType::end;
  }
  std::size_t behind = at_;
  do {
    at_ = behind;
    if (!read_head(behind, next_)) return CborType::end;
  } while (next_.major == kTag);
  behind_next_ = behind;
  next_type_ = type_of(next_.major, next_.info);
  return next_type_;
}

void CborReader::fail_expected(CborType type) {
  fail("expected " + std::string(name_of(type)) + ", found " + std::string(name_of(peek())));
}

bool CborReader::enter(CborType type) {
  if (!expect(type)) return false;
  const Head& head = take_item();
  const bool indefinite = head.info == kIndefinite;
  const bool map = type == CborType::map;
  // Each item has a byte at least: a count that the rest of the input cannot hold is refused before it is multiplied.
  if (!indefinite && head.value > (input_.size() - at_) / (map ? 2 : 1)) {
    ends_early(at_);
  } else if (depth_ == kMaxDepth) {
    fail("nested deeper than " + std::to_string(kMaxDepth) + " levels");
  }
  if (!ok()) return false;
  levels_[depth_++] = {.items = indefinite ? 0 : head.value * (map ? 2 : 1), .indefinite = indefinite, .map = map};
  return true;
}

bool CborReader::more() {
  if (peek() != CborType::end) return true;
  if (!ok() || depth_ == 0) return false;
  const Level& level = levels_[depth_ - 1];
  if (level.indefinite) {
    if (level.map && level.items % 2 != 0) {
      fail("a map ends behind a key");
      return false;
    }
    ++at_;
  }
  --depth_;
  return false;
}

std::string_view CborReader::string(CborType type, std::string& joined) {
  if (!expect(type)) return {};
  const Head& head = take_item();
  if (head.info != kIndefinite) return take(head.value);
  const std::size_t begin = joined.size();
  while (ok() && !at_break()) {
    Head chunk;
    if (!read_head(at_, chunk)) break;
    if (chunk.major != head.major || chunk.info == kIndefinite) fail("no chunk of a string");
    joined += take(chunk.value);
  }
  if (!ok()) return {};
  ++at_;
  return std::string_view(joined).substr(begin);
}

std::int64_t CborReader::integer() {
  if (!expect(CborType::integer)) return 0;
  const Head& head = take_item();
  if (head.value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    fail("an integer beyond 64 bits");
    return 0;
  }
  const auto value = static_cast<std::int64_t>(head.value);
  return head.major == kNegative ? -1 - value : value;
}

double CborReader::number() {
  if (peek() != CborType::integer && !expect(CborType::floating)) return 0;
  const Head& head = take_item();
  if (head.major == kSimple) return float_of(head.info, head.value);
  const auto value = static_cast<double>(head.value);
  return head.major == kNegative ? -1 - value : value;
}

bool CborReader::boolean() { return expect(CborType::boolean) && take_item().info == kTrue; }

bool CborReader::take_null() {
  if (peek() != CborType::null) return false;
  take_item();
  return true;
}

void CborReader::skip() {
  const std::size_t outside = depth_;
  std::string joined;
  do {
    switch (peek()) {
      case CborType::end:
        if (ok() && depth_ == outside) fail("expected an item, found the end");
        more();
        break;
      case CborType::array:
        enter_array();
        break;
      case CborType::map:
        enter_map();
        break;
      case CborType::bytes:
        bytes(joined);
        break;
      case CborType::text:
        text(joined);
        break;
      default:
        take_item();
    }
  } while (ok() && depth_ > outside);
}

void CborReader::finish() {
  if (ok() && at_ != input_.size()) fail("more follows what should be all");
}

// --- writing ---

void CborWriter::head(std::uint8_t major, std::uint64_t value) {
  const auto first = static_cast<unsigned>(major << 5);
  if (value < kOneByte) {
    out_ += static_cast<char>(first | value);
    return;
  }
  const unsigned log2_size = value <= 0xFF ? 0 : value <= 0xFFFF ? 1 : value <= 0xFFFF'FFFF ? 2 : 3;
  out_ += static_cast<char>(first | (kOneByte + log2_size));
  for (unsigned byte = 1U << log2_size; byte > 0; --byte) out_ += static_cast<char>(value >> 8 * (byte - 1) & 0xFF);
}

void CborWriter::text(std::string_view text) {
  head(kText, text.size());
  out_ += text;
}

void CborWriter::bytes(std::string_view bytes) {
  head(kBytes, bytes.size());
  out_ += bytes;
}

void CborWriter::integer(std::int64_t value) {
  if (value >= 0) {
    head(kUnsigned, static_cast<std::uint64_t>(value));
  } else {
    head(kNegative, static_cast<std::uint64_t>(-1 - value));
  }
}

void CborWriter::number(double value) {
  const auto bits = std::bit_cast<std::uint64_t>(value);
  out_ += static_cast<char>(kSimple << 5 | kDouble);
  for (int shift = 56; shift >= 0; shift -= 8) out_ += static_cast<char>(bits >> shift & 0xFF);
}

void CborWriter::boolean(bool value) { out_ += static_cast<char>(kSimple << 5 | (value ? kTrue : kFalse)); }

void CborWriter::null() { out_ += static_cast<char>(kSimple << 5 | kNull); }

}  // namespace kcl::wire
