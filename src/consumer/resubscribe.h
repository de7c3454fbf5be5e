// When to subscribe again after a stream of events has ended, and where it goes on. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <kcl/kinesis.h>

#include "base/backoff.h"
#include "base/loop.h"
#include "base/random.h"
#include "shards/rules.h"

namespace kcl::consumer {

/// How a stream ended, or an attempt to open one.
enum class StreamEnd : std::uint8_t {
  in_order,  ///< by the service, as every five minutes
  dropped,   ///< by us: there was no room for what it brings
  failed,
};

/// The times at which one shard is subscribed to. Never a hammer: whatever fails at once is tried again ever more
/// rarely, with jitter, and what the service would refuse anyway is not sent.
class Resubscribe {
 public:
  /// A new subscription takes over from the one before when that began so long ago; before, the service refuses it
  /// (AWS SubscribeToShard).
  static constexpr base::Duration kTakeover = std::chrono::seconds(5);

  /// A stream began then, and has brought something.
  void began(base::BootTime now) { began_ = now; }
  /// The earliest time for the next attempt.
  base::BootTime after(StreamEnd end, base::BootTime now, base::Random& random);

 private:
  base::Backoff backoff_{std::chrono::milliseconds(500), std::chrono::seconds(20)};
  /// Of the stream that is there.
  std::optional<base::BootTime> began_;
};

/// The request that goes on at `from`.
SubscribeToShard subscription_at(const shards::ReadFrom& from, std::string consumer_arn, std::string shard_id);

/// Where to go on after an event that left reading at `from` and names `continuation`: further on, if the service says
/// that there is nothing in between; never back, and never past a start that nothing was delivered from yet.
void go_on_after(shards::ReadFrom& from, const std::string& continuation);

}  // namespace kcl::consumer
