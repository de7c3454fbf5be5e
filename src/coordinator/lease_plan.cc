#include "coordinator/lease_plan.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

namespace kcl::coordinator {

namespace {

using State = PlanLease::State;

bool is_load(const PlanLease& lease) { return !lease.ended && !lease.blocked; }

bool is_takeable(const PlanLease& lease) {
  return is_load(lease) && (lease.state == State::free || lease.state == State::expired);
}

using Loads = std::map<std::string, std::size_t>;

/// Who will have how many leases once the claims that are under way have been granted.
Loads expected_loads(const PlanInput& input) {
  Loads loads;
  for (const PlanLease& lease : input.leases) {
    if (lease.state != State::ours && lease.state != State::theirs) continue;
    const std::string& owner = lease.state == State::ours ? input.me : lease.owner;
    // An owner is alive even when all its leases are ended or waiting.
    loads[owner];
    if (!lease.claimer.empty()) loads[lease.claimer];
    if (is_load(lease)) ++loads[lease.claimer.empty() ? owner : lease.claimer];
  }
  // Whoever lets one expire is gone, and whoever lets go of one is leaving, though others of its leases still show it:
  // to wait for the last of them, or to deal them out to it, would leave them all lying.
  for (const PlanLease& lease : input.leases) {
    if (!is_takeable(lease)) continue;
    const std::string& gone = lease.state == State::expired ? lease.owner : lease.let_go_by;
    if (gone != input.me) loads.erase(gone);
  }
  loads[input.me];
  return loads;
}

std::vector<const PlanLease*> by_weight(std::vector<const PlanLease*> leases, const std::string& me) {
  std::sort(leases.begin(), leases.end(), [&](const PlanLease* a, const PlanLease* b) {
    const auto weight_a = rendezvous_weight(me, a->key);
    const auto weight_b = rendezvous_weight(me, b->key);
    return weight_a != weight_b ? weight_a > weight_b : a->key < b->key;
  });
  return leases;
}

/// Those of `leases` that this worker gets when each in turn goes to whoever has least then.
std::set<std::string> dealt_to_me(std::vector<const PlanLease*> leases, Loads loads, const PlanInput& input) {
  std::set<std::string> mine;
  std::ranges::sort(leases, {}, &PlanLease::key);
  // The others' caps are not known here: what they leave lying tells.
  if (loads.at(input.me) >= input.max_leases && loads.size() > 1) loads.erase(input.me);
  for (const PlanLease* lease : leases) {
    auto taker = loads.begin();
    std::uint64_t weight = 0;
    for (auto it = loads.begin(); it != loads.end(); ++it) {
      if (it->second > taker->second) continue;
      const std::uint64_t its_weight = rendezvous_weight(it->first, lease->key);
      if (it->second == taker->second && its_weight < weight) continue;
      taker = it;
      weight = its_weight;
    }
    ++taker->second;
    if (taker->first == input.me) mine.insert(lease->key);
  }
  return mine;
}

void plan_takes(const PlanInput& input, std::size_t fair_share, const Loads& loads, LeasePlan& plan) {
  std::vector<const PlanLease*> takeable;
  for (const PlanLease& lease : input.leases) {
    if (is_takeable(lease)) takeable.push_back(&lease);
  }
  plan.unowned_left = !takeable.empty();
  plan.unsettled = !std::ranges::all_of(takeable, &PlanLease::overdue);
  const bool cold = 2 * takeable.size() > plan.load;
  const std::size_t limit = cold ? input.round_limit : SIZE_MAX;
  std::size_t mine = loads.at(input.me);
  const auto dealt = dealt_to_me(takeable, loads, input);
  for (const PlanLease* lease : by_weight(std::move(takeable), input.me)) {
    if (plan.take.size() >= limit || mine >= input.max_leases) break;
    if (!lease->overdue && (mine >= fair_share || !(lease->left_lying || dealt.contains(lease->key)))) continue;
    plan.take.push_back(lease->key);
    ++mine;
  }
}

/// What each lease weighs. Unmeasured ones weigh what the others do on average.
class Weights {
 public:
  explicit Weights(const PlanInput& input) : balance_(input.balance) {
    double sum = 0;
    std::size_t measured = 0;
    for (const PlanLease& lease : input.leases) {
      if (!is_load(lease) || !lease.throughput_kbps) continue;
      sum += *lease.throughput_kbps;
      ++measured;
    }
    average_ = measured == 0 ? 0 : sum / static_cast<double>(measured);
  }

