// Makes planned changes to leases that a fleet may be using, fenced like everything that workers do: it is a worker
// that takes a lease, moves it, and lets it go.
//
//  - A lease that is free, or whose holder is silent for as long as workers would wait, is taken as workers take it.
//  - A live kclpp holder is asked (a claim): it drains, stores its last checkpoint and hands over.
//  - A live holder that is not kclpp is never asked: the change is refused, unless forced.
//  - Forced: the row is changed from under its holder in one write, and rests until it has aged.
//
// Whatever becomes of a change, no claim of ours stays behind, and a lease that was granted to us is let go. Lives on
// the strand; each change ends within `patience` and a few calls, or soon after `stop` is requested.
#pragma once

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
  /// What is to be done next about a lease, by its row as it is now.
  Step next_step(const leases::Lease* row, bool expired) const;
  bool granted_to_me(const leases::Lease& lease) const;

  base::Task<ChangeOutcome> restore(Item row);
  base::Task<ChangeOutcome> take(leases::Lease row, Change change);
  base::Task<ChangeOutcome> evict(leases::Lease row, Change change);
  base::Task<ChangeOutcome> give_up(Change change, std::string why);

  base::Loop& loop_;
  leases::LeaseTable& table_;
  ChangerOptions options_;
  coordinator::LeaseAges ages_;
};

}  // namespace kcl::operate
