#include <algorithm>

#include "simulation/checks/checks.h"

namespace kcl::simulation::checks {

namespace {

// LATEST is a little before the server's now, and its clock ticks in milliseconds.
constexpr std::chrono::milliseconds kLatestMargin{2'001};

}  // namespace

void start_instant_is_kept(Truth& truth, const RowChange& change, const StartAllowed& allowed) {
  if (!change.after || !change.after->from || (change.before && change.before->from)) return;
  const Timestamp from = *change.after->from;
  const std::string stream(leases::stream_part(change.key));
  const auto known = truth.starts.find(stream);
  if (known == truth.starts.end()) {
    const bool trim_horizon = allowed.trim_horizon && from == Timestamp{};
    const bool latest =
        allowed.latest_since && from >= *allowed.latest_since - kLatestMargin && from <= truth.world.server_time();
    if (!trim_horizon && !latest)
      truth.blame("C6", change.key, "the start instant " + to_iso8601(from) + " is nobody's");
    truth.starts.emplace(stream, from);
  } else if (from != known->second) {
    truth.blame(
        "C6", change.key,
        "carries the start instant " + to_iso8601(from) + ", not the application's " + to_iso8601(known->second));
  }
}

void end_has_children(Truth& truth, const RowChange& change) {
  if (!change.after || !change.after->ended() || (change.before && change.before->ended())) return;
  const auto& shard = truth.shards[change.key];
  if (shard.children.empty()) return truth.blame("C6", change.key, "SHARD_END on an open shard");
  // The first row of all, of a shard that was closed before the start instant, is created at its end.
  if (!change.before) return;
  // Told of some only, by a service that lists late, the holder names those; the others are holes until they are seen.
  const bool names_children = !change.after->go;
  if (change.by.kind == Writer::Kind::kclpp && names_children && change.after->children.empty())
    truth.blame("C6", change.key, "SHARD_END without children");
  for (const std::string& child : change.after->children) {
    if (std::ranges::find(shard.children, child) == shard.children.end())
      truth.blame("C6", change.key, "SHARD_END names " + child + ", which is no child of it");
    if (!truth.shards[child].had_row && !truth.is_forgotten(truth.shards[child]))
      truth.blame("C6", change.key, "SHARD_END before its child " + child + " has a row");
  }
}

}  // namespace kcl::simulation::checks
