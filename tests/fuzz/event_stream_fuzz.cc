#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "base/check.h"
#include "fuzz_target.h"
#include "wire/event_stream.h"
#include "wire/subscription.h"

namespace kcl::fuzz {
namespace {

using wire::EventHeader;
using wire::EventMessage;
using wire::EventStreamDecoder;

constexpr std::size_t kLargestFrame = 1UL << 20;

struct Outcome {
  std::vector<EventMessage> messages;
  std::string error;
  std::size_t pending = 0;
};

Outcome decode(std::string_view stream, std::size_t piece_size) {
  EventStreamDecoder decoder(kLargestFrame);
  Outcome outcome;
  while (!stream.empty() && decoder.ok()) {
    std::string_view piece = stream.substr(0, piece_size);
    stream.remove_prefix(piece.size());
    while (auto message = decoder.next(piece)) outcome.messages.push_back(*std::move(message));
    base::check(!decoder.ok() || piece.empty(), "a decoder takes all it is given");
  }
  outcome.error = decoder.error();
  outcome.pending = decoder.pending();
  return outcome;
}

bool same_header(const EventHeader& a, const EventHeader& b) {
  return a.name == b.name && a.type == b.type && a.text == b.text && a.number == b.number;
}

bool same(const EventMessage& a, const EventMessage& b) {
  return a.payload == b.payload && std::ranges::equal(a.headers, b.headers, same_header);
}

/// The input is the payload of an event: random bytes would never pass the checksums.
void run_payload(std::string_view input) {
  const unsigned choice = take_choice(input);
  const EventHeader headers[] = {
      {.name = ":message-type", .text = (choice & 1) != 0 ? "exception" : "event"},
      {.name = ":event-type", .text = "SubscribeToShardEvent"},
      {.name = ":exception-type", .text = "ResourceInUseException"},
      {.name = ":content-type",
       .text = (choice & 2) != 0 ? "application/x-amz-cbor-1.1" : "application/x-amz-json-1.1"}};
  const std::string frame = encode_event(headers, input);
  EventStreamDecoder decoder;
  std::string_view piece = frame;
  auto message = decoder.next(piece);
  base::check(message.has_value() && message->payload == input, "what was written is read");
  const auto said = wire::decode_subscription_message(wire::Protocol::cbor, *std::move(message));
  if (!said) return base::check(!said.error().empty(), "an error says what is wrong");
  if (const auto* event = std::get_if<ShardEvent>(&*said)) {
    base::check(event->continuation_sequence_number || !event->child_shards.empty(),
                "an event says where its shard goes on");
    for (const Record& record : event->records) {
      // Touches every byte, for ASan to see views that lead astray.
      const OwnedRecord copy = record.copy();
      base::check(copy->text() == record.text(), "a record can be copied");
    }
  }
}

void run_stream(std::string_view input) {
  const std::size_t piece_size = 1 + take_choice(input);
  const Outcome pieces = decode(input, piece_size);
  const Outcome whole = decode(input, input.size());
  base::check(pieces.error == whole.error && pieces.pending == whole.pending, "pieces of any size come to the same");
  base::check(std::ranges::equal(pieces.messages, whole.messages, same), "pieces of any size give the same frames");
  for (const EventMessage& message : whole.messages) {
    base::check(encode_event(message.headers, message.payload) == *message.frame, "a frame is written as it was read");
  }
}

}  // namespace

void run_one(std::string_view input) { (take_choice(input) & 1) != 0 ? run_payload(input) : run_stream(input); }

}  // namespace kcl::fuzz
