// Everything that really happened in a run: what was put, what each processor was given and is done with, what the
// lease rows say. The checks compare the fleet with it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include <kcl/position.h>

#include "leases/lease.h"
#include "leases/lease_key.h"
#include "simulation/world.h"

namespace kcl::simulation {

/// A record, or a user record of an aggregate.
struct RecordTruth {
  Position position;
  Timestamp time{};
  int times_done = 0;
  /// Some processor was done with it, and no operator has wound the shard back since.
  bool done = false;
};

struct ShardTruth {
  /// As leases::stream_part() of its key gives it.
  std::string stream;
  std::vector<RecordTruth> records;
  std::vector<std::string> parents;
  std::vector<std::string> children;
  std::optional<Timestamp> closed;
  /// As the last write left it; empty when there is none.
  std::optional<leases::Lease> row;
  bool had_row = false;
  /// kclpp itself has removed its row, at SHARD_END.
  bool removed_as_ended = false;
  /// Its row had real progress when a person deleted it, then.
  std::optional<Timestamp> deleted_started;
  /// Its checkpoint is where a Go worker put it, perhaps one that had lost the lease: the holder's own may lie before.
  bool moved_by_go = false;
  /// SHARD_END was stored.
  bool ended = false;
  /// How many records lie before the furthest position that was ever stored.
  std::size_t stored_to = 0;
  /// The last epoch that kclpp took, and the last in which a processor began.
  std::uint64_t taken_epoch = 0;
  Timestamp taken_at{};
  std::uint64_t newest_epoch = 0;
  /// An epoch-fenced sink: the largest epoch it has seen, and where its records without a gap end.
  std::uint64_t sink_epoch = 0;
  std::optional<std::size_t> sink_end;
  /// Everything before this is settled: done, or gone from the stream.
  std::size_t settled = 0;
};

/// By lease key.
class ShardTruths : public std::map<std::string, ShardTruth> {
 public:
  ShardTruth& operator[](const std::string& key) {
    const auto [shard, first] = try_emplace(key);
    if (first) shard->second.stream = leases::stream_part(key);
    return shard->second;
  }
};

struct EpochTruth {
  /// Where the row stood when it was taken; nothing when the take was not seen.
  std::optional<leases::Lease> taken;
  /// Index of the first record that was not handed out; empty until known.
  std::optional<std::size_t> next;
  /// Where the calls that run begin, and how many there may be.
  std::set<std::size_t> in_flight;
  std::size_t most_in_flight = 1;
  /// What was handed out and has failed: it comes again, in its order and by itself, before anything else. Beginnings
  /// and ends.
  std::map<std::size_t, std::size_t> failed;
  /// What a sink that keeps the order has been given, and what waits for something before it.
  std::size_t sunk = 0;
  std::map<std::size_t, std::size_t> to_sink;
  /// The program asked to start over.
  bool over = false;
};

class Truth {
 public:
  explicit Truth(World& its_world) : world(its_world) {}

  World& world;
  /// By stream: records put before this need not be delivered (C6). Known from the first row on.
  std::map<std::string, Timestamp, std::less<>> starts;
  /// Go workers write without conditions, and set epochs back: what a sink could tell by them is best effort.
  bool unfenced_neighbours = false;
  /// Records older than this are gone from the stream.
  std::chrono::milliseconds retention = std::chrono::hours(24);
  ShardTruths shards;
  std::map<std::pair<std::string, std::uint64_t>, EpochTruth> epochs;
  /// Processes, by the incarnation under which they write; and every token that was ever written.
  std::map<std::string, std::string> incarnations;
  std::unordered_set<std::string> tokens;

  /// Index of the first record after a position; `at` is what AT_TIMESTAMP means in a row that an operator wound back.
  std::size_t index_after(const ShardTruth& shard, const Position& position, std::optional<Timestamp> at = {}) const;
  std::size_t first_wanted(const ShardTruth& shard) const;
  bool is_gone(const RecordTruth& record) const { return record.time < world.server_time() - retention; }
  /// Whoever decides by a look at the table may have looked just before a person deleted the row.
  bool may_seem_started(const ShardTruth& shard) const {
    constexpr auto kOldestLook = std::chrono::seconds(35);
    return shard.deleted_started && world.server_time() - *shard.deleted_started < kOldestLook;
  }
  bool is_forgotten(const ShardTruth& shard) const {
    return shard.closed && *shard.closed < world.server_time() - retention;
  }
  /// Index of the first wanted record that is neither done nor gone. Amortised constant.
  std::size_t settled(ShardTruth& shard) const;

  /// A checker's finding.
  void blame(const std::string& promise, const std::string& shard, const std::string& what) {
    world.violation(promise + ' ' + shard + ": " + what);
  }
};

}  // namespace kcl::simulation
