// Frames of AWS's event stream encoding ("application/vnd.amazon.eventstream"), in which SubscribeToShard answers.
//
//   4 bytes  length of the whole frame         all numbers are big-endian
//   4 bytes  length of the headers
//   4 bytes  CRC-32 of these eight bytes
//            headers: length (1), name, type (1), value by its type
//            payload
//   4 bytes  CRC-32 of everything before it
//
// Source: the Amazon Transcribe developer guide, "Event stream encoding"; Smithy, "Amazon Event Stream".
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kcl::wire {

struct EventHeader {
  /// The number on the wire.
  enum class Type : std::uint8_t {
    yes = 0,
    no = 1,
    int8 = 2,
    int16 = 3,
    int32 = 4,
    int64 = 5,
    bytes = 6,
    text = 7,
    timestamp = 8,
    uuid = 9
  };

  std::string_view name;
  Type type = Type::text;
  /// Of bytes, text, and the sixteen bytes of a uuid.
  std::string_view text;
  /// Of the integers; milliseconds since 1970 of a timestamp.
  std::int64_t number = 0;
};

/// One frame whose checks hold. Views are into `frame`.
struct EventMessage {
  std::shared_ptr<const std::string> frame;
  std::vector<EventHeader> headers;
  std::string_view payload;

  /// The text of the first header of that name and of type text; empty when there is none.
  std::string_view text(std::string_view name) const;
};

/// Takes a stream apart, whatever pieces it comes in. It takes any bytes. A piece is copied once, into the frame that
/// it belongs to. The first failure stays: nothing after it can be trusted.
class EventStreamDecoder {
 public:
  /// What AWS's own implementation accepts at most.
  static constexpr std::size_t kLargestFrame = 24UL << 20;

  /// Frames that claim to be longer are a failure. A frame's memory is asked for once its length has passed its check.
  explicit EventStreamDecoder(std::size_t largest_frame = kLargestFrame) : largest_frame_(largest_frame) {}

  /// Takes bytes off the front of `piece`, up to the end of the frame that is under way, and returns that frame once it
  /// is complete. Empty: all of the piece was taken, or the stream is broken.
  std::optional<EventMessage> next(std::string_view& piece);

  bool ok() const noexcept { return error_.empty(); }
  /// What is wrong, and at which byte of the stream its frame begins.
  const std::string& error() const noexcept { return error_; }
  /// Bytes that were taken of a frame that is not complete: a stream that ends with some was cut.
  std::size_t pending() const noexcept { return frame_.size(); }

 private:
  bool take(std::string_view& piece, std::size_t size);
  bool check_prelude();
  std::optional<EventMessage> finish_frame();
  std::nullopt_t fail(std::string_view what);

  std::size_t largest_frame_;
  /// Of the frame under way; 0 until its prelude is there.
  std::size_t frame_size_ = 0;
  std::string frame_;
  std::uint64_t frames_begin_ = 0;
  std::string error_;
};

/// Preconditions: names of 1 to 255 bytes; texts and bytes of at most 65,535, a uuid of 16; the whole fits a frame.
std::string encode_event(std::span<const EventHeader> headers, std::string_view payload);

}  // namespace kcl::wire
