// The answer of one SubscribeToShard: frames out of bytes, events out of frames. Lives on the strand.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "aws/service_client.h"
#include "http/body_stream.h"
#include "ports/kinesis.h"
#include "wire/event_stream.h"
#include "wire/protocol.h"
#include "wire/subscription.h"

namespace kcl::aws {

class ShardStream final : public ports::ShardSubscription {
 public:
  /// `opened` is of the request, and says what the service's clock was then.
  ShardStream(base::Loop& loop, StreamedAnswer answer, wire::Protocol asked, std::string host,
              const ports::Timing& opened);

  Next next(base::BootTime deadline) override;

 private:
  using Event = KinesisResult<std::optional<ShardEvent>>;
  std::optional<Event> next_buffered();
  Event event_of(wire::SubscriptionMessage message);
  Event broken(const std::string& what) const;
  ports::Timing timing() const;

  base::Loop& loop_;
  std::unique_ptr<http::BodyStream> body_;
  const wire::Protocol asked_;
  const std::string host_;
  const ports::Timing opened_;
  wire::EventStreamDecoder decoder_;
  /// What came last, and what of it the decoder has not taken.
  std::string piece_;
  std::string_view rest_;
};

}  // namespace kcl::aws
