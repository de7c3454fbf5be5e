#include "operate/change_plan.h"

#include <algorithm>
#include <set>

#include "base/printable.h"
#include "base/text.h"
#include "leases/row_format.h"
#include "leases/vmware_go_row.h"
#include "operate/ancestors.h"
#include "operate/text.h"
#include "shards/rules.h"

namespace kcl::operate {

using leases::Lease;
using leases::Start;

namespace {

Start start_of(const Lease& lease) {
  // Rows of vmware-go know whole records alone: its number says it all.
  if (lease.go && lease.checkpoint.is_sequence()) return {Position::at(lease.checkpoint.sequence_number()), {}};
  return {.checkpoint = lease.checkpoint, .at = lease.checkpoint == Position::at_timestamp() ? lease.at : std::nullopt};
}

std::string start_text(const Start& start) {
  if (start.at == shards::kTrimHorizon) return "TRIM_HORIZON";
  return start.at ? to_iso8601(*start.at) : position_text(start.checkpoint);
}

std::string start_text(const Lease& lease) {
  if (lease.go && !lease.checkpoint.is_real()) return "no checkpoint";
  return start_text(start_of(lease));
}

/// Plans lease by lease what is done to those that were selected.
class Planner {
 public:
  Planner(const TableView& view, const Selection& selection)
      : view_(view), selection_(selection), format_(leases::row_format(view.format)) {
    for (const Lease& lease : view.leases) {
      if (is_live_foreign(lease)) foreigners_.insert(*lease.owner);
    }
    kclpp_table_ = std::ranges::any_of(view.leases, [](const Lease& lease) { return lease.token || lease.from; });
  }

  /// Every lease that was selected, ancestors first; notes those that there are not.
  std::vector<const Lease*> selected();
  void add(const Lease& lease, std::optional<Start> start);
  void add_restore(Item row, const Lease& lease);
  void leave(std::string why) { plan_.left_alone.push_back(std::move(why)); }
  void refuse(std::string why) { plan_.refusals.push_back(std::move(why)); }
  Plan take() { return std::move(plan_); }

  bool is_selected(const std::string& shard) const {
    return selection_.shards.empty() || std::ranges::find(selection_.shards, shard) != selection_.shards.end();
  }
  const leases::RowFormat& format() const { return format_; }
  bool is_go() const { return view_.format == LeaseFormat::vmware_go; }
  /// Java knows no start of a single row: it reads AT_TIMESTAMP rows from the time in its own configuration. Some row
  /// of kclpp, which does, shows whose table it is.
  bool for_java() const { return !is_go() && (!foreigners_.empty() || !kclpp_table_); }
  /// Go workers overwrite what they have not read, also when they are only about to take a lease.
  void refuse_beside_go_workers();

 private:
  static bool is_foreign(const Lease& lease) {
    if (!lease.owner) return false;
    return lease.go ? !leases::vmware_go_row::may_be_of_kclpp(lease) : !lease.last_written_by_kclpp();
  }
  bool is_live_foreign(const Lease& lease) const { return is_foreign(lease) && view_.moved.contains(lease.key); }
  bool is_taken_away(const Lease& lease) const;
  std::string how(const Lease& lease);

