// What the leases of a vmware-go-kcl table become in a new table of Java's and kclpp's rows, before anything is done: a
// pure plan over what was seen, which people read and agree to. The old table is never written to.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <kcl/timestamp.h>

#include "leases/lease.h"
#include "operate/table_view.h"

namespace kcl::operate {

struct ConversionChoices {
  /// Where shards without a checkpoint begin, if the table does not tell.
  std::optional<Timestamp> start;
  /// Although workers live on the old table.
  bool force = false;
};

struct Conversion {
  /// To be created, unowned; ancestors first.
  std::vector<leases::Lease> rows;
  /// What is there already, as it is to be: of a conversion that did not come to its end.
  std::vector<std::string> there;
  /// Why nothing can be done at all. Empty: the rows can be created.
  std::vector<std::string> refusals;
};

/// `there`: the leases of the new table.
Conversion plan_conversion(const TableView& view, const std::vector<leases::Lease>& there,
                           const ConversionChoices& choices);

/// Lines for people.
std::string conversion_text(const Conversion& conversion);

}  // namespace kcl::operate
