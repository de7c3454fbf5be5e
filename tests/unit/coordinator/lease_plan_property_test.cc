// The plan as a rule for many workers: applied again and again, each time on a fresh look, it balances and then rests.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "coordinator/lease_plan.h"

namespace kcl::coordinator {
namespace {

using State = PlanLease::State;

/// A table of leases and the workers on it: takes, claims and grants happen at once, and views are fresh.
struct Fleet {
  struct Row {
    std::string key;
    std::string owner;
    std::string claimer;
  };
  std::vector<std::string> workers;
  std::vector<Row> rows;
  std::size_t max_leases = SIZE_MAX;
  std::size_t moves = 0;

  bool alive(const std::string& worker) const {
    return std::find(workers.begin(), workers.end(), worker) != workers.end();
  }

  PlanInput view(const std::string& me, std::size_t round_limit, bool overdue) const {
    PlanInput input;
    input.me = me;
    input.max_leases = max_leases;
    input.round_limit = round_limit;
    for (const Row& row : rows) {
      PlanLease lease;
      lease.key = row.key;
      lease.owner = row.owner;
      lease.claimer = row.claimer;
      lease.overdue = overdue;
      lease.state = row.owner == me     ? State::ours
                    : row.owner.empty() ? State::free
                    : alive(row.owner)  ? State::theirs
                                        : State::expired;
      input.leases.push_back(std::move(lease));
    }
    return input;
  }

  /// One worker looks and acts.
  void turn(const std::string& me, std::size_t round_limit, bool overdue) {
    const auto plan = plan_leases(view(me, round_limit, overdue));
    for (Row& row : rows) {
      if (std::count(plan.take.begin(), plan.take.end(), row.key) != 0) {
        row.owner = me;
        row.claimer.clear();
        ++moves;
      }
      if (std::count(plan.claim.begin(), plan.claim.end(), row.key) != 0) row.claimer = me;
    }
  }
  /// Holders hand over what they were asked for.
  void grant_claims() {
    for (Row& row : rows) {
      if (row.claimer.empty()) continue;
      row.owner = row.claimer;
      row.claimer.clear();
      ++moves;
    }
  }

