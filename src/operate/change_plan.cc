#include "operate/change_plan.h"

#include <algorithm>
#include <set>

#include "base/printable.h"
#include "base/text.h"
#include "leases/kcl_row.h"
#include "operate/ancestors.h"
#include "operate/text.h"
#include "shards/rules.h"

namespace kcl::operate {

using leases::Lease;
using leases::Start;

namespace {

Start start_of(const Lease& lease) {
  return {.checkpoint = lease.checkpoint, .at = lease.checkpoint == Position::at_timestamp() ? lease.at : std::nullopt};
}

std::string start_text(const Start& start) {
  if (start.at == shards::kTrimHorizon) return "TRIM_HORIZON";
  return start.at ? to_iso8601(*start.at) : position_text(start.checkpoint);
}

/// Plans lease by lease what is done to those that were selected.
class Planner {
 public:
  Planner(const TableView& view, const Selection& selection) : view_(view), selection_(selection) {
    const auto is_java = [&](const Lease& lease) { return is_foreign(lease) && view.moved.contains(lease.key); };
    java_lives_ = std::ranges::any_of(view.leases, is_java);
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
  bool java_lives() const { return java_lives_; }
  /// Some row is of kclpp, which knows starts of single rows.
  bool kclpp_table() const { return kclpp_table_; }

 private:
  static bool is_foreign(const Lease& lease) { return lease.owner && !lease.last_written_by_kclpp(); }
  std::string how(const Lease& lease);

  const TableView& view_;
  const Selection& selection_;
  bool java_lives_ = false;
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

std::string Planner::how(const Lease& lease) {
  const bool moves = view_.moved.contains(lease.key);
  if (selection_.force) return "taken away" + (lease.owner ? " from " + *lease.owner : "") + ", without asking";
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
    step.what = "let go at " + start_text(start_of(lease));
  } else {
    const Position& now = lease.checkpoint;
    const Position& then = start->checkpoint;
    step.what = start_text(start_of(lease)) + " -> " + start_text(*start);
    const bool both_known = now.is_real() && then.is_real();
    step.skips = (both_known && then > now) || (start->at && *start->at >= view_.now) || then == Position::latest();
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
  step.what = "put back at " + start_text(start_of(lease));
  step.change = {.shard = lease.key, .start = std::nullopt, .restore = std::move(row)};
  plan_.steps.push_back(std::move(step));
}

/// The start that a target means for a lease of this table.
Start start_for(const Target& target, const TableView& view, const Planner& planner) {
  if (const auto* number = std::get_if<SequenceNumber>(&target)) return Start{Position::at(*number), std::nullopt};
  // Java knows no start of a single row: it reads AT_TIMESTAMP rows from the time in its own configuration.
  const bool for_java = planner.java_lives() || !planner.kclpp_table();
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
  if (std::holds_alternative<SequenceNumber>(target) && selected.size() > 1) {
    planner.refuse("a sequence number is of one shard: name that one");
  }
  const auto* time = std::get_if<Timestamp>(&target);
  if (time == nullptr) return;
  if (*time > view.now) planner.refuse(to_iso8601(*time) + " lies in the future: it is " + to_iso8601(view.now));
  if (planner.java_lives() || !planner.kclpp_table()) {
    planner.refuse(
        "Java KCL workers know no start time of a single lease: use TRIM_HORIZON, LATEST or a sequence number");
  }
}

}  // namespace

Plan plan_release(const TableView& view, const Selection& selection) {
  Planner planner(view, selection);
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
  const auto current = shards::by_shard(view.leases);
  std::map<std::string, const Item*> items;
  std::vector<Lease> rows;
  std::size_t others = 0;
  for (const Item& item : exported.rows) {
    auto lease = leases::kcl_row::is_lease(item) ? leases::kcl_row::parse(item) : Failure{std::string()};
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
      planner.leave(lease->key + ": is at " + start_text(start) + " already");
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
