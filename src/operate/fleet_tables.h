// The tables of an account and region whose names begin alike, as far as telling which of them are lease tables and
// opening these goes. Lives on the strand; no call takes longer than about ten seconds.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <kcl/lease_format.h>
#include <kcl/result.h>

#include "base/task.h"
#include "ports/item_store.h"

namespace kcl::operate {

struct TableKind {
  /// Whose rows it has, by its key; absent: it is no lease table.
  std::optional<LeaseFormat> rows;
  /// Its key, for people.
  std::string key;
  /// It is being made or deleted, and cannot be read.
  bool passing = false;
};

class FleetTables {
 public:
  FleetTables() = default;
  FleetTables(const FleetTables&) = delete;
  FleetTables& operator=(const FleetTables&) = delete;
  virtual ~FleetTables() = default;

  // Errors are for people.

  virtual base::Task<Result<std::vector<std::string>, std::string>> names() = 0;
  virtual base::Task<Result<TableKind, std::string>> kind(std::string name) = 0;
  /// What it returns lives no longer than this.
  virtual std::unique_ptr<ports::ItemStore> open(const std::string& name, LeaseFormat rows) = 0;
};

}  // namespace kcl::operate
