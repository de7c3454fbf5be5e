// What is the matter with each shard of a fleet, worst first: a pure judgement over what was seen.
//
// Nothing is said that the facts do not carry: a lease of which nobody saw a sign of life is `unwatched`, not dead,
// until it was watched for its holder's failover time; a lag that nobody measured is absent, not zero.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <kcl/position.h>
#include <kcl/timestamp.h>

#include "operate/table_view.h"

namespace kcl::operate {

/// Worst first.
enum class Verdict : std::uint8_t {
  unreadable,      ///< its row does not parse: no worker takes it
  no_row,          ///< the stream has the shard, nobody has a lease of it
  no_shard,        ///< a lease of a shard that the stream does not have
  silent,          ///< its owner wrote nothing for its failover time: dead or paused, and nobody took over
  failing,         ///< its owner lives, and cannot go on by itself, or says that the program fails
  unowned,         ///< nobody took it while it was watched
  unwatched,       ///< whether its owner lives was not watched for long enough to tell
  changing_hands,  ///< asked for by, or being handed to, another worker
  waiting,         ///< for its parents, as it must
  held,            ///< its owner lives
  ended,           ///< read to its end
};

std::string_view name_of(Verdict verdict);
/// Somebody should look.
inline bool is_stuck(Verdict verdict) { return verdict <= Verdict::unowned; }

struct Line {
  std::string shard;
  Verdict verdict = Verdict::held;
  /// Empty: nobody.
  std::string owner;
  /// Whether the last write of all was kclpp's. Otherwise a Java worker's, or a person's. Absent where rows do not
  /// tell, as those of vmware-go-kcl.
  std::optional<bool> by_kclpp;
  /// About when its owner took it, if the row tells: rows of kclpp do.
  std::optional<Timestamp> owned_since;
  /// Absent without a row.
  std::optional<Position> checkpoint;
  /// Its own start, while the checkpoint is AT_TIMESTAMP.
  std::optional<Timestamp> at;
  /// As its living owner says, or as the stream said; absent when nobody knows.
  std::optional<std::chrono::milliseconds> behind;
  /// The stream said it.
  bool probed = false;
  /// As its owner says (ShardState, for kclpp's), and since when.
  std::string state;
  std::optional<Timestamp> state_since;
  std::string last_error;
  /// Who asked for it.
  std::string claimed_by;
  std::optional<std::chrono::milliseconds> failover;
  std::optional<double> throughput_kbps;
  std::int64_t counter = 0;
  std::vector<std::string> parents;
  std::vector<std::string> children;
  /// Why it is not moving, or what it is doing; and what to do about it, if somebody should.
  std::string why;
  std::string advice;
};

struct Diagnosis {
  Timestamp now{};
  base::Duration watched{};
  /// The stream was asked.
  bool with_stream = false;
  std::vector<Line> lines;
  std::map<Verdict, std::size_t> counts;
  /// Leases that are not ended, by owner.
  std::map<std::string, std::size_t> workers;
  std::optional<std::string> java_version;
  /// What concerns the table as a whole.
  std::vector<std::string> notes;
};

Diagnosis diagnose(const TableView& view);

}  // namespace kcl::operate
