#include "wire/event_stream.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/check.h"
#include "base/crc32.h"

namespace kcl::wire {
namespace {

using Type = EventHeader::Type;

constexpr std::size_t kCrcSize = 4;
constexpr std::size_t kPreludeSize = 8 + kCrcSize;
constexpr std::size_t kSmallestFrame = kPreludeSize + kCrcSize;
constexpr std::size_t kUuidSize = 16;

/// Precondition: at most eight bytes.
std::uint64_t number_of(std::string_view big_endian) {
  std::uint64_t number = 0;
  for (const char c : big_endian) number = number << 8 | static_cast<unsigned char>(c);
  return number;
}

std::uint32_t word_at(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint32_t>(number_of(bytes.substr(at, 4)));
}

void append_number(std::string& out, std::uint64_t number, std::size_t size) {
  for (std::size_t byte = size; byte > 0; --byte) out.push_back(static_cast<char>(number >> (byte - 1) * 8 & 0xff));
}

/// Of the integers, in bytes; 0 for every other type.
std::size_t width_of(Type type) {
  switch (type) {
    case Type::int8:
      return 1;
    case Type::int16:
      return 2;
    case Type::int32:
      return 4;
    case Type::int64:
    case Type::timestamp:
      return 8;
    case Type::yes:
    case Type::no:
    case Type::bytes:
    case Type::text:
    case Type::uuid:
      break;
  }
  return 0;
}

std::int64_t sign_extended(std::uint64_t number, std::size_t width) {
  const std::size_t unused = 64 - width * 8;
  return static_cast<std::int64_t>(number << unused) >> unused;
}

/// Pulls values off the front of the headers.
class HeaderReader {
 public:
  explicit HeaderReader(std::string_view bytes) : bytes_(bytes) {}

  bool more() const { return ok_ && !bytes_.empty(); }
  bool ok() const { return ok_; }

  EventHeader next() {
    EventHeader header;
    header.name = take(number(1));
    if (header.name.empty()) ok_ = false;
    const std::uint64_t type = number(1);
    if (type > static_cast<std::uint64_t>(Type::uuid)) ok_ = false;
    if (!ok_) return header;
    header.type = static_cast<Type>(type);
    if (const std::size_t width = width_of(header.type); width > 0) {
      header.number = sign_extended(number(width), width);
    } else if (header.type == Type::bytes || header.type == Type::text) {
      header.text = take(number(2));
    } else if (header.type == Type::uuid) {
      header.text = take(kUuidSize);
    }
    return header;
  }

 private:
  std::string_view take(std::size_t size) {
    if (size > bytes_.size()) ok_ = false;
    if (!ok_) return {};
    const std::string_view taken = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return taken;
  }
  std::uint64_t number(std::size_t size) { return number_of(take(size)); }

  std::string_view bytes_;
  bool ok_ = true;
};

void append_header(std::string& out, const EventHeader& header) {
  base::check(!header.name.empty() && header.name.size() <= std::numeric_limits<std::uint8_t>::max(),
              "an event's header has a name of 1 to 255 bytes");
  append_number(out, header.name.size(), 1);
  out += header.name;
  append_number(out, static_cast<std::uint64_t>(header.type), 1);
  if (const std::size_t width = width_of(header.type); width > 0) {
    append_number(out, static_cast<std::uint64_t>(header.number), width);
  } else if (header.type == Type::bytes || header.type == Type::text) {
    base::check(header.text.size() <= std::numeric_limits<std::uint16_t>::max(),
                "an event's header has a value of at most 65,535 bytes");
    append_number(out, header.text.size(), 2);
    out += header.text;
  } else if (header.type == Type::uuid) {
    base::check(header.text.size() == kUuidSize, "a uuid has sixteen bytes");
    out += header.text;
  }
}

}  // namespace

std::string_view EventMessage::text(std::string_view name) const {
  const auto found = std::find_if(headers.begin(), headers.end(), [name](const EventHeader& header) {
    return header.type == Type::text && header.name == name;
  });
  return found == headers.end() ? std::string_view() : found->text;
}

std::nullopt_t EventStreamDecoder::fail(std::string_view what) {
  error_ = std::string(what) + ", in the frame at byte " + std::to_string(frames_begin_) + " of the event stream";
  frame_.clear();
  return std::nullopt;
}

/// Whether the frame under way has `size` bytes now.
bool EventStreamDecoder::take(std::string_view& piece, std::size_t size) {
  const std::size_t taken = std::min(size - frame_.size(), piece.size());
  frame_ += piece.substr(0, taken);
  piece.remove_prefix(taken);
  return frame_.size() == size;
}

bool EventStreamDecoder::check_prelude() {
  const std::string_view prelude = frame_;
  if (base::crc32(prelude.substr(0, 8)) != word_at(prelude, 8)) {
    fail("the checksum of the prelude does not fit");
    return false;
  }
  const std::size_t size = word_at(prelude, 0);
  const std::size_t headers = word_at(prelude, 4);
  if (size > largest_frame_) {
    fail("a length of " + std::to_string(size) + " bytes where " + std::to_string(largest_frame_) + " are the most");
    return false;
  }
  if (size < kSmallestFrame || headers > size - kSmallestFrame) {
    fail("lengths that contradict each other");
    return false;
  }
  frame_size_ = size;
  frame_.reserve(size);
  return true;
}

std::optional<EventMessage> EventStreamDecoder::finish_frame() {
  const std::size_t size = std::exchange(frame_size_, 0);
  if (base::crc32(std::string_view(frame_).substr(0, size - kCrcSize)) != word_at(frame_, size - kCrcSize)) {
    return fail("the checksum of the message does not fit");
  }
  EventMessage message;
  message.frame = std::make_shared<const std::string>(std::exchange(frame_, {}));
  const std::string_view frame = *message.frame;
  const std::size_t headers = word_at(frame, 4);
  HeaderReader reader(frame.substr(kPreludeSize, headers));
  while (reader.more()) message.headers.push_back(reader.next());
  if (!reader.ok()) return fail("headers that cannot be read");
  message.payload = frame.substr(kPreludeSize + headers, size - kSmallestFrame - headers);
  frames_begin_ += size;
  return message;
}

std::optional<EventMessage> EventStreamDecoder::next(std::string_view& piece) {
  if (!ok()) return std::nullopt;
  if (frame_size_ == 0 && (!take(piece, kPreludeSize) || !check_prelude())) return std::nullopt;
  if (!take(piece, frame_size_)) return std::nullopt;
  return finish_frame();
}

std::string encode_event(std::span<const EventHeader> headers, std::string_view payload) {
  std::string lines;
  for (const EventHeader& header : headers) append_header(lines, header);
  const std::size_t size = kSmallestFrame + lines.size() + payload.size();
  base::check(size <= EventStreamDecoder::kLargestFrame, "an event fits a frame");
  std::string frame;
  frame.reserve(size);
  append_number(frame, size, 4);
  append_number(frame, lines.size(), 4);
  append_number(frame, base::crc32(frame), kCrcSize);
  frame += lines;
  frame += payload;
  append_number(frame, base::crc32(frame), kCrcSize);
  return frame;
}

}  // namespace kcl::wire
