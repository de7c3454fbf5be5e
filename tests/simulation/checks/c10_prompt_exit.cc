#include "simulation/checks/checks.h"

namespace kcl::simulation::checks {

void release_waits_for_callbacks(Truth& truth, const RowChange& change) {
  if (change.kind != WriteKind::holder || change.after->owner == change.before->owner) return;
  const auto epoch = truth.epochs.find({change.key, truth.shards[change.key].taken_epoch});
  if (epoch != truth.epochs.end() && !epoch->second.in_flight.empty())
    truth.blame("C10", change.key, change.by.process + " gives it up under a running callback");
}

void shutdown_was_prompt(Truth& truth, const std::string& process, bool returned) {
  if (!returned) truth.blame("C10", process, "the shutdown has not returned by its deadline");
}

}  // namespace kcl::simulation::checks
