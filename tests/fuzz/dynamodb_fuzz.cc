#include <algorithm>

#include "base/check.h"
#include "fuzz_target.h"
#include "wire/dynamodb.h"
#include "wire/item_json.h"

namespace kcl::fuzz {

namespace {

template <class T>
void check_error(const Result<T, std::string>& result) {
  if (!result) base::check(!result.error().empty(), "an error says what is wrong");
}

void check_row(const Item& row) {
  const auto again = wire::decode_item(wire::encode_item(row));
  base::check(again && *again == row, "a row that is read can be written");
}

}  // namespace

void run_one(std::string_view input) {
  const auto table = wire::decode_describe_table(input);
  check_error(table);
  if (table) base::check(!table->status.empty(), "a table has a status");

  const auto tables = wire::decode_list_tables(input);
  check_error(tables);

  const auto found = wire::decode_get_item(input);
  check_error(found);
  if (found && *found) check_row(**found);

  const auto updated = wire::decode_update_item(input);
  check_error(updated);
  if (updated) check_row(*updated);

  const auto done = wire::decode_done(input);
  check_error(done);
  base::check(done || (!table && !tables && !found && !updated), "what is no answer is none of any kind");

  const auto page = wire::decode_scan(input, "leaseKey");
  check_error(page);
  if (!page) return;
  std::ranges::for_each(page->rows, check_row);
  const bool goes_on = input.find("LastEvaluatedKey") != std::string_view::npos;
  base::check(page->next_page_token.empty() || goes_on || input.find("\\u") != std::string_view::npos,
              "a page goes on only where the answer says so");
  // A page's token is a key that can be asked for again.
  const wire::DynamoDbRequests requests("leases", "leaseKey");
  base::check(!requests.scan({.page_token = page->next_page_token}).empty(), "the next page can be asked for");
}

}  // namespace kcl::fuzz
