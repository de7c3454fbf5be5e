#include "stores/dynamodb_item_store.h"

#include <algorithm>
#include <utility>

#include "base/backoff.h"
#include "base/wait.h"

namespace kcl::stores {

using base::BootTime;
using base::Task;
using std::chrono::milliseconds;

namespace {

// A new table takes seconds; an answer about it costs nothing.
constexpr base::Duration kFirstLook = milliseconds(100);
constexpr base::Duration kLongestPause = std::chrono::seconds(2);
// Of one look. Nobody waits minutes for a server that says nothing.
constexpr base::Duration kOneLook = std::chrono::seconds(5);

template <class T>
ports::Answer<StoreResult<T>> answer(StoreResult<T> value, const ports::Timing& timing) {
  return {std::move(value), timing};
}

aws::ServiceClient::Request request_for(std::string_view target, std::string body) {
  aws::ServiceClient::Request request;
  request.target = target;
  request.content_type = wire::kDynamoDbContentType;
  request.body = std::move(body);
  return request;
}

template <class T>
ports::Answer<StoreResult<T>> failure(StoreError error, const ports::Timing& timing) {
  return {Failure{std::move(error)}, timing};
}

}  // namespace

bool is_table_name(std::string_view name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '.';
  };
  return name.size() >= 3 && name.size() <= 255 && std::ranges::all_of(name, allowed);
}

std::string not_a_table_name(const std::string& name) {
  return ": \"" + name + "\" cannot be the name of a DynamoDB table; 3 to 255 of a-z, A-Z, 0-9, '_', '-' and '.' can";
}

DynamoDbItemStore::DynamoDbItemStore(base::Loop& loop, base::Random& random, aws::ServiceClient& service,
                                     DynamoDbTable table)
    : loop_(loop),
      random_(random),
      service_(service),
      table_(std::move(table)),
      requests_(table_.name, table_.key_attribute) {}

Task<DynamoDbItemStore::Called> DynamoDbItemStore::read(std::string_view target, std::string body, BootTime deadline) {
  auto request = request_for(target, std::move(body));
  request.repeatable = true;
  return service_.call(std::move(request), deadline);
}

Task<DynamoDbItemStore::Called> DynamoDbItemStore::write(std::string_view target, std::string body, BootTime deadline) {
  return service_.call(request_for(target, std::move(body)), deadline);
}

StoreError DynamoDbItemStore::store_error(const aws::CallError& error) const {
  StoreError told;
  const bool passing = error.kind == aws::CallError::Kind::throttled || error.kind == aws::CallError::Kind::unavailable;
  told.kind = passing ? StoreError::Kind::unavailable : StoreError::Kind::misuse;
  told.message = "table " + table_.name + ": " + error.message;
  if (error.code == "ResourceNotFoundException") {
    told.message = "table " + table_.name + " does not exist in region " + service_.options().region + " (" +
                   service_.options().endpoint.host +
                   "). Create it, allow kclpp to (create_table = if_missing), or check the region and the endpoint";
  }
  return told;
}

StoreError DynamoDbItemStore::unreadable(std::string_view target, const std::string& problem) const {
  return {StoreError::Kind::unavailable, "table " + table_.name + ": " + service_.options().endpoint.host +
                                             ": the answer to " + std::string(target) +
                                             " is not one of DynamoDB: " + problem};
}

WriteOutcome DynamoDbItemStore::failed_write(aws::CallError error) const {
  using Kind = WriteOutcome::Kind;
  WriteOutcome outcome;
  outcome.message = store_error(error).message;
  if (!error.not_done) {
    outcome.kind = Kind::unknown;
  } else if (error.code == "ConditionalCheckFailedException") {
    outcome.kind = Kind::refused;
    outcome.row = std::move(error.item);
  } else if (error.kind == aws::CallError::Kind::throttled || error.kind == aws::CallError::Kind::unavailable ||
             error.code == "TransactionConflictException" || error.code == "ReplicatedWriteConflictException") {
    outcome.kind = Kind::not_applied;
  } else {
    outcome.kind = Kind::misuse;
  }
  return outcome;
}

/// Of a write whose answer holds nothing that we need.
WriteOutcome DynamoDbItemStore::plain_write(std::string_view target,
                                            Result<aws::CallAnswer, aws::CallError> called) const {
  if (!called) return failed_write(std::move(called.error()));
  WriteOutcome outcome;
  const auto done = wire::decode_done(*called->body);
  outcome.kind = done ? WriteOutcome::Kind::applied : WriteOutcome::Kind::unknown;
  if (!done) outcome.message = unreadable(target, done.error()).message;
  return outcome;
}

/// Whether the table can be used now; an error when it never can.
StoreResult<bool> DynamoDbItemStore::judge(const wire::TableDescription& table) const {
  if (table.status == "CREATING" || table.status == "DELETING") return false;
  const bool ours = table.partition_key == table_.key_attribute && table.partition_key_type == "S";
  if (!ours || table.has_sort_key) {
    return Failure{StoreError{StoreError::Kind::misuse,
                              "table " + table_.name + " is not a lease table: its key is " + table.partition_key +
                                  " (" + table.partition_key_type + (table.has_sort_key ? ") with a sort key" : ")") +
                                  ", and " + table_.key_attribute +
                                  " (S) alone is needed. Use another application name or lease table"}};
  }
  if (table.status == "ACTIVE" || table.status == "UPDATING") return true;
  return Failure{StoreError{StoreError::Kind::misuse,
                            "table " + table_.name + " is " + table.status + ": make it ACTIVE, or use another one"}};
}

