// The bodies of what we ask DynamoDB, and of its answers: JSON 1.0, one table with one string key. Pure.
//
// Decoding takes any bytes and fails with a message that names the member; it never crashes. Source: Amazon DynamoDB
// API Reference (2012-08-10).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <kcl/item_store.h>

namespace kcl::wire {

inline constexpr std::string_view kDynamoDbContentType = "application/x-amz-json-1.0";

// Values of the header X-Amz-Target.
inline constexpr std::string_view kDescribeTableTarget = "DynamoDB_20120810.DescribeTable";
inline constexpr std::string_view kListTablesTarget = "DynamoDB_20120810.ListTables";
inline constexpr std::string_view kCreateTableTarget = "DynamoDB_20120810.CreateTable";
inline constexpr std::string_view kGetItemTarget = "DynamoDB_20120810.GetItem";
inline constexpr std::string_view kPutItemTarget = "DynamoDB_20120810.PutItem";
inline constexpr std::string_view kUpdateItemTarget = "DynamoDB_20120810.UpdateItem";
inline constexpr std::string_view kDeleteItemTarget = "DynamoDB_20120810.DeleteItem";
inline constexpr std::string_view kScanTarget = "DynamoDB_20120810.Scan";

/// The page of names behind that of the table `after`; empty: the first one.
std::string list_tables(const std::string& after);

/// Encodes what goes to one table.
class DynamoDbRequests {
 public:
  DynamoDbRequests(std::string table, std::string key_attribute)
      : table_(std::move(table)), key_attribute_(std::move(key_attribute)) {}

  std::string describe_table() const;
  /// On demand (PAY_PER_REQUEST): nothing to size, nothing to pay for when idle.
  std::string create_table() const;
  std::string get_item(const std::string& key, bool consistent) const;
  /// Only if there is no such row.
  std::string put_item(const Item& row) const;
  /// Only if there is such a row. Asks for the row after it, or, when a condition fails, for the row as it is.
  std::string update_item(const ItemUpdate& update) const;
  std::string delete_item(const std::string& key, const std::vector<Condition>& conditions) const;
  std::string scan(const ScanRequest& request) const;

 private:
  std::string table_;
  std::string key_attribute_;
};

struct TableDescription {
  /// CREATING, ACTIVE, UPDATING, DELETING, INACCESSIBLE_ENCRYPTION_CREDENTIALS, ARCHIVING, ARCHIVED.
  std::string status;
  std::string partition_key;
  /// S, N or B.
  std::string partition_key_type;
  bool has_sort_key = false;
};

struct TableNames {
  std::vector<std::string> names;
  /// What the next page is asked for by; empty: there is none.
  std::string last;
};

Result<TableNames, std::string> decode_list_tables(std::string_view body);
Result<TableDescription, std::string> decode_describe_table(std::string_view body);
/// Nothing when there is no such row.
Result<std::optional<Item>, std::string> decode_get_item(std::string_view body);
Result<Item, std::string> decode_update_item(std::string_view body);
/// Of PutItem and DeleteItem, which tell nothing but that they were done: fails for what is no word of DynamoDB, as a
/// proxy's page.
Result<void, std::string> decode_done(std::string_view body);
/// `server_time` is left to the caller.
Result<ScanPage, std::string> decode_scan(std::string_view body, const std::string& key_attribute);

}  // namespace kcl::wire
