// What the frames of a SubscribeToShard answer say. Source: Amazon Kinesis Data Streams API Reference (2013-12-02),
// SubscribeToShard, SubscribeToShardEvent, SubscribeToShardEventStream.
#pragma once

#include <variant>

#include <kcl/kinesis.h>

#include "wire/aws_error.h"
#include "wire/event_stream.h"
#include "wire/kinesis_answers.h"
#include "wire/protocol.h"

namespace kcl::wire {

/// A frame that says nothing but that the stream is alive: initial-response, or an event of a type to come.
struct SignOfLife {};

/// An error is one of the service, after which it sends nothing more.
using SubscriptionMessage = std::variant<ShardEvent, AwsError, SignOfLife>;

/// Takes any frame. It fails with a message that names the member, as decoding of every answer does
/// (kinesis_answers.h). In particular an event that names neither where to go on nor children is a failure, and no
/// shard's end. Records are views into the frame, which the event's `buffer` holds, or into what was decoded from its
/// base64. A frame says by its header whether it is JSON or CBOR; without one it is in the protocol `asked` for.
Decoded<SubscriptionMessage> decode_subscription_message(Protocol asked, EventMessage message);

}  // namespace kcl::wire
