#include "operate/conversion.h"

#include <algorithm>

#include "base/printable.h"
#include "operate/ancestors.h"
#include "operate/text.h"
#include "shards/rules.h"

namespace kcl::operate {

using leases::Lease;

namespace {

std::string start_text(Timestamp start) {
  return start == shards::kTrimHorizon ? std::string("TRIM_HORIZON") : to_iso8601(start);
}

/// What shards without a checkpoint begin at. Notes why nobody can tell.
Timestamp start_of(const TableView& view, const ConversionChoices& choices, std::vector<std::string>& refusals) {
  const auto needs_it = [](const Lease& lease) { return !lease.checkpoint.is_real(); };
  const auto count = std::ranges::count_if(view.leases, needs_it);
  if (!view.application) {
    if (choices.start) return *choices.start;
    if (count > 0) {
      refusals.push_back(
          std::to_string(count) +
          " leases have no checkpoint, and a table of Go workers alone does not tell where the "
          "application began: say it with --from TRIM_HORIZON, or --from and the time of its first start");
    }
    return shards::kTrimHorizon;
  }
  const Timestamp recorded = view.application->start_instant;
  if (choices.start && *choices.start != recorded) {
    refusals.push_back("the application began at " + start_text(recorded) +
                       ", which its table has on record: leave --from out");
  }
  return recorded;
}

Lease converted(const Lease& lease, const TableView& view, Timestamp start) {
  Lease row;
  row.key = lease.key;
  row.parents = lease.parents;
  // The start instant says what AT_TIMESTAMP means, and TRIM_HORIZON is read from there by whatever reads such rows.
  row.checkpoint = lease.checkpoint.is_real()      ? lease.checkpoint
                   : start == shards::kTrimHorizon ? Position::trim_horizon()
                                                   : Position::at_timestamp();
  row.from = start;
  if (view.application) row.stream_created = view.application->stream_created;
  return row;
}

}  // namespace

Conversion plan_conversion(const TableView& view, const std::vector<Lease>& there, const ConversionChoices& choices) {
  Conversion conversion;
  auto& refusals = conversion.refusals;
  if (view.leases.empty()) refusals.emplace_back("the table has no leases");
  for (const auto& row : view.unreadable) refusals.push_back(row.key + ": its row cannot be read: " + row.problem);
  for (const Lease& lease : view.leases) {
    if (choices.force || lease.ended() || !lease.owner || !view.moved.contains(lease.key)) continue;
    refusals.push_back(lease.key + ": " + *lease.owner +
                       " lives: stop the workers of this table first, or use --force; what they deliver from now on "
                       "comes again then");
  }
  const Timestamp start = start_of(view, choices, refusals);
  const auto known = shards::by_shard(there);
  for (const Lease* lease : ancestors_first(view.leases)) {
    Lease row = converted(*lease, view, start);
    const auto other = known.find(row.key);
    if (other == known.end()) {
      conversion.rows.push_back(std::move(row));
    } else if (other->second.checkpoint == row.checkpoint) {
      conversion.there.push_back(row.key + ": is there already, at " + position_text(row.checkpoint));
    } else {
      refusals.push_back(row.key + ": the new table has it at " + position_text(other->second.checkpoint) +
                         ", the old one at " + position_text(row.checkpoint) +
                         ": a fleet has begun there, or another conversion; name another application");
    }
  }
  return conversion;
}

std::string conversion_text(const Conversion& conversion) {
  std::string text;
  // Rows say what they like, and people decide by these lines.
  const auto add = [&](const std::string& line) { text += base::printable(line) + '\n'; };
  for (const Lease& row : conversion.rows)
    add(row.key + ": at " + (row.checkpoint.is_real() ? position_text(row.checkpoint) : start_text(*row.from)));
  for (const std::string& line : conversion.there) add("left alone: " + line);
  for (const std::string& refusal : conversion.refusals) add("refused: " + refusal);
  return text;
}

}  // namespace kcl::operate
