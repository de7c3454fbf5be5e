// One stream of the account: its records and shards, and what surrounds them on AWS: states that take a while, limits
// that are not a shard's own, consumers. Time is passed in.
#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <kcl/timestamp.h>

#include "embedded/consumers.h"
#include "embedded/limits.h"
#include "embedded/stream.h"
#include "embedded/subscription.h"
#include "local/operation.h"

namespace kcl::local {

struct HostedStream {
  struct Options {
    embedded::Stream::Options records;
    embedded::Consumers::Options consumers;
    embedded::Subscriptions::Options subscriptions;
  };
  explicit HostedStream(const Options& options);
  HostedStream(const HostedStream&) = delete;
  HostedStream& operator=(const HostedStream&) = delete;

  embedded::Stream records;
  embedded::Consumers consumers;
  embedded::Subscriptions subscriptions;
  Timestamp created;
  bool on_demand = false;
  Timestamp active_from{};
  /// Resharding and settings take effect at once; the state says UPDATING until then.
  Timestamp updated_from{};
  std::optional<Timestamp> gone_from;
  std::deque<Timestamp> scaled_at;
  /// Calls of GetShardIterator, by shard.
  std::map<std::string, embedded::Allowance, std::less<>> iterators_given;
  /// Calls of SubscribeToShard, by consumer and shard.
  std::map<std::pair<std::string, std::string>, embedded::Allowance> subscribed;
  /// Of operations whose rate is each stream's own.
  std::map<Operation, embedded::Allowance> calls;

  /// "CREATING", "ACTIVE", "UPDATING" or "DELETING".
  std::string_view status(Timestamp now) const;
};

}  // namespace kcl::local