DynamoDbItemStore::Reply<void> DynamoDbItemStore::ensure(CreateTable create, BootTime deadline) {
  base::Backoff backoff(kFirstLook, kLongestPause);
  base::Stop never;
  ports::Timing timing;
  timing.sent = loop_.now();
  std::string waiting_for = "it to be ready";
  for (;;) {
    auto described = co_await read(wire::kDescribeTableTarget, requests_.describe_table(),
                                   std::min(deadline, loop_.now() + kOneLook));
    timing.received = described.timing.received;
    timing.server_time = described.timing.server_time;
    if (described.value) {
      const auto table = wire::decode_describe_table(*described.value->body);
      if (!table) co_return failure<void>(unreadable(wire::kDescribeTableTarget, table.error()), timing);
      const auto usable = judge(*table);
      if (!usable) co_return failure<void>(usable.error(), timing);
      if (*usable) co_return answer<void>({}, timing);
      waiting_for = "it to become ACTIVE (it is " + table->status + ")";
    } else if (described.value.error().kind == aws::CallError::Kind::throttled) {
      // A fleet that starts looks at its table all at once.
      waiting_for = described.value.error().message;
    } else {
      const bool missing = described.value.error().code == "ResourceNotFoundException";
      if (!missing || create == CreateTable::never) {
        co_return failure<void>(store_error(described.value.error()), timing);
      }
      auto created = co_await write(wire::kCreateTableTarget, requests_.create_table(),
                                    std::min(deadline, loop_.now() + kOneLook));
      // ResourceInUse: another worker was first. Throttled, or no answer: the next look tells.
      const bool refused = !created.value && created.value.error().code != "ResourceInUseException" &&
                           store_error(created.value.error()).kind == StoreError::Kind::misuse;
      if (refused) {
        StoreError error = store_error(created.value.error());
        error.message = "cannot create " + error.message;
        co_return failure<void>(std::move(error), timing);
      }
      waiting_for = created.value ? "its creation" : created.value.error().message;
    }
    const BootTime again = loop_.now() + backoff.next(random_);
    if (again >= deadline) {
      StoreError late{StoreError::Kind::unavailable, "table " + table_.name + ": waited for " + waiting_for};
      co_return failure<void>(std::move(late), timing);
    }
    co_await base::sleep_until(loop_, again, never);
  }
}

DynamoDbItemStore::Reply<ReadItem> DynamoDbItemStore::get(std::string key, bool consistent, BootTime deadline) {
  auto called = co_await read(wire::kGetItemTarget, requests_.get_item(key, consistent), deadline);
  if (!called.value) co_return failure<ReadItem>(store_error(called.value.error()), called.timing);
  auto row = wire::decode_get_item(*called.value->body);
  if (!row) co_return failure<ReadItem>(unreadable(wire::kGetItemTarget, row.error()), called.timing);
  ReadItem read;
  read.row = *std::move(row);
  read.server_time = *called.timing.server_time;
  co_return answer<ReadItem>(std::move(read), called.timing);
}

DynamoDbItemStore::WriteReply DynamoDbItemStore::create(Item row, BootTime deadline) {
  auto called = co_await write(wire::kPutItemTarget, requests_.put_item(row), deadline);
  WriteOutcome outcome = plain_write(wire::kPutItemTarget, std::move(called.value));
  if (outcome.kind == WriteOutcome::Kind::applied) outcome.row = std::move(row);
  outcome.server_time = called.timing.server_time;
  co_return ports::Answer<WriteOutcome>{std::move(outcome), called.timing};
}

DynamoDbItemStore::WriteReply DynamoDbItemStore::update(ItemUpdate update, BootTime deadline) {
  auto called = co_await write(wire::kUpdateItemTarget, requests_.update_item(update), deadline);
  WriteOutcome outcome;
  if (called.value) {
    auto row = wire::decode_update_item(*called.value->body);
    // Applied, by its status; but the row after it is what the holder's deadline rests on: so it is read back.
    outcome.kind = row ? WriteOutcome::Kind::applied : WriteOutcome::Kind::unknown;
    if (row) {
      outcome.row = *std::move(row);
    } else {
      outcome.message = unreadable(wire::kUpdateItemTarget, row.error()).message;
    }
  } else {
    outcome = failed_write(std::move(called.value.error()));
  }
  outcome.server_time = called.timing.server_time;
  co_return ports::Answer<WriteOutcome>{std::move(outcome), called.timing};
}

DynamoDbItemStore::WriteReply DynamoDbItemStore::remove(std::string key, std::vector<Condition> conditions,
                                                        BootTime deadline) {
  auto called = co_await write(wire::kDeleteItemTarget, requests_.delete_item(key, conditions), deadline);
  WriteOutcome outcome = plain_write(wire::kDeleteItemTarget, std::move(called.value));
  outcome.server_time = called.timing.server_time;
  co_return ports::Answer<WriteOutcome>{std::move(outcome), called.timing};
}

DynamoDbItemStore::Reply<ScanPage> DynamoDbItemStore::scan(ScanRequest request, BootTime deadline) {
  auto called = co_await read(wire::kScanTarget, requests_.scan(request), deadline);
  if (!called.value) co_return failure<ScanPage>(store_error(called.value.error()), called.timing);
  auto page = wire::decode_scan(*called.value->body, table_.key_attribute);
  if (!page) co_return failure<ScanPage>(unreadable(wire::kScanTarget, page.error()), called.timing);
  page->server_time = *called.timing.server_time;
  co_return answer<ScanPage>(*std::move(page), called.timing);
}

}  // namespace kcl::stores
