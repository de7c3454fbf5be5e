// The lease table in Amazon DynamoDB, behind the awaitable port: what a fleet's workers run on. See
// kcl/item_stores.h for the blocking store of the same table. Lives on the strand.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "aws/service_client.h"
#include "base/random.h"
#include "ports/item_store.h"
#include "wire/dynamodb.h"

namespace kcl::stores {

struct DynamoDbTable {
  std::string name;
  /// The attribute that holds each row's key.
  std::string key_attribute = "leaseKey";
};

/// What DynamoDB takes for a table's name.
bool is_table_name(std::string_view name);
/// What is wrong with a name that is none, and what would be right: to follow the name of the field that it is from.
std::string not_a_table_name(const std::string& name);

class DynamoDbItemStore final : public ports::ItemStore {
 public:
  /// Precondition: is_table_name(table.name). What it is given outlives it.
  DynamoDbItemStore(base::Loop& loop, base::Random& random, aws::ServiceClient& service, DynamoDbTable table);

  Reply<void> ensure(CreateTable create, base::BootTime deadline) override;
  Reply<ReadItem> get(std::string key, bool consistent, base::BootTime deadline) override;
  WriteReply create(Item row, base::BootTime deadline) override;
  WriteReply update(ItemUpdate update, base::BootTime deadline) override;
  WriteReply remove(std::string key, std::vector<Condition> conditions, base::BootTime deadline) override;
  Reply<ScanPage> scan(ScanRequest request, base::BootTime deadline) override;

 private:
  using Called = ports::Answer<Result<aws::CallAnswer, aws::CallError>>;
  base::Task<Called> read(std::string_view target, std::string body, base::BootTime deadline);
  base::Task<Called> write(std::string_view target, std::string body, base::BootTime deadline);
  StoreError store_error(const aws::CallError& error) const;
  StoreError unreadable(std::string_view target, const std::string& problem) const;
  WriteOutcome failed_write(aws::CallError error) const;
  WriteOutcome plain_write(std::string_view target, Result<aws::CallAnswer, aws::CallError> called) const;
  StoreResult<bool> judge(const wire::TableDescription& table) const;

  base::Loop& loop_;
  base::Random& random_;
  aws::ServiceClient& service_;
  DynamoDbTable table_;
  wire::DynamoDbRequests requests_;
};

}  // namespace kcl::stores
