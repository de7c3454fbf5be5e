#include "operate/doctor.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <iterator>
#include <map>

#include "base/printable.h"
#include "base/text.h"
#include "operate/stream_consumers.h"
#include "operate/text.h"
#include "wire/json_writer.h"

namespace kcl::operate {

using std::chrono::milliseconds;

namespace {

constexpr double kSecondsOfAMonth = 730.0 * 3'600;
constexpr double kDollarsPerMillionWrites = 0.625;
constexpr double kDollarsPerMillionReads = 0.125;
/// One read unit, eventually consistent.
constexpr double kBytesOfARead = 8'192;
constexpr double kScansPerFailover = 10;

/// A signature is refused beyond this. kclpp corrects itself by the service's clock; the AWS tools do not all.
constexpr milliseconds kSignatureTolerance{300'000};
constexpr milliseconds kWorthATelling{5'000};

std::string decimal(double value, int digits) {
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), "%.*f", digits, value);
  return text.data();
}

class Examination {
 public:
  explicit Examination(const Facts& facts) : facts_(facts) {}
  std::vector<Finding> take();

 private:
  void access();
  void places();
  void principal(const Principal& who);
  void ways();
  void clock();
  void stream();
  void consumers(const wire::StreamFacts& stream);
  void table();
  void permissions();
  void leases();
  void cost();

  void problem(std::string text, std::string advice) { add(Severity::problem, std::move(text), std::move(advice)); }
  void warning(std::string text, std::string advice) { add(Severity::warning, std::move(text), std::move(advice)); }
  void unknown(std::string text, std::string advice = {}) {
    add(Severity::unknown, std::move(text), std::move(advice));
  }
  void good(std::string text) { add(Severity::good, std::move(text), {}); }
  void add(Severity severity, std::string text, std::string advice) {
    findings_.push_back({severity, std::move(text), std::move(advice)});
  }
  bool needs_aws() const { return !facts_.services.empty() || !facts_.access_error.empty(); }

