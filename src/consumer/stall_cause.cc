#include "consumer/stall_cause.h"

namespace kcl::consumer {

namespace {

std::string seconds_text(base::Duration duration) {
  return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(duration).count()) + " s";
}

/// Names who keeps bytes (C11).
std::string text_of(const BudgetUse& budget) {
  std::string text = std::to_string(budget.used) + " of " + std::to_string(budget.limit) + " bytes are used";
  std::string kept;
  for (const auto& [shard, bytes] : budget.kept) {
    kept += (kept.empty() ? "" : ", ") + shard + " " + std::to_string(bytes);
  }
  if (!kept.empty()) text += "; the program keeps batches that it was done with: " + kept;
  return text;
}

}  // namespace

bool has_something_to_do(const Standing& shard) {
  switch (shard.state) {
    case ShardState::idle:
      return !shard.read_error.empty() || shard.waits_for_budget;
    case ShardState::ended:
    case ShardState::released:
      return false;
    default:
      return true;
  }
}

std::string stall_cause(const Standing& shard, const BudgetUse& budget) {
  if (shard.state == ShardState::idle) {
    if (shard.waits_for_budget) return "waits for room in the byte budget: " + text_of(budget);
    return shard.read_error.empty() ? "" : "reading fails: " + shard.read_error;
  }
  std::string cause(name_of(shard.state));
  if (!shard.waiting_for.empty()) cause += ", waits for " + shard.waiting_for;
  if (shard.in_call) cause += ", which runs for " + seconds_text(*shard.in_call);
  if (!shard.last_error.empty()) cause += "; last error: " + shard.last_error;
  return cause;
}

}  // namespace kcl::consumer
