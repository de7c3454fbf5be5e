#include "wire/event_stream.h"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>

namespace kcl::wire {
namespace {

using Type = EventHeader::Type;

std::string bytes_of(std::initializer_list<int> octets) {
  std::string bytes;
  for (const int octet : octets) bytes.push_back(static_cast<char>(octet));
  return bytes;
}

std::string frame_of(std::string_view payload, std::string_view event_type = "Event") {
  const std::array headers{EventHeader{.name = ":event-type", .text = event_type}};
  return encode_event(headers, payload);
}

/// All frames of the stream, fed in pieces of `size` bytes.
std::vector<std::string> payloads_of(EventStreamDecoder& decoder, std::string_view stream, std::size_t size) {
  std::vector<std::string> payloads;
  while (!stream.empty() && decoder.ok()) {
    std::string_view piece = stream.substr(0, size);
    stream.remove_prefix(piece.size());
    while (auto message = decoder.next(piece)) payloads.emplace_back(message->payload);
    if (decoder.ok()) {
      EXPECT_TRUE(piece.empty());
    }
  }
  return payloads;
}

// Both from the test vectors that AWS's own implementations share.
const std::string kEmptyMessage = bytes_of({0, 0, 0, 16, 0, 0, 0, 0, 0x05, 0xc2, 0x48, 0xeb, 0x7d, 0x98, 0xc8, 0xff});
const std::string kPayloadAlone =
    bytes_of({0, 0, 0, 29, 0, 0, 0, 0, 0xfd, 0x52, 0x8c, 0x5a}) + "{'foo':'bar'}" + bytes_of({0xc3, 0x65, 0x39, 0x36});

TEST(EventStream, ReadsAndWritesTheKnownFrames) {
  EventStreamDecoder decoder;
  EXPECT_EQ(payloads_of(decoder, kEmptyMessage + kPayloadAlone, 1'000),
            (std::vector<std::string>{"", "{'foo':'bar'}"}));
  EXPECT_TRUE(decoder.ok()) << decoder.error();
  EXPECT_EQ(encode_event({}, {}), kEmptyMessage);
  EXPECT_EQ(encode_event({}, "{'foo':'bar'}"), kPayloadAlone);
}

TEST(EventStream, HeadersOfAllTypesComeBackAsTheyWere) {
  const std::string long_text(65'535, 'x');
  const std::array headers{
      EventHeader{.name = "yes", .type = Type::yes},
      EventHeader{.name = "no", .type = Type::no},
      EventHeader{.name = "int8", .type = Type::int8, .number = -128},
      EventHeader{.name = "int16", .type = Type::int16, .number = 32'767},
      EventHeader{.name = "int32", .type = Type::int32, .number = -2'147'483'648},
      EventHeader{.name = "int64", .type = Type::int64, .number = INT64_MIN},
      EventHeader{.name = "bytes", .type = Type::bytes, .text = std::string_view("\0\xff", 2)},
      EventHeader{.name = "text", .type = Type::text, .text = long_text},
      EventHeader{.name = "none", .type = Type::text},
      EventHeader{.name = "time", .type = Type::timestamp, .number = 1'795'381'140'762},
      EventHeader{.name = "uuid", .type = Type::uuid, .text = "0123456789abcdef"},
  };
  const std::string frame = encode_event(headers, "payload");
  EventStreamDecoder decoder;
  std::string_view piece = frame;
  const auto message = decoder.next(piece);
  ASSERT_TRUE(message) << decoder.error();
  EXPECT_EQ(message->payload, "payload");
  ASSERT_EQ(message->headers.size(), headers.size());
  for (std::size_t i = 0; i < headers.size(); ++i) {
    EXPECT_EQ(message->headers[i].name, headers[i].name);
    EXPECT_EQ(message->headers[i].type, headers[i].type) << headers[i].name;
    EXPECT_EQ(message->headers[i].text, headers[i].text) << headers[i].name;
    EXPECT_EQ(message->headers[i].number, headers[i].number) << headers[i].name;
  }
}

TEST(EventStream, ATextHeaderIsFoundByItsNameAndNothingElseIs) {
  const std::array headers{EventHeader{.name = "a", .type = Type::bytes, .text = "bytes"},
                           EventHeader{.name = "a", .text = "first"}, EventHeader{.name = "a", .text = "second"}};
  const std::string frame = encode_event(headers, {});
  EventStreamDecoder decoder;
  std::string_view piece = frame;
  const auto message = decoder.next(piece);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->text("a"), "first");
  EXPECT_EQ(message->text("b"), "");
}

TEST(EventStream, PiecesOfAnySizeGiveTheSameFrames) {
  const std::string stream = frame_of("one") + frame_of("") + frame_of(std::string(300, 'x')) + kEmptyMessage;
  const std::vector<std::string> expected{"one", "", std::string(300, 'x'), ""};
  for (std::size_t size = 1; size <= stream.size(); ++size) {
    EventStreamDecoder decoder;
    ASSERT_EQ(payloads_of(decoder, stream, size), expected) << size;
    EXPECT_EQ(decoder.pending(), 0U);
  }
}

TEST(EventStream, AMessageOutlivesTheDecoderAndThePieces) {
  std::optional<EventMessage> message;
  {
    const std::string frame = frame_of("kept");
    EventStreamDecoder decoder;
    std::string_view piece = frame;
    message = decoder.next(piece);
  }
  ASSERT_TRUE(message);
  EXPECT_EQ(message->payload, "kept");
  EXPECT_EQ(message->text(":event-type"), "Event");
}

TEST(EventStream, AStreamThatWasCutShowsIt) {
  const std::string frame = frame_of("payload");
  for (std::size_t size = 1; size < frame.size(); ++size) {
    EventStreamDecoder decoder;
    std::string_view piece = std::string_view(frame).substr(0, size);
    ASSERT_FALSE(decoder.next(piece));
    EXPECT_TRUE(decoder.ok());
    EXPECT_EQ(decoder.pending(), size);
  }
}

TEST(EventStream, NoDamagedBytePasses) {
  const std::string frame = frame_of("payload");
  for (std::size_t at = 0; at < frame.size(); ++at) {
    for (const int flip : {0x01, 0x80, 0xff}) {
      std::string damaged = frame;
      damaged[at] = static_cast<char>(damaged[at] ^ flip);
      EventStreamDecoder decoder;
      // What follows could complete a frame whose length was damaged.
      const auto payloads = payloads_of(decoder, damaged + std::string(1'000, 'x'), 7);
      EXPECT_TRUE(payloads.empty()) << at;
      EXPECT_FALSE(decoder.ok()) << at;
    }
  }
}

TEST(EventStream, AFailureStaysAndSaysWhere) {
  std::string damaged = frame_of("payload");
  damaged.back() = static_cast<char>(damaged.back() ^ 1);
  EventStreamDecoder decoder;
  EXPECT_EQ(payloads_of(decoder, kEmptyMessage + damaged, 1'000), std::vector<std::string>{""});
  EXPECT_EQ(decoder.error(), "the checksum of the message does not fit, in the frame at byte 16 of the event stream");
  std::string_view piece = kEmptyMessage;
  EXPECT_FALSE(decoder.next(piece));
  EXPECT_EQ(piece.size(), kEmptyMessage.size());
}

TEST(EventStream, AFrameLongerThanTheBoundIsRefusedByItsPrelude) {
  const std::string frame = frame_of(std::string(1'000, 'x'));
  EventStreamDecoder exact(frame.size());
  EXPECT_EQ(payloads_of(exact, frame, 100).size(), 1U);
  EventStreamDecoder tight(frame.size() - 1);
  EXPECT_TRUE(payloads_of(tight, std::string_view(frame).substr(0, 12), 100).empty());
  EXPECT_FALSE(tight.ok());
}

}  // namespace
}  // namespace kcl::wire
