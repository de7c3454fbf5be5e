#include "worker/config_check.h"

#include <algorithm>
#include <cstdint>
#include <set>
#include <string_view>
#include <type_traits>
#include <utility>

#include "aws/sts.h"
#include "server/listen_address.h"
#include "sinks/cloudwatch_points.h"
#include "sinks/prometheus_metrics.h"
#include "wire/put_metric_data.h"
#include "worker/config_options.h"

namespace kcl::worker {

namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

class Problems {
 public:
  void add(std::string problem) { found_.push_back(std::move(problem)); }

  template <class T>
  void expect_range(std::string_view field, T value, T low, T high) {
    if (value >= low && value <= high) return;
    if constexpr (std::is_same_v<T, std::size_t>) {
      if (high == SIZE_MAX) return expect_at_least(field, value, low);
    }
    add(std::string(field) + ": " + text_of(value) + " is out of range; " + text_of(low) + " to " + text_of(high) +
        " is right");
  }
  void expect_at_least(std::string_view field, std::size_t value, std::size_t low) {
    if (value < low)
      add(std::string(field) + ": " + text_of(value) + " is too small; at least " + text_of(low) + " is right");
  }

  std::vector<std::string> take() { return std::move(found_); }

 private:
  std::vector<std::string> found_;
};

void check_streams(const WorkerConfig& config, Problems& problems) {
  if (config.streams.empty()) {
    if (config.stream.empty()) problems.add("stream: empty; name the stream to read");
    return;
  }
  if (!config.stream.empty()) problems.add("stream: given beside streams: name it there, as one of them");
  if (config.lease_format == LeaseFormat::vmware_go) {
    problems.add("streams: with lease_format vmware_go a row has no room for its stream: one stream is right");
  }
  if (!config.consumer_arn.empty()) {
    problems.add("consumer_arn: a consumer is of one stream: give each of the streams its own");
  }
  std::set<std::string> named;
  for (std::size_t i = 0; i < config.streams.size(); ++i) {
    const StreamConfig& stream = config.streams[i];
    const std::string field = "streams[" + std::to_string(i) + "]";
    if (stream.stream.empty()) problems.add(field + ".stream: empty; name the stream to read");
    if (!stream.stream.empty() && !named.insert(stream.stream).second) {
      problems.add(field + ".stream: \"" + stream.stream + "\" is there already: name it once");
    }
    if (!stream.consumer_arn.empty() && !config.fan_out) {
      problems.add(field + ".consumer_arn: given, but fan_out is off: turn that on, or leave this out");
    }
  }
}

void check_bounds(const WorkerConfig& config, ConfigUse use, Problems& problems) {
  for (const ConfigOption& option : config_options()) {
    if (const auto* time = std::get_if<DurationBounds>(&option.value)) {
      const auto least = time->not_below != nullptr ? std::max(time->least, config.*time->not_below) : time->least;
      problems.expect_range(option.name, config.*time->value, least, time->most);
    } else if (const auto* count = std::get_if<CountBounds>(&option.value)) {
      if (use.has_runtime && count->value == &WorkerConfig::buffer_bytes) continue;
      problems.expect_range(option.name, config.*count->value, count->least, count->most);
    }
  }
}

void check_plugins(const WorkerConfig& config, Problems& problems) {
  if (config.application.empty() && config.lease_store) {
    problems.add("application: empty, but a lease_store is given: name the application whose leases it keeps");
  }
  if (config.static_identity && config.worker_id.empty()) {
    problems.add("static_identity: needs a worker_id, the name of the one place that this worker runs at");
  }
  if (config.worker_id.size() > kLongestWorkerId) {
    problems.add("worker_id: " + text_of(config.worker_id.size()) + " bytes long; at most " +
                 text_of(kLongestWorkerId) + " is right");
  }
}

void check_policy(const WorkerConfig& config, Problems& problems) {
  if (config.on_error == OnError::bisect && !config.dead_letters) {
    problems.add("dead_letters: empty, but on_error is bisect: give the sink that takes the records that fail");
  }
  if (config.on_error != OnError::bisect && config.dead_letters) {
    problems.add("dead_letters: given, but on_error is " + std::string(name_of(config.on_error)) +
                 ", which hands nothing to it: set on_error to bisect, or leave it out");
  }
}

/// What would do harm beside vmware-go-kcl's workers, or cannot be stored in their rows.
void check_lease_format(const WorkerConfig& config, Problems& problems) {
  if (config.lease_format != LeaseFormat::vmware_go) return;
  const std::string beside = ": with lease_format vmware_go ";
  if (config.static_identity) {
    problems.add(
        "static_identity" + beside +
        "a row does not tell one life of a worker id from the next, and a Go worker that finds its own name in "
        "a row never starts the shard: leave it out, and worker_id unique");
  }
  if (config.balance == LeaseBalance::throughput) {
    problems.add("balance" + beside + "rows have no room for what a shard brings: count is right");
  }
  constexpr milliseconds kShortest = seconds(5);
  constexpr milliseconds kLongest = minutes(1);
  if (config.failover_time < kShortest || config.failover_time > kLongest) {
    problems.add("failover_time" + beside + text_of(config.failover_time) + " is out of range; " + text_of(kShortest) +
                 " to " + text_of(kLongest) +
                 " is right: Go workers go by their wall clocks, and a row that stood still for a minute is anyone's");
  }
}

void check_fan_out(const WorkerConfig& config, Problems& problems) {
  if (!config.fan_out) {
    for (const auto& [field, given] : {std::pair("consumer_arn", !config.consumer_arn.empty()),
                                       std::pair("consumer_name", !config.consumer_name.empty()),
                                       std::pair("poll_if_refused", config.poll_if_refused)}) {
      if (given) problems.add(std::string(field) + ": given, but fan_out is off: turn that on, or leave this out");
    }
    return;
  }
  if (!config.consumer_arn.empty() && !config.consumer_name.empty()) {
    problems.add("consumer_name: given beside consumer_arn, which says it all: leave one of them out");
  }
  if (config.kinesis != nullptr && !config.consumer_name.empty()) {
    problems.add("consumer_name: a Kinesis client of your own is not asked for it: give it consumer_arn");
  }
  const bool nameless = config.consumer_arn.empty() && config.consumer_name.empty() && config.application.empty();
  if (nameless && config.kinesis == nullptr) {
    problems.add("consumer_name: empty, as is application: name the consumer that fan_out reads as");
  }
}

bool says_something(const ServiceAccess& access) {
  return !access.region.empty() || !access.profile.empty() || access.credentials || !access.role_arn.empty();
}

void check_access(const WorkerConfig& config, Problems& problems) {
  for (const auto& [field, access] :
       {std::pair("kinesis_access", &config.kinesis_access), std::pair("dynamodb_access", &config.dynamodb_access),
        std::pair("cloudwatch_access", &config.cloudwatch_access)}) {
    const std::string& role = access->role_arn;
    if (role.empty() || aws::is_role_arn(role)) continue;
    problems.add(std::string(field) + ".role_arn: \"" + role +
                 "\" is not the ARN of a role; one looks like arn:aws:iam::123456789012:role/reader");
  }
}

void check_cloudwatch(const WorkerConfig& config, Problems& problems) {
  if (!config.cloudwatch) {
    for (const auto& [field, given] : {std::pair("cloudwatch_endpoint", !config.cloudwatch_endpoint.empty()),
                                       std::pair("cloudwatch_access", says_something(config.cloudwatch_access))}) {
      if (given)
        problems.add(std::string(field) + ": given, but nothing is sent there: give cloudwatch, or leave this out");
    }
    return;
  }
  const CloudWatch& cloudwatch = *config.cloudwatch;
  const bool named = !cloudwatch.metric_namespace.empty();
  const std::string& name = named ? cloudwatch.metric_namespace : config.application;
  if (name.empty()) {
    problems.add("cloudwatch.metric_namespace: empty, as is application: name the namespace of the metrics");
  } else if (!wire::is_metric_namespace(name)) {
    problems.add("cloudwatch.metric_namespace: " + std::string(named ? "" : "empty, and the application's name ") +
                 "\"" + name + "\" is no namespace; 1 to 255 letters, digits, blanks and .-_/#: are right, but not " +
                 "AWS/ at its beginning");
  }
  const auto known = sinks::cloudwatch_dimensions(cloudwatch.names);
  for (const std::string& dimension : cloudwatch.dimensions) {
    if (std::ranges::find(known, dimension) != known.end()) continue;
    std::string problem = "cloudwatch.dimensions: ";
    problem.append(name_of(cloudwatch.names)).append(" has no \"").append(dimension).append("\"; ");
    for (const std::string_view each : known) problem.append(each == known.front() ? "" : ", ").append(each);
    problem += " are right";
    problems.add(std::move(problem));
  }
  problems.expect_range<std::size_t>("cloudwatch.max_backlog", cloudwatch.max_backlog, 1'000, 1'000'000);
  problems.expect_range("cloudwatch.last_send", cloudwatch.last_send, milliseconds(0), milliseconds(minutes(1)));
}

void check_listen(const WorkerConfig& config, Problems& problems) {
  const Prometheus& prometheus = config.prometheus;
  if (config.listen.empty()) {
    for (const auto& [field, given] : {std::pair("names", prometheus.names != PrometheusNames::kclpp),
                                       std::pair("drop_shard_label", prometheus.drop_shard_label)}) {
      if (given)
        problems.add("prometheus." + std::string(field) +
                     ": given, but nothing is served: give listen, or leave this out");
    }
    return;
  }
  if (!server::parse_listen_address(config.listen)) {
    problems.add("listen: \"" + config.listen +
                 "\" is no address; HOST:PORT, [IPv6]:PORT or a port is right, such as " + "127.0.0.1:9464");
  }
  if (prometheus.names != PrometheusNames::vmware_go) return;
  if (config.application.empty()) {
    problems.add("prometheus.names: vmware-go-kcl's begin with the application's, which is empty: name it");
  } else if (sinks::vmware_go_prefix(config.application) == "kclpp") {
    problems.add(
        "prometheus.names: vmware-go-kcl's begin with the application's, and kclpp_leases_held, for one, is "
        "kclpp's own: kclpp is right with this application");
  }
}

}  // namespace

std::vector<std::string> problems_of(const WorkerConfig& config, ConfigUse use) {
  Problems problems;
  check_streams(config, problems);
  check_fan_out(config, problems);
  check_plugins(config, problems);
  check_policy(config, problems);
  check_lease_format(config, problems);
  check_access(config, problems);
  check_cloudwatch(config, problems);
  if (config.checkpointing == Checkpointing::manual && !use.can_checkpoint) {
    problems.add(
        "checkpointing: manual needs a RecordProcessor, which is given a Checkpointer; automatic is right here");
  }
  check_bounds(config, use, problems);
  if (config.max_outstanding_batches > 1 && use.can_checkpoint) {
    problems.add(
        "max_outstanding_batches: more than 1 needs an AckProcessor, which settles batches by itself; 1 is right "
        "here");
  }
  check_listen(config, problems);
  return problems.take();
}

std::vector<std::string> problems_of(const Runtime::Options& options) {
  Problems problems;
  problems.expect_range<std::size_t>("max_callback_threads", options.max_callback_threads, 1, 10'000);
  problems.expect_range<std::size_t>("max_io_threads", options.max_io_threads, 1, 1'000);
  problems.expect_range<std::size_t>("network_threads", options.network_threads, 1, 64);
  problems.expect_at_least("buffer_bytes", options.buffer_bytes, kSmallestBuffer);
  return problems.take();
}

}  // namespace kcl::worker