  std::map<std::string, std::size_t> loads() const {
    std::map<std::string, std::size_t> loads;
    for (const std::string& worker : workers) loads[worker];
    for (const Row& row : rows) {
      if (!row.owner.empty()) ++loads[row.owner];
    }
    return loads;
  }
  bool balanced() const {
    const auto counts = loads();
    if (counts.size() != workers.size()) return false;  // someone dead owns something
    const auto [least, most] = std::minmax_element(counts.begin(), counts.end(),
                                                   [](const auto& x, const auto& y) { return x.second < y.second; });
    std::size_t total = 0;
    for (const auto& [worker, count] : counts) total += count;
    return total == rows.size() && most->second <= least->second + 1;
  }
};

/// Any distribution at the start: unowned, owned by the dead, by one, by all.
Fleet any_fleet() {
  Fleet fleet;
  const auto workers = *rc::gen::inRange<std::size_t>(1, 9);
  for (std::size_t i = 0; i < workers; ++i) fleet.workers.push_back("worker-" + std::to_string(i));
  const auto rows = *rc::gen::inRange<std::size_t>(0, 40);
  for (std::size_t i = 0; i < rows; ++i) {
    const auto owner = *rc::gen::inRange<int>(-3, static_cast<int>(workers));
    std::string name = owner < 0 ? (owner == -1 ? "" : "dead-" + std::to_string(owner))
                                 : fleet.workers[static_cast<std::size_t>(owner)];
    fleet.rows.push_back({.key = "shard-" + std::to_string(i), .owner = std::move(name), .claimer = {}});
  }
  return fleet;
}

std::vector<std::string> in_any_order(std::vector<std::string> workers) {
  for (std::size_t i = workers.size(); i > 1; --i)
    std::swap(workers[i - 1], workers[*rc::gen::inRange<std::size_t>(0, i)]);
  return workers;
}

RC_GTEST_PROP(LeasePlanProperty, FreshViewsConvergeToBalanceAndThenNothingMoves, ()) {
  Fleet fleet = any_fleet();
  for (int round = 0; round < 12; ++round) {
    // In any order, each after the one before: whoever looks sees what the others did.
    for (const std::string& worker : in_any_order(fleet.workers)) {
      fleet.turn(worker, std::size_t{1} << round, round > 3);
      if (*rc::gen::inRange(0, 3) != 0) fleet.grant_claims();
    }
    fleet.grant_claims();
  }
  RC_ASSERT(fleet.balanced());
  const auto moves = fleet.moves;
  for (int round = 0; round < 5; ++round) {
    for (const std::string& worker : fleet.workers) fleet.turn(worker, 1000, true);
    fleet.grant_claims();
  }
  RC_ASSERT(fleet.moves == moves);
}

// From a balanced fleet that a worker joins, only as many leases move as must. When one leaves, takers fill up to the
// rounded-up share, so that a few may move on to whoever came late.
RC_GTEST_PROP(LeasePlanProperty, AMembershipChangeMovesAsLittleAsItMust, ()) {
  Fleet fleet;
  const auto workers = *rc::gen::inRange<std::size_t>(1, 8);
  const auto each = *rc::gen::inRange<std::size_t>(1, 8);
  for (std::size_t i = 0; i < workers; ++i) fleet.workers.push_back("worker-" + std::to_string(i));
  for (std::size_t i = 0; i < workers * each; ++i) {
    fleet.rows.push_back({.key = "shard-" + std::to_string(i), .owner = fleet.workers[i % workers], .claimer = {}});
  }
  std::size_t must_move = 0;
  std::size_t may_move_twice = 0;
  if (workers > 1 && *rc::gen::arbitrary<bool>()) {
    fleet.workers.pop_back();
    must_move = each;
    may_move_twice = fleet.workers.size() / 2;
  } else {
    fleet.workers.push_back("the new one");
    must_move = workers * each / fleet.workers.size();
  }
  for (int round = 0; round < 12; ++round) {
    for (const std::string& worker : in_any_order(fleet.workers)) {
      fleet.turn(worker, std::size_t{1} << round, round > 6);
      fleet.grant_claims();
    }
  }
  RC_ASSERT(fleet.balanced());
  RC_ASSERT(fleet.moves >= must_move);
  RC_ASSERT(fleet.moves <= must_move + may_move_twice);
}

// Everybody looks at the same moment, before anyone has acted; takes are conditional, so one of several wins. Rounds
// that double do not give all to one, and it ends.
RC_GTEST_PROP(LeasePlanProperty, SimultaneousLooksConvergeToo, ()) {
  Fleet fleet = any_fleet();
  for (int round = 0; round < 30; ++round) {
    const Fleet seen = fleet;
    for (const std::string& worker : in_any_order(fleet.workers)) {
      const auto plan = plan_leases(seen.view(worker, std::size_t{1} << std::min(round, 8), round > 6));
      for (std::size_t i = 0; i < fleet.rows.size(); ++i) {
        Fleet::Row& row = fleet.rows[i];
        const bool unchanged = row.owner == seen.rows[i].owner && row.claimer == seen.rows[i].claimer;
        if (!unchanged) continue;
        if (std::count(plan.take.begin(), plan.take.end(), row.key) != 0) row.owner = worker;
        if (std::count(plan.claim.begin(), plan.claim.end(), row.key) != 0) row.claimer = worker;
      }
    }
    fleet.grant_claims();
  }
  for (const auto& row : fleet.rows) RC_ASSERT(fleet.alive(row.owner));
  RC_ASSERT(fleet.balanced());
}

RC_GTEST_PROP(LeasePlanProperty, ACapIsNeverExceededAndNothingIsLeftWhileThereIsRoom, ()) {
  Fleet fleet = any_fleet();
  // Nobody has more than the cap to begin with.
  for (auto& row : fleet.rows) row.owner.clear();
  fleet.max_leases = *rc::gen::inRange<std::size_t>(0, 12);
  for (int round = 0; round < 12; ++round) {
    for (const std::string& worker : in_any_order(fleet.workers)) {
      fleet.turn(worker, std::size_t{1} << round, round > 3);
      fleet.grant_claims();
    }
  }
  std::size_t owned = 0;
  for (const auto& [worker, load] : fleet.loads()) {
    RC_ASSERT(load <= fleet.max_leases);
    owned += load;
  }
  RC_ASSERT(owned == std::min(fleet.rows.size(), fleet.workers.size() * fleet.max_leases));
}

}  // namespace
}  // namespace kcl::coordinator
