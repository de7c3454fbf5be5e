// What a WorkerConfig says of how AWS is reached, for those that have it before they have one.
#pragma once

#include <string>

#include <kcl/worker_config.h>

namespace kcl::worker {

/// As the fields of WorkerConfig with these names.
struct AwsSettings {
  std::string region;
  std::string profile;
  std::string kinesis_endpoint;
  std::string dynamodb_endpoint;
  std::string cloudwatch_endpoint;
  ServiceAccess kinesis_access;
  ServiceAccess dynamodb_access;
  ServiceAccess cloudwatch_access;
};

inline void apply(const AwsSettings& aws, WorkerConfig& config) {
  config.region = aws.region;
  config.profile = aws.profile;
  config.kinesis_endpoint = aws.kinesis_endpoint;
  config.dynamodb_endpoint = aws.dynamodb_endpoint;
  config.cloudwatch_endpoint = aws.cloudwatch_endpoint;
  config.kinesis_access = aws.kinesis_access;
  config.dynamodb_access = aws.dynamodb_access;
  config.cloudwatch_access = aws.cloudwatch_access;
}

}  // namespace kcl::worker
