// C14 in the `vmware-go` format: what each write of kclpp may change there (docs/internals/leases.md).
#include "leases/vmware_go_row.h"

#include <set>

#include "leases/go_time.h"
#include "simulation/checks/checks.h"

namespace kcl::simulation::checks {

using namespace leases::vmware_go_row;

namespace {

bool has_mark(const leases::Lease& row, Mark mark) { return row.counter % 100 == static_cast<std::int64_t>(mark); }

std::set<std::string> permitted(WriteKind kind) {
  const auto names = [](std::initializer_list<std::string_view> list) {
    return std::set<std::string>(list.begin(), list.end());
  };
  switch (kind) {
    case WriteKind::holder:
      return names({kOwner, kTimeout, kCheckpoint});
    case WriteKind::take:
      return names({kOwner, kTimeout, kClaim});
    case WriteKind::claim:
    case WriteKind::withdraw:
      return names({kClaim});
    case WriteKind::create:
      return names({kKey, kParent, kTimeout});
    case WriteKind::remove:
    case WriteKind::foreign:
      break;
  }
  return {};
}

}  // namespace

WriteKind go_kind_of(const leases::Lease& before, const leases::Lease& after) {
  if (before.counter == after.counter) return after.claim ? WriteKind::claim : WriteKind::withdraw;
  return has_mark(after, Mark::taken) ? WriteKind::take : WriteKind::holder;
}

void go_write_is_documented(Truth& truth, const RowChange& change) {
  const leases::Lease& after = *change.after;
  const auto blame = [&](const std::string& what) { truth.blame("C14", change.key, change.by.process + ' ' + what); };
  const Item nothing;
  for (const std::string& name :
       changed_attributes(change.before_item == nullptr ? nothing : *change.before_item, *change.after_item)) {
    if (!permitted(change.kind).contains(name)) blame("changes " + name);
  }
  if (after.owner && !after.go->timeout) blame("leaves an owner without a time: no Go worker could ever take it");
  if (after.go->timeout && leases::format_go_time(after.counter) != after.go->timeout)
    blame("writes a time as Go does not: " + *after.go->timeout);
  if (!change.before) {
    if (after.owner || after.claim) blame("creates a row with an owner");
    return;
  }
  const leases::Lease& before = *change.before;
  switch (change.kind) {
    case WriteKind::take:
      if (!after.owner || after.claim) blame("takes it and leaves no owner, or a claim");
      break;
    case WriteKind::claim:
      if (before.claim) blame("replaces a claim");
      break;
    case WriteKind::holder:
      if (after.owner && after.owner != before.owner) blame("gives it to " + *after.owner);
      if (after.owner && !has_mark(after, Mark::held)) blame("holds it under another mark");
      if (!after.owner && !has_mark(after, Mark::given_up)) blame("gives it up under another mark");
      break;
    case WriteKind::create:
    case WriteKind::withdraw:
    case WriteKind::remove:
    case WriteKind::foreign:
      break;
  }
  const bool token = change.kind == WriteKind::take || change.kind == WriteKind::holder;
  if (token && !truth.tokens.insert(change.key + *after.go->timeout).second) blame("writes one time twice");
}

}  // namespace kcl::simulation::checks
