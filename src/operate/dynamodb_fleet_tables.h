// Those in DynamoDB: what dynamodb:ListTables and dynamodb:DescribeTable tell.
#pragma once

#include <string>
#include <vector>

#include "aws/service_client.h"
#include "base/random.h"
#include "operate/fleet_tables.h"

namespace kcl::operate {

class DynamoDbFleetTables final : public FleetTables {
 public:
  /// What it is given outlives it.
  DynamoDbFleetTables(base::Loop& loop, base::Random& random, aws::ServiceClient& service, std::string prefix);

  base::Task<Result<std::vector<std::string>, std::string>> names() override;
  base::Task<Result<TableKind, std::string>> kind(std::string name) override;
  std::unique_ptr<ports::ItemStore> open(const std::string& name, LeaseFormat rows) override;

 private:
  base::Task<Result<std::string, std::string>> ask(std::string_view target, std::string body);

  base::Loop& loop_;
  base::Random& random_;
  aws::ServiceClient& service_;
  std::string prefix_;
};

}  // namespace kcl::operate
