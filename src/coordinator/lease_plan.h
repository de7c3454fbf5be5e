// Which leases this worker takes, asks for, or stops asking for: a pure function of what it saw.
//
//  - Ancestors first: a blocked lease is not taken, and counts neither as load nor against the cap; so does an ended
//  one.
//  - What lies free is dealt out: each lease to whoever has least. All workers see about the same and deal alike, so
//  they do not race for the same rows, and nothing has to move again afterwards. What its taker leaves lying, another
//  takes.
//  - In doubling rounds while most leases lie free, since then others may be starting too: take 1, 2, 4, … with a fresh
//  look between.
//  - An owner that has let a lease expire, or has let go of one, is no worker: its other leases will follow.
//  - Least movement: ask another worker for a lease only while that evens the two out: by number of leases, or by what
//  they bring. A move is never undone by the next look.
//  - A Java worker hands nothing over. Beside 2.x a lease is stolen from it, one at a time; beside a 3.x leader none
//  is.
//  - Otherwise rows are picked by rendezvous hash.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <kcl/lease_balance.h>

#include "coordinator/neighbours.h"

namespace kcl::coordinator {

/// A lease as the plan needs it.
struct PlanLease {
  enum class State : std::uint8_t {
    ours,     ///< a consumer of this worker runs it
    free,     ///< may be taken at once
    expired,  ///< owned or unowned, and old enough to be taken by age
    waiting,  ///< unowned or naming us, not old enough yet
    theirs,   ///< another worker is alive on it
  };
  std::string key;
  State state = State::theirs;
  /// Whom the row names, if anybody.
  std::string owner;
  /// Of `free`: who let go of it, if that worker still owns others.
  std::string let_go_by;
  /// Who asks for it; empty for nobody.
  std::string claimer;
  bool ended = false;
  bool blocked = false;
  /// Takeable for long enough that whoever it is dealt to would have taken it.
  bool left_lying = false;
  /// Takeable for long enough that whoever had room for it in its fair share would have taken it.
  bool overdue = false;
  /// Of `theirs`: held by Java, which hands nothing over.
  bool foreign = false;
  /// Of `foreign`: no kclpp holder from before can still be within its deadline.
  bool stealable = false;
  /// What the shard brings, in kilobytes a second, if anybody has measured it.
  std::optional<double> throughput_kbps;
};

struct PlanInput {
  std::vector<PlanLease> leases;
  std::string me;
  std::size_t max_leases = SIZE_MAX;
  /// At most so many claims, and takes while most leases lie free: the doubling round.
  std::size_t round_limit = 1;
  LeaseBalance balance = LeaseBalance::count;
  Neighbours neighbours = Neighbours::none;
  /// The last steal was long enough ago.
  bool may_steal = false;
};

struct LeasePlan {
  /// In the order in which to try them.
  std::vector<std::string> take;
  std::vector<std::string> claim;
  /// To be taken from a Java worker that lives.
  std::vector<std::string> steal;
  /// Workers that seem alive, this one included.
  std::size_t workers = 1;
  /// Leases that are load: neither ended nor blocked.
  std::size_t load = 0;
  /// Some leases are there for the taking, whoever takes them.
  bool unowned_left = false;
  /// Some of them since a moment ago: somebody is about to take them.
  bool unsettled = false;
};

LeasePlan plan_leases(const PlanInput& input);

/// Rendezvous weight of a lease for a worker: stable across processes and versions.
std::uint64_t rendezvous_weight(const std::string& worker, const std::string& key);

}  // namespace kcl::coordinator
