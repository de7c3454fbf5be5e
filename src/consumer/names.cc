// How the public enumerations about consumption are called in logs, rows and metrics.
#include <kcl/on_error.h>
#include <kcl/shard_status.h>
#include <kcl/stray_records.h>

namespace kcl {

std::string_view name_of(ShardState state) {
  switch (state) {
    case ShardState::starting:
      return "starting";
    case ShardState::waiting_for_parents:
      return "waiting_for_parents";
    case ShardState::initializing:
      return "initializing";
    case ShardState::idle:
      return "idle";
    case ShardState::processing:
      return "processing";
    case ShardState::retrying:
      return "retrying";
    case ShardState::dead_lettering:
      return "dead_lettering";
    case ShardState::stopped:
      return "stopped";
    case ShardState::suspended:
      return "suspended";
    case ShardState::ending:
      return "ending";
    case ShardState::handing_over:
      return "handing_over";
    case ShardState::stopping:
      return "stopping";
    case ShardState::lost:
      return "lost";
    case ShardState::ended:
      return "ended";
    case ShardState::released:
      break;
  }
  return "released";
}

std::string_view name_of(OnError policy) {
  switch (policy) {
    case OnError::retry:
      return "retry";
    case OnError::stop:
      return "stop";
    case OnError::bisect:
      break;
  }
  return "bisect";
}

std::string_view name_of(StrayRecords choice) {
  switch (choice) {
    case StrayRecords::deliver:
      return "deliver";
    case StrayRecords::leave_out:
      return "leave-out";
    case StrayRecords::drop_aggregate:
      break;
  }
  return "drop-aggregate";
}

}  // namespace kcl
