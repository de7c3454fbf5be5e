// Makes planned changes to leases that a fleet may be using, fenced like everything that workers do: it is a worker
// that takes a lease, moves it, and lets it go.
//
//  - A lease that is free, or whose holder is silent for as long as workers would wait, is taken as workers take it.
//  - A live kclpp holder is asked (a claim): it drains, stores its last checkpoint and hands over.
//  - A live holder that is not kclpp is never asked: the change is refused, unless forced.
//  - Forced: the row is changed from under its holder in one write, and rests until it has aged.
//
// Go workers (the `vmware-go` format) write whole rows, and part of what they write they do not read before. So nothing
// is changed while one of them is seen to live, unless forced, and a lease that one holds never: its next renewal would
// undo it. Whether an owner is one shows in several of its writes only, so a live owner is watched for two of them. One
// that is just taking a free lease cannot be seen before; so what was changed is looked at again, and what was
// overwritten is said to be.
//
// Whatever becomes of a change, no claim of ours stays behind, and a lease that was granted to us is let go. Lives on
// the strand; each change ends within `patience` and a few calls, or soon after `stop` is requested.
#pragma once

#include <set>
#include <string>

#include "base/task.h"
#include "base/wait.h"
#include "coordinator/lease_ages.h"
#include "leases/lease_table.h"
#include "operate/change_plan.h"

namespace kcl::operate {

struct ChangerOptions {
  base::Duration patience = std::chrono::minutes(1);
  bool force = false;
  /// Between two looks at the table.
  base::Duration interval = std::chrono::milliseconds(500);
};

struct ChangeOutcome {
  enum class Kind : std::uint8_t {
    done,
    refused,  ///< not done, and it was not to be
    failed,   ///< not done
    unknown,  ///< the store did not answer: it may have been done
  };
  Kind kind = Kind::done;
  /// How, or why not, for people.
  std::string message;
};

class LeaseChanger {
 public:
  LeaseChanger(base::Loop& loop, leases::LeaseTable& table, ChangerOptions options);
  LeaseChanger(const LeaseChanger&) = delete;
  LeaseChanger& operator=(const LeaseChanger&) = delete;

  base::Task<ChangeOutcome> apply(Change change, base::Stop& stop);

 private:
  enum class Step : std::uint8_t { take, evict, claim, wait, refuse, gone };
  enum class Owner : std::uint8_t { unclear, kclpp, foreign };
  /// What is to be done next about a lease, by its row as it is now.
  Step next_step(const leases::Lease* row, bool expired) const;
  /// Of a lease that somebody owns: who lives, as far as that can be told by now.
  Owner owner_of(const leases::Lease& lease) const;
  bool granted_to_me(const leases::Lease& lease) const;
  bool reserved_for_another(const leases::Lease& lease) const;
  void note_go_workers(const std::vector<leases::Lease>& leases);

  base::Task<ChangeOutcome> restore(Item row);
  base::Task<ChangeOutcome> take(leases::Lease row, Change change);
  base::Task<ChangeOutcome> evict(leases::Lease row, Change change);
  base::Task<ChangeOutcome> give_up(Change change, ChangeOutcome outcome);
  base::Task<ChangeOutcome> look_again(leases::Lease before, Change change, ChangeOutcome outcome);

  base::Loop& loop_;
  leases::LeaseTable& table_;
  ChangerOptions options_;
  coordinator::LeaseAges ages_;
  /// Owners who wrote what kclpp never writes, and those of them who were seen to live.
  std::set<std::string> go_workers_;
  std::set<std::string> live_go_workers_;
};

}  // namespace kcl::operate