  const TableView& view_;
  const Selection& selection_;
  const leases::RowFormat& format_;
  /// Those that live.
  std::set<std::string> foreigners_;
  bool kclpp_table_ = false;
  Plan plan_;
};

std::vector<const Lease*> Planner::selected() {
  for (const auto& row : view_.unreadable) {
    const std::string why = row.key + ": its row cannot be read: " + row.problem;
    if (!is_selected(row.key)) continue;
    selection_.shards.empty() ? leave(why) : refuse(why);
  }
  for (const std::string& shard : selection_.shards) {
    const auto is_it = [&](const auto& row) { return row.key == shard; };
    if (std::ranges::none_of(view_.leases, is_it) && std::ranges::none_of(view_.unreadable, is_it)) {
      refuse(shard + ": the table has no lease of it");
    }
  }
  auto leases = ancestors_first(view_.leases);
  std::erase_if(leases, [&](const Lease* lease) { return !is_selected(lease->key); });
  return leases;
}

void Planner::refuse_beside_go_workers() {
  if (!is_go() || selection_.force) return;
  for (const std::string& owner : foreigners_) {
    refuse(owner +
           ", a Go worker, lives: one that is just taking a lease overwrites what was changed meanwhile. Stop " +
           "it first, or use --force for leases that no Go worker holds");
  }
}

/// Without asking. A Go worker that is silent is waited for all the same: it would undo it if it lived.
bool Planner::is_taken_away(const Lease& lease) const {
  if (!selection_.force) return false;
  return !is_go() || (!lease.let_go() && !is_foreign(lease));
}

std::string Planner::how(const Lease& lease) {
  const bool moves = view_.moved.contains(lease.key);
  if (is_go() && is_live_foreign(lease)) {
    refuse(lease.key + ": " + *lease.owner +
           ", a Go worker, lives: stop it first. It cannot be asked, and its next renewal would undo what is written, "
           "--force or not");
    return {};
  }
  if (is_taken_away(lease)) return "taken away" + (lease.owner ? " from " + *lease.owner : "") + ", without asking";
  if (lease.let_go()) return "free: taken at once";
  if (!lease.owner) return "nobody's: taken once it has stood still for long enough";
  if (!is_foreign(lease)) return "handed over by " + *lease.owner + ", or taken once that is silent for long enough";
  if (moves) {
    refuse(lease.key + ": " + *lease.owner +
           ", which is no kclpp worker and cannot be asked, lives: stop it first, or use --force, which takes the "
           "lease away from under it");
  }
  return "taken once " + *lease.owner + " is silent for long enough";
}

void Planner::add(const Lease& lease, std::optional<Start> start) {
  Planned step;
  step.how = how(lease);
  if (!start) {
    step.what = "let go at " + start_text(lease);
  } else {
    const Position now = start_of(lease).checkpoint;
    const Position& then = start->checkpoint;
    step.what = start_text(lease) + " -> " + start_text(*start);
    const bool both_known = now.is_real() && then.is_real();
    step.skips = (both_known && then > now) || (!lease.started() && then.is_real()) ||
                 (start->at && *start->at >= view_.now) || then == Position::latest();
    const bool repeats = both_known ? then < now : now.is_real() && !step.skips;
    if (step.skips) {
      step.what += ": SKIPS what lies between";
    } else if (start->at && *start->at != shards::kTrimHorizon) {
      step.what += ": delivers what arrived since then, again or for the first time";
    } else if (repeats) {
      step.what += ": delivers what lies between again";
    }
  }
  step.change = {.shard = lease.key, .start = std::move(start), .restore = std::nullopt};
  plan_.steps.push_back(std::move(step));
}

void Planner::add_restore(Item row, const Lease& lease) {
  Planned step;
  step.how = "has no row";
  step.what = "put back at " + start_text(lease);
  step.change = {.shard = lease.key, .start = std::nullopt, .restore = std::move(row)};
  plan_.steps.push_back(std::move(step));
}

/// The start that a target means for a lease of this table.
Start start_for(const Target& target, const TableView& view, const Planner& planner) {
  if (const auto* number = std::get_if<SequenceNumber>(&target)) return Start{Position::at(*number), std::nullopt};
  const bool for_java = planner.for_java();
  if (std::holds_alternative<Trim>(target)) {
    return for_java ? Start{Position::trim_horizon(), std::nullopt} : Start::from(shards::kTrimHorizon);
  }
  if (std::holds_alternative<Latest>(target)) {
    return for_java ? Start{Position::latest(), std::nullopt} : Start::from(view.now);
  }
  return Start::from(std::get<Timestamp>(target));
}

void refuse_targets(const Target& target, const TableView& view, const std::vector<const Lease*>& selected,
                    Planner& planner) {
  if (!planner.format().can_say(start_for(target, view, planner))) {
    planner.refuse(
        "rows of vmware-go can say no position but a sequence number, since Go workers hand whatever stands there to "
        "the service as one: give the number of the last record that counts as processed, of one shard");
  }
  if (std::holds_alternative<SequenceNumber>(target) && selected.size() > 1) {
    planner.refuse("a sequence number is of one shard: name that one");
  }
  const auto* time = std::get_if<Timestamp>(&target);
  if (time == nullptr) return;
  if (*time > view.now) planner.refuse(to_iso8601(*time) + " lies in the future: it is " + to_iso8601(view.now));
  if (planner.for_java()) {
    planner.refuse(
        "Java KCL workers know no start time of a single lease: use TRIM_HORIZON, LATEST or a sequence number");
  }
}

}  // namespace

Plan plan_release(const TableView& view, const Selection& selection) {
  Planner planner(view, selection);
  planner.refuse_beside_go_workers();
  for (const Lease* lease : planner.selected()) {
    if (lease->ended()) {
      planner.leave(lease->key + ": has been read to its end");
    } else if (lease->let_go()) {
      planner.leave(lease->key + ": nobody owns it");
    } else {
      planner.add(*lease, std::nullopt);
    }
  }
  return planner.take();
}

Plan plan_rewind(const TableView& view, const Selection& selection, const Target& target) {
  Planner planner(view, selection);
  planner.refuse_beside_go_workers();
  const auto selected = planner.selected();
  refuse_targets(target, view, selected, planner);
  const Start start = start_for(target, view, planner);
  for (const Lease* lease : selected) {
    if (lease->ended() && std::holds_alternative<Latest>(target)) {
      planner.leave(lease->key + ": has been read to its end, and nothing comes after that");
    } else if (start_of(*lease) == start) {
      planner.leave(lease->key + ": is at " + start_text(start) + " already");
    } else {
      planner.add(*lease, start);
    }
  }
  return planner.take();
}

Plan plan_import(const TableView& view, const Selection& selection, const Export& exported) {
  Planner planner(view, selection);
  planner.refuse_beside_go_workers();
  const leases::RowFormat& format = planner.format();
  const auto current = shards::by_shard(view.leases);
  std::map<std::string, const Item*> items;
  std::vector<Lease> rows;
  std::size_t others = 0;
  for (const Item& item : exported.rows) {
    auto lease = format.is_lease(item) ? format.parse(item) : Failure{std::string()};
    if (!lease) {
      ++others;
      continue;
    }
    if (!planner.is_selected(lease->key)) continue;
    items.emplace(lease->key, &item);
    rows.push_back(*std::move(lease));
  }
  for (const std::string& shard : selection.shards) {
    if (!items.contains(shard)) planner.refuse(shard + ": the export has no lease of it");
  }
  for (const auto& bad : view.unreadable) {
    if (items.contains(bad.key)) {
      planner.refuse(bad.key + ": its row cannot be read (" + bad.problem + "): delete it first, then import it");
      items.erase(bad.key);
    }
  }
  for (const Lease* lease : ancestors_first(rows)) {
    if (!items.contains(lease->key)) continue;
    const auto now = current.find(lease->key);
    const Start start = start_of(*lease);
    if (now == current.end()) {
      planner.add_restore(*items.at(lease->key), *lease);
    } else if (start_of(now->second) == start) {
      planner.leave(lease->key + ": is at " + start_text(*lease) + " already");
    } else if (!format.can_say(start)) {
      planner.refuse(lease->key + ": had no checkpoint when it was exported, and has one now, which such rows cannot " +
                     "be told to forget: take its line out of the export to import the rest");
    } else {
      planner.add(now->second, start);
    }
  }
  if (others > 0) planner.leave(std::to_string(others) + " rows of the export that are no leases");
  return planner.take();
}

std::string plan_text(const Plan& plan) {
  std::string text;
  // Rows say what they like, and people decide by these lines.
  const auto add = [&](const std::string& line) { text += base::printable(line) + '\n'; };
  for (const Planned& step : plan.steps) add(step.change.shard + ": " + step.what + " (" + step.how + ")");
  for (const std::string& left : plan.left_alone) add("left alone: " + left);
  for (const std::string& refusal : plan.refusals) add("refused: " + refusal);
  return text;
}

}  // namespace kcl::operate
