// Reads one shard by enhanced fan-out: the service pushes events, on streams that it ends every five minutes, that
// break, and that another subscriber takes over.
//
// Whatever ends a stream, the next one begins right after the last record that was fetched, or where the service said
// that nothing is missed. A stream that brings nothing for a while, although the service sends an event every few
// seconds, is taken for dead. One whose events find no room for a second is given up, and opened again when there is
// some: until then the service keeps them, and nothing piles up here (ADR 5). The end of a shard is what names its
// children, and nothing else. Lives on the strand.
#pragma once

#include <memory>
#include <optional>

#include "consumer/resubscribe.h"
#include "consumer/shard_reader.h"

namespace kcl::consumer {

class FanOutReader final : public ShardReader {
 public:
  /// Precondition: the options say how to read by fan-out.
  explicit FanOutReader(Reading reading);

  base::Task<void> run(base::Stop& stop) override;

 private:
  base::Task<void> wait_for_room(base::Stop& stop);
  base::Task<void> subscribe(base::Stop& stop);
  base::Task<void> take_event(base::Stop& stop);
  base::Task<void> take(ShardEvent event, base::BootTime received, base::Stop& stop);
  base::Task<base::ByteBudget::Reservation> admit(std::size_t bytes, std::optional<ShardEvent>& event,
                                                  base::Stop& stop);
  void end_stream(StreamEnd how);
  void fail(const KinesisError& error);

  const FanOutOptions& options_;
  Resubscribe resubscribe_;
  std::unique_ptr<ports::ShardSubscription> stream_;
  /// When the stream was opened, until it has brought its first event.
  std::optional<base::BootTime> opened_;
  base::BootTime next_attempt_{};
  /// Subscriptions in a row that the service did not want at all.
  int refusals_ = 0;
  /// Room for the first event of the next stream, which the one before was given up for.
  base::ByteBudget::Reservation promised_;
};

}  // namespace kcl::consumer
