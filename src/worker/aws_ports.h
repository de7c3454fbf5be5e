// A worker's own clients of AWS, where nothing was plugged in.
#pragma once

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

/// What a worker needs of AWS, and where it is.
struct AwsNeeds {
  aws::Access access;
  /// Absent when a Kinesis client was plugged in.
  std::optional<aws::Endpoint> kinesis;
  /// Of an application without a lease store of its own.
  std::optional<aws::Endpoint> dynamodb;
  /// Where metrics go to CloudWatch.
  std::optional<aws::Endpoint> cloudwatch;
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
  AwsPorts(Threads& threads, base::Random& random, const AwsNeeds& needs, std::optional<base::EventLog> log = {});

  /// Null unless needed.
  ports::Kinesis* kinesis() noexcept { return kinesis_ ? &*kinesis_ : nullptr; }
  ports::ItemStore* lease_store() noexcept { return lease_store_ ? &*lease_store_ : nullptr; }
  /// Java KCL 3.0 to 3.4's own table beside the lease table, if it is there: read, never made or written.
  ports::ItemStore* java_state() noexcept { return java_state_ ? &*java_state_ : nullptr; }

 private:
  aws::AwaitedCredentials credentials_;
  // Connections apart: slow reads never keep a lease from its renewal.
  std::optional<aws::Connection> kinesis_connection_;
  std::optional<http::Client> streams_;
  std::optional<aws::KinesisClient> kinesis_;
  std::optional<aws::Connection> lease_connection_;
  std::optional<stores::DynamoDbItemStore> lease_store_;
  std::optional<stores::DynamoDbItemStore> java_state_;
};

}  // namespace kcl::worker