  const Facts& facts_;
  std::vector<Finding> findings_;
};

constexpr std::string_view kWhereToGiveThem = "give region and credentials where the AWS tools look for them";

void Examination::access() {
  if (!needs_aws())
    return good("AWS is not needed: the leases are in " + facts_.sqlite_file + ", and no stream is named");
  if (!facts_.access_error.empty()) {
    return problem("AWS cannot be asked: " + facts_.access_error, std::string(kWhereToGiveThem));
  }
  places();
  for (const Principal& who : facts_.principals) principal(who);
}

/// Once, where they are the same for all services.
void Examination::places() {
  std::vector<std::string> told;
  for (const ServicePlace& place : facts_.services) {
    std::string text = "region " + place.region;
    if (!place.profile.empty()) text += ", profile " + place.profile;
    if (!place.role.empty()) text += ", role " + place.role;
    told.push_back(std::move(text));
  }
  if (std::ranges::count(told, told.front()) == std::ssize(told)) return good(told.front());
  for (std::size_t i = 0; i < told.size(); ++i) good(facts_.services[i].name + ": " + told[i]);
}

void Examination::principal(const Principal& who) {
  const std::string of = facts_.principals.size() > 1 ? base::joined(who.services) + ": " : std::string();
  if (!who.access_key_id) return problem(of + "AWS cannot be asked: " + who.error, std::string(kWhereToGiveThem));
  std::string text = of + "credentials " + *who.access_key_id + " from " + who.source;
  if (who.expiration) {
    const auto left = *who.expiration - facts_.now;
    text += left.count() > 0 ? ", for " + duration_text(left) : ", EXPIRED";
  } else if (who.temporary) {
    text += ", temporary";
  }
  const bool from_outside = who.temporary && who.source.starts_with("the environment");
  if (from_outside) {
    warning(text,
            "they end some time, and nothing in the environment renews them: for a worker that is to stay, use a role "
            "(of the instance, the container or a profile) or a credential_process");
  } else {
    good(text);
  }
  who.identity ? good(of + "they are " + *who.identity)
               : unknown(of + "whose credentials they are: " + who.identity_error);
}

void Examination::ways() {
  if (!needs_aws()) return;
  for (const ServicePlace& place : facts_.services) {
    const std::string& url = place.url;
    if (url.starts_with("http://")) {
      warning(url + " is not encrypted", "right for a server of your own on this host; else use https");
    } else {
      good("requests go to " + url);
    }
  }
  if (!facts_.ca_file.empty()) good("certificates are checked against " + facts_.ca_file);
  if (!facts_.proxies.empty()) {
    good("requests may go through a proxy: " + base::joined(facts_.proxies) + " set (no_proxy counts, too)");
  }
}

void Examination::clock() {
  if (!needs_aws()) return;
  if (!facts_.clock_ahead) return unknown("how right this host's clock is: no service answered with its own");
  const milliseconds off = std::chrono::abs(*facts_.clock_ahead);
  const std::string text = "this host's clock is " + duration_text(off) +
                           (facts_.clock_ahead->count() < 0 ? " behind" : " ahead of") + " the service's";
  if (off > kSignatureTolerance) {
    problem(text, "set it (NTP): signatures are refused beyond 5 minutes. kclpp corrects itself; other tools do not");
  } else if (off > kWorthATelling) {
    warning(text, "set it (NTP); leases do not depend on it, but logs and lags do");
  } else {
    good("this host's clock is right, to some seconds");
  }
}

void Examination::stream() {
  if (facts_.stream.empty()) return unknown("the stream: none is named", "name it with --stream");
  if (!facts_.stream_facts) {
    return problem("stream " + facts_.stream + ": " + facts_.stream_error,
                   "check its name, the region, the permissions");
  }
  const auto& stream = *facts_.stream_facts;
  std::string text = "stream " + facts_.stream + " is " + stream.status;
  if (stream.open_shards) text += ", " + std::to_string(*stream.open_shards) + " open shards";
  if (!stream.mode.empty()) text += ", " + stream.mode;
  const bool usable = stream.status == "ACTIVE" || stream.status == "UPDATING";
  usable ? good(text) : problem(text, "wait until it is ACTIVE, or use another one");
  if (stream.retention_hours) {
    const std::string kept = "records are kept for " + duration_text(std::chrono::hours(*stream.retention_hours));
    if (*stream.retention_hours <= 24) {
      warning(kept,
              "a fleet that stands still for that long loses what it has not read: a longer retention costs more "
              "and gives time to mend");
    } else {
      good(kept);
    }
  }
  if (stream.encryption == "KMS") {
    good("encrypted with " + (stream.key_id.empty() ? "a key of KMS" : stream.key_id) +
         (stream.key_id == "alias/aws/kinesis" ? "" : ": readers need kms:Decrypt on it"));
  } else if (stream.encryption == "NONE") {
    good("the stream is not encrypted at rest");
  }
  consumers(stream);
}

/// Each costs by the hour and shard for as long as it is registered, whether or not anybody reads as it.
void Examination::consumers(const wire::StreamFacts& stream) {
  const std::optional<std::int64_t> count = facts_.consumers ? std::ssize(*facts_.consumers) : stream.consumers;
  if (!count) return unknown("consumers registered for enhanced fan-out: the service does not say");
  // AWS: 20 registered consumers of a stream; 50 where the account has On-demand Advantage.
  constexpr std::int64_t kMostConsumers = 20;
  const std::string text = facts_.consumers ? consumers_text(*facts_.consumers)
                                            : counted(static_cast<std::size_t>(*count), "consumer") +
                                                  " registered for enhanced fan-out, of 20";
  *count < kMostConsumers ? good(text)
                          : warning(text,
                                    "no more can be registered: remove one that is not used (aws kinesis "
                                    "deregister-stream-consumer)");
}

void Examination::table() {
  if (!facts_.sqlite_file.empty()) {
    if (!facts_.table_error.empty()) return problem(facts_.table_error, "name the right file and application");
    return good("leases are in " + facts_.sqlite_file + ", for workers of this host alone");
  }
  const std::string name = "lease table " + facts_.application;
  if (facts_.table_missing) {
    return warning(name + " does not exist",
                   "the first worker makes it, if it may (dynamodb:CreateTable); or make it first");
  }
  if (facts_.application.empty())
    return unknown("the lease table: no application is named", "name it with --application");
  if (!facts_.table_error.empty())
    return problem(facts_.table_error, "use another application name, or the right region");
  if (!facts_.table_unreachable.empty()) {
    return problem(
        name + ": " + facts_.table_unreachable,
        "check the region, --dynamodb-endpoint (AWS_ENDPOINT_URL_DYNAMODB) and the network; leases in a file "
        "are looked at with --lease-store sqlite:FILE");
  }
  if (!facts_.table_facts) return unknown(name + ": it could not be described");
  const auto& table = *facts_.table_facts;
  const bool on_demand = table.billing == "PAY_PER_REQUEST";
  const std::string billed = on_demand ? "billed on demand"
                                       : "provisioned with " + std::to_string(table.write_capacity) + " writes and " +
                                             std::to_string(table.read_capacity) + " reads a second";
  const std::string text = name + " is " + table.status + ", " + billed;
  const double writes = facts_.writes_per_second.value_or(0);
  if (!on_demand && writes > 0.8 * static_cast<double>(table.write_capacity)) {
    problem(text + ", and the fleet writes " + decimal(writes, 1) + " times a second",
            "raise its write capacity, or bill it on demand: a throttled renewal costs leases");
  } else {
    good(text);
  }
}

void Examination::permissions() {
  std::vector<std::string> allowed;
  // By what stood in the way: often it is the same for all.
  std::vector<std::pair<std::string, std::vector<std::string>>> unclear;
  for (const Attempt& attempt : facts_.attempts) {
    switch (attempt.outcome) {
      case Attempt::Outcome::allowed:
        allowed.push_back(attempt.action);
        break;
      case Attempt::Outcome::denied:
        problem(attempt.action + " is denied: " + attempt.message,
                "allow it: kclpp doctor --print iam prints a policy with what a worker needs");
        break;
      case Attempt::Outcome::failed:
      case Attempt::Outcome::untried:
        auto known = std::ranges::find(unclear, attempt.message, [](const auto& one) { return one.first; });
        if (known == unclear.end()) known = unclear.insert(known, {attempt.message, {}});
        known->second.push_back(attempt.action);
        break;
    }
  }
  for (const auto& [why, actions] : unclear) {
    unknown("whether " + base::joined(actions) + (actions.size() == 1 ? " is" : " are") + " allowed: " + why);
  }
  if (!facts_.metric_namespace.empty()) {
    unknown("whether cloudwatch:PutMetricData is allowed in the namespace " + facts_.metric_namespace +
                ": it cannot be tried without sending a metric",
            "kclpp doctor --print iam prints a policy that has it; the log event cloudwatch_failed tells of a denial");
  }
  if (!allowed.empty()) good("allowed, as tried: " + base::joined(allowed));
}

void Examination::leases() {
  if (!facts_.leases) {
    if (!facts_.leases_error.empty()) unknown("the leases: " + facts_.leases_error);
    return;
  }
  const Diagnosis& leases = *facts_.leases;
  std::map<Verdict, std::vector<std::string>> stuck;
  for (const Line& line : leases.lines) {
    if (is_stuck(line.verdict)) stuck[line.verdict].push_back(line.shard);
  }
  constexpr std::size_t kNamed = 3;
  for (auto& [verdict, shards] : stuck) {
    const std::size_t count = shards.size();
    if (count > kNamed) shards.resize(kNamed);
    const bool unowned = verdict == Verdict::unowned && leases.workers.empty();
    std::string text = std::to_string(count) + " leases " + std::string(name_of(verdict)) + ": " +
                       base::joined(shards) + (count > kNamed ? ", …" : "");
    if (unowned) {
      good(text + ": no worker runs");
    } else {
      problem(std::move(text), "kclpp leases list says why, and what to do");
    }
  }
  for (const std::string& note : leases.notes) warning(note, {});
  if (leases.java_version) good("Java KCL 3.x keeps its state here: " + *leases.java_version);
  if (stuck.empty() && !leases.lines.empty()) {
    good(std::to_string(leases.lines.size()) + " leases, none stuck, " + std::to_string(leases.workers.size()) +
         " workers own some");
  }
}

void Examination::cost() {
  if (!facts_.sqlite_file.empty() || !facts_.leases || !facts_.writes_per_second) return;
  Load load;
  load.writes_per_second = *facts_.writes_per_second;
  load.workers = facts_.leases->workers.size();
  load.rows_bytes = facts_.rows_bytes;
  for (const Line& line : facts_.leases->lines) {
    if (line.failover && !line.owner.empty()) load.failover = *line.failover;
  }
  if (load.workers == 0) return unknown("what the lease table costs: no worker owns a lease");
  const MonthlyCost cost = monthly_cost(load);
  good("the lease table costs about $" + decimal(cost.writes + cost.scans, 2) +
       " a month on demand (us-east-1, prices of " + std::string(kPricesAsOf) +
       "): " + decimal(load.writes_per_second, 2) + " writes a second as measured $" + decimal(cost.writes, 2) +
       ", scans of " + std::to_string(load.workers) + " workers at least $" + decimal(cost.scans, 2));
}

std::vector<Finding> Examination::take() {
  access();
  ways();
  clock();
  stream();
  table();
  permissions();
  leases();
  cost();
  std::vector<Finding> sorted;
  sorted.reserve(findings_.size());
  for (const Severity severity : {Severity::problem, Severity::warning, Severity::unknown, Severity::good}) {
    std::ranges::copy_if(findings_, std::back_inserter(sorted),
                         [&](const Finding& finding) { return finding.severity == severity; });
  }
  return sorted;
}

std::string mark_of(Severity severity) {
  switch (severity) {
    case Severity::problem:
      return "PROBLEM      ";
    case Severity::warning:
      return "warning      ";
    case Severity::unknown:
      return "not checked  ";
    case Severity::good:
      break;
  }
  return "good         ";
}

}  // namespace

std::string_view name_of(Severity severity) {
  switch (severity) {
    case Severity::problem:
      return "problem";
    case Severity::warning:
      return "warning";
    case Severity::unknown:
      return "not_checked";
    case Severity::good:
      break;
  }
  return "good";
}

std::vector<Finding> examine(const Facts& facts) { return Examination(facts).take(); }

MonthlyCost monthly_cost(const Load& load) {
  MonthlyCost cost;
  cost.writes = load.writes_per_second * kSecondsOfAMonth * kDollarsPerMillionWrites / 1e6;
  const double scans_per_second =
      static_cast<double>(load.workers) * kScansPerFailover / std::chrono::duration<double>(load.failover).count();
  const double units = std::max(0.5, std::ceil(static_cast<double>(load.rows_bytes) / kBytesOfARead));
  cost.scans = scans_per_second * units * kSecondsOfAMonth * kDollarsPerMillionReads / 1e6;
  return cost;
}

std::string findings_text(const std::vector<Finding>& findings) {
  std::map<Severity, std::size_t> counts;
  for (const Finding& finding : findings) ++counts[finding.severity];
  std::string text = counted(counts[Severity::problem], "problem") + ", " +
                     counted(counts[Severity::warning], "warning") + ", " + std::to_string(counts[Severity::unknown]) +
                     " not checked, " + std::to_string(counts[Severity::good]) + " good\n\n";
  for (const Finding& finding : findings) {
    text += mark_of(finding.severity) + base::printable(finding.text, ' ') + '\n';
    if (!finding.advice.empty())
      text += std::string(mark_of(finding.severity).size(), ' ') + "-> " + base::printable(finding.advice, ' ') + '\n';
  }
  return text;
}

std::string findings_json(const std::vector<Finding>& findings) {
  wire::JsonWriter json;
  json.begin_object().name("findings").begin_array();
  for (const Finding& finding : findings) {
    json.begin_object().name("severity").text(name_of(finding.severity)).name("text").text(finding.text);
    if (!finding.advice.empty()) json.name("advice").text(finding.advice);
    json.end_object();
  }
  json.end_array().end_object();
  return json.str() + '\n';
}

}  // namespace kcl::operate
