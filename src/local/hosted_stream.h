// One stream of the account: its records and shards, and what surrounds them on AWS: states that take a while, limits
// that are not a shard's own, consumers. Time is passed in.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <kcl/timestamp.h>

#include "embedded/limits.h"
#include "embedded/stream.h"

namespace kcl::local {

struct Consumer {
  std::string name;
  std::string arn;
  Timestamp created{};
  Timestamp active_from{};
  /// From then on it is gone; until then, DELETING.
  std::optional<Timestamp> gone_from;

  std::string_view status(Timestamp now) const;
};

struct HostedStream {
  explicit HostedStream(embedded::Stream::Options options) : records(options), created(options.created) {}

  embedded::Stream records;
  Timestamp created;
  bool on_demand = false;
  Timestamp active_from{};
  /// Resharding and settings take effect at once; the state says UPDATING until then.
  Timestamp updated_from{};
  std::optional<Timestamp> gone_from;
  std::vector<Consumer> consumers;
  std::deque<Timestamp> scaled_at;
  /// GetShardIterator, by shard.
  std::map<std::string, embedded::Allowance, std::less<>> iterators_given;

  /// "CREATING", "ACTIVE", "UPDATING" or "DELETING".
  std::string_view status(Timestamp now) const;
  /// Drops consumers that are gone.
  void forget_consumers(Timestamp now);
  Consumer* find_consumer(std::string_view name);
};

}  // namespace kcl::local
