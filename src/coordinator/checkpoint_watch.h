// Tells when a stored checkpoint moves backwards. Only for tables whose other writers are not fenced: there it is how a
// zombie shows. Pure bookkeeping over scans.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include <kcl/position.h>

#include "leases/lease.h"

namespace kcl::coordinator {

class CheckpointWatch {
 public:
  struct Setback {
    std::string key;
    Position from = Position::trim_horizon();
    Position to = Position::trim_horizon();
    /// Of the row as it is now.
    std::string owner;
  };

  /// A whole scan, strongly consistent or not: what one shows may be older than what the one before showed, so a
  /// setback counts when it is seen twice in a row. Each is told once.
  std::vector<Setback> look(const std::vector<leases::Lease>& leases);

 private:
  struct Seen {
    /// The furthest, and the one behind it that was shown last.
    Position furthest = Position::trim_horizon();
    std::optional<Position> behind;
  };
  std::map<std::string, Seen> seen_;
};

}  // namespace kcl::coordinator
