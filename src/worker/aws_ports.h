// A worker's own clients of AWS, where nothing was plugged in.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include <kcl/result.h>
#include <kcl/worker_config.h>

#include "aws/access.h"
#include "aws/kinesis_client.h"
#include "base/event_log.h"
#include "base/random.h"
#include "stores/dynamodb_item_store.h"
#include "worker/runtime.h"

namespace kcl::worker {

/// A service, and in whose name it is spoken to.
struct AwsService {
  aws::Access access;
  aws::Endpoint endpoint;
};

/// What a worker needs of AWS, and where it is. Services of the same access share its credentials.
struct AwsNeeds {
  /// Absent when a Kinesis client was plugged in.
  std::optional<AwsService> kinesis;
  /// Of an application without a lease store of its own.
  std::optional<AwsService> dynamodb;
  /// Where metrics go to CloudWatch.
  std::optional<AwsService> cloudwatch;
  /// Without a name: DynamoDB itself is meant, and no table is opened.
  stores::DynamoDbTable lease_table;
  LeaseFormat lease_format = LeaseFormat::kcl;
  /// Whom to subscribe as; absent without fan-out.
  std::optional<aws::ConsumerChoice> consumer;
};

/// Nothing when everything was plugged in and CloudWatch is told nothing; else fails with every problem at once.
Result<std::optional<AwsNeeds>, std::vector<std::string>> find_aws(const WorkerConfig& config,
                                                                   const aws::Environment& environment);

/// Lives on the strand.
class AwsPorts {
 public:
  /// `log` is told whose credentials are used.
  AwsPorts(Threads& threads, base::Random& random, const AwsNeeds& needs,
           const std::optional<base::EventLog>& log = {});

  /// Null unless needed.
  ports::Kinesis* kinesis() noexcept { return kinesis_ ? &*kinesis_ : nullptr; }
  aws::ServiceClient* kinesis_service() noexcept {
    return kinesis_connection_ ? &kinesis_connection_->service() : nullptr;
  }
  aws::ServiceClient* dynamodb() noexcept { return lease_connection_ ? &lease_connection_->service() : nullptr; }
  ports::ItemStore* lease_store() noexcept { return lease_store_ ? &*lease_store_ : nullptr; }
  /// Java KCL 3.0 to 3.4's own table beside the lease table, if it is there: read, never made or written.
  ports::ItemStore* java_state() noexcept { return java_state_ ? &*java_state_ : nullptr; }

 private:
  aws::AwaitedCredentials& credentials_of(Threads& threads, const AwsNeeds& needs, const AwsService& service,
                                          const std::optional<base::EventLog>& log);

  /// By their provider.
  std::map<const CredentialsProvider*, aws::AwaitedCredentials> credentials_;
  // Connections apart: slow reads never keep a lease from its renewal.
  std::optional<aws::Connection> kinesis_connection_;
  std::optional<http::Client> streams_;
  std::optional<aws::KinesisClient> kinesis_;
  std::optional<aws::Connection> lease_connection_;
  std::optional<stores::DynamoDbItemStore> lease_store_;
  std::optional<stores::DynamoDbItemStore> java_state_;
};

}  // namespace kcl::worker
