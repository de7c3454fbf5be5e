// What is wrong, or will be, between a fleet, its stream, its lease table and AWS: a pure judgement over what was found
// out. What could not be found out is said as such, never passed over.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <kcl/timestamp.h>

#include "operate/diagnose.h"
#include "wire/descriptions.h"

namespace kcl::operate {

/// An action of AWS that was tried in a way that changes nothing.
struct Attempt {
  enum class Outcome : std::uint8_t {
    allowed,
    denied,
    failed,   ///< it was tried, and what came back says nothing of permissions
    untried,  ///< it cannot be tried without doing it, or what it needs is not there
  };
  /// "kinesis:ListShards".
  std::string action;
  Outcome outcome = Outcome::untried;
  std::string message;
};

/// A service that is asked, or sent to, and where.
struct ServicePlace {
  /// "kinesis", "dynamodb", "cloudwatch".
  std::string name;
  std::string region;
  std::string profile;
  /// That is assumed for it.
  std::string role;
  std::string url;
};

/// In whose name services are spoken to.
struct Principal {
  std::vector<std::string> services;
  /// Absent: `error` says why.
  std::optional<std::string> access_key_id;
  std::string source;
  bool temporary = false;
  std::optional<Timestamp> expiration;
  std::string error;
  /// The caller's ARN; or why it is not known.
  std::optional<std::string> identity;
  std::string identity_error;
};

/// What was found out.
struct Facts {
  std::string application;
  std::string stream;
  /// Empty: the leases are in DynamoDB.
  std::string sqlite_file;

  /// Empty with `access_error`, or when AWS is not needed.
  std::vector<ServicePlace> services;
  /// Each service is of one of them.
  std::vector<Principal> principals;
  /// About a region, a profile, an endpoint.
  std::string access_error;
  std::string ca_file;
  /// Names of the variables that send requests through a proxy.
  std::vector<std::string> proxies;

  std::optional<wire::StreamFacts> stream_facts;
  /// Registered for enhanced fan-out; absent where nobody says.
  std::optional<std::vector<wire::ConsumerFacts>> consumers;
  std::string stream_error;
  std::optional<wire::TableFacts> table_facts;
  bool table_missing = false;
  /// What is wrong with the table, so that it cannot be one of leases.
  std::string table_error;
  /// Why nobody could be asked about it.
  std::string table_unreachable;
  std::vector<Attempt> attempts;
  /// Of the metrics that workers send to CloudWatch; empty: they send none.
  std::string metric_namespace;

  /// This host's clock minus the service's, to a second.
  std::optional<std::chrono::milliseconds> clock_ahead;
  Timestamp now{};

  std::optional<Diagnosis> leases;
  /// Why not.
  std::string leases_error;
  /// Writes to the rows, a second, by all workers; and the bytes of the rows.
  std::optional<double> writes_per_second;
  std::size_t rows_bytes = 0;
};

/// Worst first.
enum class Severity : std::uint8_t { problem, warning, unknown, good };
std::string_view name_of(Severity severity);

struct Finding {
  Severity severity = Severity::good;
  /// One line.
  std::string text;
  std::string advice;
};

std::vector<Finding> examine(const Facts& facts);

/// US dollars a month in us-east-1, on demand, at the prices of `kPricesAsOf`: writes of at most 1 KB, and every
/// worker's scans, which are eventually consistent and come ten times in a failover time.
struct MonthlyCost {
  double writes = 0;
  double scans = 0;
};
inline constexpr std::string_view kPricesAsOf = "November 2024";
struct Load {
  double writes_per_second = 0;
  std::size_t workers = 0;
  std::size_t rows_bytes = 0;
  std::chrono::milliseconds failover{10'000};
};
MonthlyCost monthly_cost(const Load& load);

std::string findings_text(const std::vector<Finding>& findings);
/// One object on one line.
std::string findings_json(const std::vector<Finding>& findings);

}  // namespace kcl::operate
