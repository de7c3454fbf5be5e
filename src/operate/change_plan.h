// What an operator's rewind, release or import will do to each lease, before anything is done: a pure plan over what
// was seen, which people read and agree to.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <kcl/timestamp.h>

#include "leases/lease.h"
#include "operate/lease_export.h"
#include "operate/table_view.h"

namespace kcl::operate {

/// What is to become of one lease.
struct Change {
  std::string shard;
  /// Absent: it is only let go.
  std::optional<leases::Start> start;
  /// A row to be put back, when there is none. Then nothing else counts.
  std::optional<Item> restore;
};

struct Planned {
  Change change;
  /// For people: "A, a live kclpp worker, is asked for it", "free: taken at once".
  std::string how;
  /// For people: "4711 -> TRIM_HORIZON: what lies between is delivered again".
  std::string what;
  /// It skips records that no worker has been given.
  bool skips = false;
};

struct Plan {
  /// In the order in which they are to be made: ancestors first, so that no child is read again before its parents.
  std::vector<Planned> steps;
  /// What is left alone, and why.
  std::vector<std::string> left_alone;
  /// Why nothing can be done at all. Empty: the steps can be taken.
  std::vector<std::string> refusals;
};

/// Where to: "TRIM_HORIZON", "LATEST", a time, or the number of the last record that counts as processed.
struct Trim {};
struct Latest {};
using Target = std::variant<Trim, Latest, Timestamp, SequenceNumber>;

struct Selection {
  /// Empty: all.
  std::vector<std::string> shards;
  /// Also take leases from live workers that are not kclpp, without asking anyone. Not from those of vmware-go-kcl:
  /// their next renewal would undo it.
  bool force = false;
};

Plan plan_release(const TableView& view, const Selection& selection);
Plan plan_rewind(const TableView& view, const Selection& selection, const Target& target);
/// Back to what the rows were when they were exported; rows that came since are left alone.
Plan plan_import(const TableView& view, const Selection& selection, const Export& exported);

/// Lines for people.
std::string plan_text(const Plan& plan);

}  // namespace kcl::operate
