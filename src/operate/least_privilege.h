// What a worker, or a watch, must be allowed to do, and no more, as text to paste: an IAM policy, or that and the lease
// table for Terraform or CloudFormation. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace kcl::operate {

struct Grants {
  /// Of a watch over all lease tables whose names begin so, and of nobody else: what is below is not needed then.
  std::string watched_prefix = {};
  std::string stream;
  /// Empty: the leases are not in DynamoDB.
  std::string table;
  std::string key_attribute = "leaseKey";
  /// Reads by enhanced fan-out, and registers its consumer if that is not there.
  bool fan_out = false;
  /// Of the metrics that go to CloudWatch; empty: none do.
  std::string metric_namespace = {};
  /// "*" where it is not known.
  std::string region = "*";
  /// Where the table is; empty: where the stream is.
  std::string table_region = {};
  std::string account = "*";
};

enum class PolicyForm : std::uint8_t { iam, terraform, cloudformation };

/// Actions on the stream, on the table, for enhanced fan-out on the stream and on its consumers, and on CloudWatch.
const std::vector<std::string>& stream_actions();
const std::vector<std::string>& registration_actions();
const std::vector<std::string>& consumer_actions();
const std::vector<std::string>& table_actions();
const std::vector<std::string>& metrics_actions();
/// Of a watch over many tables, on each of them, and to find them.
const std::vector<std::string>& watching_actions();
const std::vector<std::string>& listing_actions();

std::string policy_text(const Grants& grants, PolicyForm form);

/// Region and account from a stream's ARN, if `stream` is one; the rest as given.
Grants grants_of(const std::string& stream, const std::string& table, const std::string& region);

}  // namespace kcl::operate