  double of(const PlanLease& lease) const {
    if (balance_ == LeaseBalance::count) return 1;
    // A lease costs something even when its shard is idle.
    return lease.throughput_kbps.value_or(average_) + average_ / 10 + 1;
  }

  /// How much wider than the lease's weight a gap must be to move it. What is measured wavers.
  double hysteresis() const { return balance_ == LeaseBalance::count ? 1 : 1.25; }

 private:
  LeaseBalance balance_;
  double average_ = 0;
};

/// What each worker carries once the claims that are under way have been granted.
std::map<std::string, double> expected_weights(const PlanInput& input, const Weights& weights) {
  std::map<std::string, double> carried;
  for (const PlanLease& lease : input.leases) {
    if (!is_load(lease) || (lease.state != State::ours && lease.state != State::theirs)) continue;
    const std::string& owner = lease.state == State::ours ? input.me : lease.owner;
    carried[lease.claimer.empty() ? owner : lease.claimer] += weights.of(lease);
  }
  return carried;
}

bool movable(const PlanLease& lease, const PlanInput& input) {
  if (!is_load(lease) || lease.state != State::theirs || !lease.claimer.empty()) return false;
  if (!lease.foreign) return true;
  return input.neighbours == Neighbours::java_2x && input.may_steal && lease.stealable;
}

void plan_claims(const PlanInput& input, std::size_t mine, std::size_t fair_share, LeasePlan& plan) {
  const Weights weights(input);
  auto carried = expected_weights(input, weights);
  std::vector<const PlanLease*> candidates;
  for (const PlanLease& lease : input.leases) {
    if (movable(lease, input)) candidates.push_back(&lease);
  }
  candidates = by_weight(std::move(candidates), input.me);
  const std::size_t most =
      input.balance == LeaseBalance::count ? std::min(fair_share, input.max_leases) : input.max_leases;
  while (plan.claim.size() + plan.steal.size() < input.round_limit && mine < most) {
    // From whoever carries most, the lease that evens the two out best, if any does: so every move counts.
    const double own = carried[input.me];
    const auto gap_to = [&](const PlanLease* lease) { return carried[lease->owner] - own; };
    const auto misfit = [&](const PlanLease* lease) { return std::abs(gap_to(lease) / 2 - weights.of(*lease)); };
    std::erase_if(candidates,
                  [&](const PlanLease* lease) { return gap_to(lease) <= weights.of(*lease) * weights.hysteresis(); });
    const auto best = std::ranges::min_element(candidates, [&](const PlanLease* a, const PlanLease* b) {
      const double heavier = carried[a->owner] - carried[b->owner];
      return heavier != 0 ? heavier > 0 : misfit(a) < misfit(b);
    });
    if (best == candidates.end()) return;
    const PlanLease& chosen = **best;
    (chosen.foreign ? plan.steal : plan.claim).push_back(chosen.key);
    carried[chosen.owner] -= weights.of(chosen);
    carried[input.me] += weights.of(chosen);
    ++mine;
    candidates.erase(best);
    if (chosen.foreign) std::erase_if(candidates, [](const PlanLease* lease) { return lease->foreign; });
  }
}

}  // namespace

std::uint64_t rendezvous_weight(const std::string& worker, const std::string& key) {
  // FNV-1a over both, then a finaliser, since FNV alone leaves the high bits of similar keys alike.
  std::uint64_t hash = 0xcbf29ce484222325U;
  const auto mix = [&hash](const std::string& text) {
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
    hash = (hash ^ 0xffU) * 0x100000001b3U;
  };
  mix(worker);
  mix(key);
  hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccdU;
  hash = (hash ^ (hash >> 33)) * 0xc4ceb9fe1a85ec53U;
  return hash ^ (hash >> 33);
}

LeasePlan plan_leases(const PlanInput& input) {
  LeasePlan plan;
  const auto loads = expected_loads(input);
  plan.workers = loads.size();
  plan.load = static_cast<std::size_t>(std::count_if(input.leases.begin(), input.leases.end(), is_load));
  const std::size_t fair_share = (plan.load + plan.workers - 1) / plan.workers;
  plan_takes(input, fair_share, loads, plan);
  // What lies free is spread first: moving leases meanwhile would only move them twice.
  if (!plan.unowned_left) plan_claims(input, loads.at(input.me), fair_share, plan);
  return plan;
}

}  // namespace kcl::coordinator
