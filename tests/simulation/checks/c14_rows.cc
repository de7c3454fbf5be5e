#include <algorithm>
#include <set>

#include "leases/kcl_row.h"
#include "simulation/checks/checks.h"

namespace kcl::simulation::checks {

using namespace leases::kcl_row;

std::set<std::string> changed_attributes(const Item& before, const Item& after) {
  std::set<std::string> changed;
  for (const auto& [name, value] : before) {
    const auto other = after.find(name);
    if (other == after.end() || !(other->second == value)) changed.insert(name);
  }
  for (const auto& [name, value] : after) {
    if (!before.contains(name)) changed.insert(name);
  }
  return changed;
}

namespace {

/// What a write of each kind may change (docs/internals/leases.md, "Every write").
const std::set<std::string>& permitted(WriteKind kind) {
  static const auto names = [](std::initializer_list<std::string_view> list) {
    return std::set<std::string>(list.begin(), list.end());
  };
  static const std::set<std::string> kHolder =
      names({kOwner, kCounter, kToken, kStatus, kThroughput, kCheckpoint, kCheckpointSub, kOwnerSwitches, kAt,
             kChildren, kCheckpointOwner});
  static const std::set<std::string> kTake =
      names({kOwner, kCounter, kToken, kFailover, kClaim, kCheckpointOwner, kFrom, kStream, kOwnerSwitches});
  static const std::set<std::string> kClaims = names({kClaim});
  static const std::set<std::string> kNothing;
  switch (kind) {
    case WriteKind::holder:
      return kHolder;
    case WriteKind::take:
      return kTake;
    case WriteKind::claim:
    case WriteKind::withdraw:
      return kClaims;
    case WriteKind::create:
    case WriteKind::remove:
    case WriteKind::foreign:
      break;
  }
  return kNothing;
}

std::string name_of(WriteKind kind) {
  switch (kind) {
    case WriteKind::create:
      return "creation";
    case WriteKind::take:
      return "take";
    case WriteKind::holder:
      return "holder's write";
    case WriteKind::claim:
      return "claim";
    case WriteKind::withdraw:
      return "withdrawal";
    case WriteKind::remove:
      return "removal";
    case WriteKind::foreign:
      break;
  }
  return "write";
}

/// Who wrote it, by its incarnation; a worker id belongs to each for good.
void token_is_new_and_own(Truth& truth, const RowChange& change) {
  const leases::Lease& after = *change.after;
  if (!after.token) return truth.blame("C14", change.key, "a write of kclpp without a token");
  const bool repair = change.kind == WriteKind::create && after.token->counter == after.counter - 1;
  if (after.token->counter != after.counter && !repair)
    truth.blame("C4", change.key, "the token names the counter " + std::to_string(after.token->counter));
  if (!truth.tokens.insert(after.token->text()).second)
    truth.blame("C4", change.key, "the token " + after.token->text() + " is written twice");
  const auto [known, first] = truth.incarnations.emplace(after.token->incarnation, change.by.process);
  if (!first && known->second != change.by.process)
    truth.blame("C4", change.key, change.by.process + " writes under an incarnation of " + known->second);
}

}  // namespace

WriteKind kind_of(const RowChange& change) {
  if (change.by.kind != Writer::Kind::kclpp) return WriteKind::foreign;
  if (!change.before) return WriteKind::create;
  if (!change.after) return WriteKind::remove;
  const leases::Lease& before = *change.before;
  const leases::Lease& after = *change.after;
  if (after.go) return go_kind_of(before, after);
  if (before.token == after.token) return after.claim ? WriteKind::claim : WriteKind::withdraw;
  const bool same_life = before.token && after.token && before.token->incarnation == after.token->incarnation;
  return same_life && before.owner && after.counter == before.counter + 1 ? WriteKind::holder : WriteKind::take;
}

void write_is_documented(Truth& truth, const RowChange& change) {
  if (change.by.kind != Writer::Kind::kclpp || change.kind == WriteKind::remove) return;
  const leases::Lease& after = *change.after;
  if (after.go) return go_write_is_documented(truth, change);
  if (change.kind != WriteKind::claim && change.kind != WriteKind::withdraw) token_is_new_and_own(truth, change);
  if (change.kind == WriteKind::create) {
    if (after.owner || after.claim) truth.blame("C14", change.key, "a row is created with an owner");
    return;
  }
  for (const std::string& name : changed_attributes(*change.before_item, *change.after_item)) {
    if (!permitted(change.kind).contains(name))
      truth.blame("C14", change.key, "a " + name_of(change.kind) + " by " + change.by.process + " changes " + name);
  }
  const leases::Lease& before = *change.before;
  if (change.kind == WriteKind::take && (!after.owner || after.claim))
    truth.blame("C14", change.key, "a take leaves no owner, or a claim");
  if (change.kind == WriteKind::claim && before.claim) truth.blame("C14", change.key, "a claim replaces another");
  if (change.kind != WriteKind::holder) return;
  const bool granted = after.owner && before.claim && *after.owner == before.claim->worker_id;
  if (after.owner && after.owner != before.owner && !granted)
    truth.blame("C14", change.key, "a holder gives it to " + *after.owner + ", who did not ask");
  if (!before.ended() && after.ended() && after.owner)
    truth.blame("C14", change.key, "a lease at its end keeps its owner");
}

}  // namespace kcl::simulation::checks
