// A lease row as a value, whatever its format, and the marks that kclpp leaves on it.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include <kcl/hash_key.h>
#include <kcl/position.h>
#include <kcl/timestamp.h>

#include "base/loop.h"

namespace kcl::leases {

/// One life of one worker: a worker id may be used again, an incarnation never is.
struct Identity {
  std::string worker_id;
  /// A UUID, made at start.
  std::string incarnation;
};

/// `kclppToken`: names the write that a row last saw from kclpp. Never repeated, whatever became of the write.
struct Token {
  std::string incarnation;
  /// The leaseCounter that this write set.
  std::int64_t counter = 0;
  /// Unique within the incarnation.
  std::uint64_t attempt = 0;

  std::string text() const;
  static std::optional<Token> parse(std::string_view text);
  friend bool operator==(const Token&, const Token&) = default;
};

/// `kclppClaim`: who asks the holder to hand the lease over.
struct Claim {
  std::string incarnation;
  std::string worker_id;

  std::string text() const;
  static std::optional<Claim> parse(std::string_view text);
  static Claim of(const Identity& me) { return {.incarnation = me.incarnation, .worker_id = me.worker_id}; }
  friend bool operator==(const Claim&, const Claim&) = default;
};

/// The texts of a `vmware-go` row as they stand in it. Conditions compare texts, and what they mean can be written in
/// several ways.
struct GoTexts {
  std::optional<std::string> owner;
  std::optional<std::string> timeout;
  std::optional<std::string> checkpoint;
  std::optional<std::string> claim;
};

/// Where an operator wants reading to go on: at a position, or from an instant (AT_TIMESTAMP, then).
struct Start {
  Position checkpoint = Position::trim_horizon();
  /// Only with AT_TIMESTAMP; the epoch (0) means TRIM_HORIZON, of a shard that has been read before.
  std::optional<Timestamp> at;

  static Start from(Timestamp instant) { return {.checkpoint = Position::at_timestamp(), .at = instant}; }
  friend bool operator==(const Start&, const Start&) = default;
};

struct Lease {
  /// The shard id, for a single stream.
  std::string key;
  /// Names the one who runs the shard, or who may start it. Absent: nobody.
  std::optional<std::string> owner;
  /// Rises with every write of a holder or taker; what every condition looks at.
  std::int64_t counter = 0;
  Position checkpoint = Position::trim_horizon();
  std::set<std::string> parents;
  std::set<std::string> children;
  std::optional<HashKeyRange> hash_keys;
  std::int64_t owner_switches_since_checkpoint = 0;
  /// Java KCL 3.x: the old owner during its graceful hand-off. Obeyed, never written by us.
  std::optional<std::string> checkpoint_owner;
  std::optional<Token> token;
  std::optional<Claim> claim;
  /// The application's start instant; the epoch (0) means TRIM_HORIZON.
  std::optional<Timestamp> from;
  /// This row's own start, set by an operator; counts while the checkpoint is AT_TIMESTAMP.
  std::optional<Timestamp> at;
  /// Creation of the stream that this row is about.
  std::optional<std::chrono::sys_seconds> stream_created;
  /// The holder's failover time.
  std::optional<std::chrono::milliseconds> failover;
  /// What the shard brings, as its holder measured it, in kilobytes a second.
  std::optional<double> throughput_kbps;
  /// For people; never read by a decision.
  std::string status;
  /// Only in a `vmware-go` row: until when the holder asked others to wait, by their wall clocks.
  std::optional<Timestamp> timeout;
  /// Only in a `vmware-go` row: nobody owns it, and whoever did has let go, or nobody ever did.
  std::optional<bool> given_up;
  std::optional<GoTexts> go;

  bool ended() const noexcept { return checkpoint.is_shard_end(); }
  /// Its shard has been read, in this position or, before an operator set it back, in another.
  bool started() const noexcept { return checkpoint.is_real() || at.has_value(); }
  /// The last write of all was kclpp's. A Java renewal raises the counter and leaves the token behind.
  bool last_written_by_kclpp() const noexcept { return token && token->counter == counter; }
  /// Nobody owns it, and its holder let go by itself, or it is new: after an operator's release the old holder may
  /// still be within its deadline (lease-traces R4).
  bool let_go() const noexcept {
    return !owner && !checkpoint_owner && given_up.value_or(last_written_by_kclpp() || counter == 0);
  }
};

}  // namespace kcl::leases
