// Watches every lease table among those that begin alike: finds new ones, forgets those that are gone, and leaves alone
// what is no lease table. None of them holds up another. Read-only. Lives on the strand.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/task.h"
#include "leases/lease_table.h"
#include "operate/fleet_sample.h"
#include "operate/fleet_tables.h"
#include "operate/fleet_watch.h"

namespace kcl::operate {

class FleetsWatch {
 public:
  /// What it is given outlives it.
  FleetsWatch(base::Loop& loop, base::Random& random, FleetTables& tables, FleetWatchOptions options);
  FleetsWatch(const FleetsWatch&) = delete;
  FleetsWatch& operator=(const FleetsWatch&) = delete;
  ~FleetsWatch();

  /// Lists the tables, and looks at each that is one of leases. Returns what is to be told to people, each thing once.
  base::Task<std::vector<std::string>> look();

  /// By name. A table of which nobody knows yet whether it is one of leases is among them, as one that failed.
  std::vector<const FleetSample*> samples() const;
  /// Whether the last listing succeeded.
  bool listed() const noexcept { return listed_; }

 private:
  struct Watched;
  base::Task<void> list(std::vector<std::string>& told);
  base::Task<bool> look_at(Watched& table, std::vector<std::string>& told);
  base::Task<bool> recognise(Watched& table, std::vector<std::string>& told);

  base::Loop& loop_;
  base::Random& random_;
  FleetTables& tables_;
  FleetWatchOptions options_;
  std::map<std::string, std::unique_ptr<Watched>> watched_;
  /// Tables that are none of leases.
  std::set<std::string> others_;
  bool listed_ = false;
  bool told_of_listing_ = false;
};

}  // namespace kcl::operate
