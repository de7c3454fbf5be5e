// A lease table as a file: every row with every attribute and its type, those of others too.
//
// The first line is a JSON object that says what this is; each line after it is one row in DynamoDB-JSON, sorted by its
// text. Reading takes any bytes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <kcl/item_store.h>
#include <kcl/timestamp.h>

#include "base/task.h"
#include "ports/item_store.h"

namespace kcl::operate {

struct Export {
  /// The table's name.
  std::string table;
  Timestamp taken{};
  std::vector<Item> rows;
};

std::string render(const Export& exported);
/// The error names the line.
Result<Export, std::string> parse_export(std::string_view text);

/// Every row, strongly consistent. A scan is no snapshot: rows that change meanwhile are as they were at some time.
base::Task<StoreResult<std::vector<Item>>> read_rows(base::Loop& loop, ports::ItemStore& store);

}  // namespace kcl::operate
