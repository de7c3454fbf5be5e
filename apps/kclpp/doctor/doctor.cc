#include "doctor/doctor.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>

#include "aws/environment.h"
#include "files/files.h"
#include "operate/doctor_probes.h"

namespace kclpp::doctor {

namespace {

using kcl::base::Stop;
using kcl::base::Task;
namespace operate = kcl::operate;

constexpr int kDone = 0;
constexpr int kFailed = 1;

int fail(const std::string& text) {
  std::fprintf(stderr, "kclpp doctor: %s\n", text.c_str());
  return kFailed;
}

/// libcurl reads these.
std::vector<std::string> proxies() {
  std::vector<std::string> set;
  for (const char* name : {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"}) {
    const char* value = std::getenv(name);
    if (value != nullptr && *value != '\0') set.emplace_back(name);
  }
  return set;
}

int print_policy(const DoctorOptions& options) {
  const auto& places = options.places;
  const std::string table = places.sqlite_file.empty() ? places.table : std::string();
  const std::string& own_region = places.aws.kinesis_access.region;
  auto grants = operate::grants_of(places.stream, table, own_region.empty() ? places.aws.region : own_region);
  grants.table_region =
      places.aws.dynamodb_access.region.empty() ? places.aws.region : places.aws.dynamodb_access.region;
  grants.watched_prefix = places.table_prefix;
  grants.fan_out = options.fan_out;
  grants.metric_namespace = options.metric_namespace;
  grants.key_attribute = kcl::key_attribute_of(places.format);
  if (grants.account == "*") {
    const char* advice = places.table_prefix.empty() ? "name the stream by its ARN" : "put it in its place";
    std::fprintf(stderr, "kclpp doctor: the account is not known, and stands as *: %s\n", advice);
  }
  const auto problem = write_stdout(operate::policy_text(grants, *options.print));
  return problem.empty() ? kDone : fail(problem);
}

/// On the strand.
Task<int> examine(operate::Session& session, const operate::Places& places, const kcl::worker::AwsNeeds* aws,
                  operate::Facts& facts, Stop& stop) {
  if (aws != nullptr) {
    operate::DoctorProbes probes(session.threads(), session.random(), places, *aws);
    co_await probes.ask(facts, stop);
  }
  if (!places.table.empty() && !facts.table_missing && !stop.requested()) {
    co_await operate::look_at_leases(session, places, facts, stop);
  }
  co_return stop.requested() ? kFailed : kDone;
}

int report(const DoctorOptions& options, const operate::Facts& facts) {
  const auto findings = operate::examine(facts);
  const auto problem = write_stdout(options.json ? operate::findings_json(findings) : operate::findings_text(findings));
  if (!problem.empty()) return fail(problem);
  const auto is_problem = [](const auto& finding) { return finding.severity == operate::Severity::problem; };
  return std::ranges::any_of(findings, is_problem) ? kFailed : kDone;
}

}  // namespace

int run(const DoctorOptions& options) {
  if (options.print) return print_policy(options);
  try {
    const auto environment = kcl::aws::Environment::of_process();
    auto [facts, aws] = operate::first_look(options.places, environment, proxies());
    facts.metric_namespace = options.metric_namespace;
    if (!facts.access_error.empty()) return report(options, facts);
    auto session = operate::Session::open(options.places, environment);
    if (!session) {
      facts.table_error = session.error().front();
      return report(options, facts);
    }
    const auto code = (*session)->run(
        [&](Stop& stop) { return examine(**session, options.places, aws ? &*aws : nullptr, facts, stop); });
    if (!code || *code != kDone) return fail("stopped by a signal before the examination had ended");
    return report(options, facts);
  } catch (const std::exception& failure) {
    return fail(failure.what());
  }
}

}  // namespace kclpp::doctor
