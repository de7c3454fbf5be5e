#include "operate/dynamodb_fleet_tables.h"

#include <utility>

#include "stores/dynamodb_item_store.h"
#include "wire/dynamodb.h"

namespace kcl::operate {

using base::Task;
using Names = std::vector<std::string>;

namespace {

constexpr base::Duration kCallTimeout = std::chrono::seconds(10);

std::optional<LeaseFormat> rows_of(const wire::TableDescription& table) {
  if (table.partition_key_type != "S" || table.has_sort_key) return std::nullopt;
  for (const LeaseFormat format : {LeaseFormat::kcl, LeaseFormat::vmware_go}) {
    if (table.partition_key == key_attribute_of(format)) return format;
  }
  return std::nullopt;
}

}  // namespace

DynamoDbFleetTables::DynamoDbFleetTables(base::Loop& loop, base::Random& random, aws::ServiceClient& service,
                                         std::string prefix)
    : loop_(loop), random_(random), service_(service), prefix_(std::move(prefix)) {}

/// The body of the answer.
Task<Result<std::string, std::string>> DynamoDbFleetTables::ask(std::string_view target, std::string body) {
  aws::ServiceClient::Request request;
  request.target = target;
  request.content_type = wire::kDynamoDbContentType;
  request.body = std::move(body);
  request.repeatable = true;
  auto called = co_await service_.call(std::move(request), loop_.now() + kCallTimeout);
  if (!called.value) co_return Failure{called.value.error().message};
  co_return std::move(*called.value->body);
}

/// ListTables knows no prefix: page by page, all of the account.
Task<Result<Names, std::string>> DynamoDbFleetTables::names() {
  Names found;
  std::string after;
  do {
    std::string body = wire::list_tables(after);
    const auto answer = co_await ask(wire::kListTablesTarget, std::move(body));
    if (!answer) co_return Failure{answer.error()};
    auto page = wire::decode_list_tables(*answer);
    if (!page) co_return Failure{"the answer to ListTables is not one of DynamoDB: " + page.error()};
    if (!page->last.empty() && page->last == after) co_return Failure{"ListTables goes round in circles at " + after};
    for (std::string& name : page->names) {
      if (name.starts_with(prefix_)) found.push_back(std::move(name));
    }
    after = page->last;
  } while (!after.empty());
  co_return found;
}

Task<Result<TableKind, std::string>> DynamoDbFleetTables::kind(std::string name) {
  std::string body = wire::DynamoDbRequests(name, {}).describe_table();
  const auto answer = co_await ask(wire::kDescribeTableTarget, std::move(body));
  if (!answer) co_return Failure{"table " + name + ": " + answer.error()};
  const auto table = wire::decode_describe_table(*answer);
  if (!table) {
    co_return Failure{"table " + name + ": the answer to DescribeTable is not one of DynamoDB: " + table.error()};
  }
  TableKind kind;
  kind.rows = rows_of(*table);
  kind.key =
      table->partition_key + " (" + table->partition_key_type + (table->has_sort_key ? ") with a sort key" : ")");
  kind.passing = table->status == "CREATING" || table->status == "DELETING";
  co_return kind;
}

std::unique_ptr<ports::ItemStore> DynamoDbFleetTables::open(const std::string& name, LeaseFormat rows) {
  stores::DynamoDbTable table;
  table.name = name;
  table.key_attribute = key_attribute_of(rows);
  return std::make_unique<stores::DynamoDbItemStore>(loop_, random_, service_, std::move(table));
}

}  // namespace kcl::operate
