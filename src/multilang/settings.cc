#include "multilang/settings.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <utility>

#include "multilang/keys.h"
#include "multilang/stream_name.h"
#include "server/listen_address.h"
#include "worker/config_options.h"

namespace kcl::multilang {

namespace {

using std::chrono::milliseconds;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n\f";
  const auto first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

std::string in_small_letters(std::string_view text) {
  std::string small(text);
  for (char& c : small) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return small;
}

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/// With ${NAME} replaced. Fails with the name that is not set.
Result<std::string, std::string> expanded(std::string_view value, const Variables& variables) {
  std::string out;
  while (!value.empty()) {
    const auto begin = value.find("${");
    out += value.substr(0, begin);
    if (begin == std::string_view::npos) break;
    value.remove_prefix(begin);
    const auto end = value.find('}');
    const std::string_view name = end == std::string_view::npos ? std::string_view() : value.substr(2, end - 2);
    if (name.empty() || !std::all_of(name.begin(), name.end(), is_name_character)) {
      out += "${";
      value.remove_prefix(2);
      continue;
    }
    const auto variable = variables(name);
    if (!variable) return Failure{std::string(name)};
    out += *variable;
    value.remove_prefix(end + 1);
  }
  return out;
}

std::optional<std::int64_t> number_of(std::string_view text) {
  text = trimmed(text);
  if (text.starts_with('+')) text.remove_prefix(1);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

bool is_true(std::string_view text) {
  const std::string small = in_small_letters(text);
  return small == "true" || small == "yes" || small == "y" || small == "on" || small == "1";
}

/// The same, whatever way it was written.
bool same_value(const Key& key, std::string_view a, std::string_view b) {
  if (key.type == KeyType::boolean) return is_true(a) == is_true(b);
  if (key.type == KeyType::number) return number_of(a) == number_of(b);
  return a == b;
}

class Gathering {
 public:
  Gathering(const std::string& file, const Variables& variables) : file_(file), variables_(variables) {}

  void take(const Property& property) {
    const std::string where = file_ + ':' + std::to_string(property.line);
    const Key* key = find_key(property.key);
    if (key == nullptr) {
      std::string warning = where + ": there is no key '" + property.key + "', it changes nothing";
      if (const auto meant = did_you_mean(property.key)) warning += "; did you mean " + std::string(*meant) + "?";
      gathered_.warnings.push_back(std::move(warning));
      return;
    }
    auto value = expanded(property.value, variables_);
    if (!value) {
      gathered_.problems.push_back(where + ": " + property.key + ": the environment has no variable " + value.error());
      return;
    }
    const bool expands = *value != property.value;
    gathered_.values.insert_or_assign(std::string(key->name),
                                      Setting{*std::move(value), where, expands ? property.value : std::string()});
  }

  Settings finish() {
    for (const Key& key : keys()) {
      const std::string twin = environment_twin(key.name);
      if (auto value = variables_(twin)) {
        gathered_.values.insert_or_assign(std::string(key.name), Setting{*std::move(value), twin});
      }
      tell_if_unsupported(key);
      if (!key.fallback.empty()) {
        gathered_.values.try_emplace(std::string(key.name), Setting{std::string(key.fallback), "default"});
      }
    }
    return std::move(gathered_);
  }

 private:
  void tell_if_unsupported(const Key& key) {
    const Setting* given = gathered_.find(key.name);
    if (key.effect != KeyEffect::unsupported || given == nullptr || trimmed(given->value).empty()) return;
    if (!key.fallback.empty() && same_value(key, given->value, key.fallback)) return;
    gathered_.warnings.push_back(given->source + ": " + std::string(key.name) +
                                 " changes nothing: " + std::string(key.note));
  }

  const std::string& file_;
  const Variables& variables_;
  Settings gathered_;
};

/// Reads the settings one after the other, and notes what is wrong with them.
class Reader {
 public:
  explicit Reader(Settings& settings) : settings_(settings) {}

  DaemonOptions read() {
    read_child();
    read_stream();
    read_aws();
    read_position();
    read_retrieval();
    read_leases();
    read_listen();
    read_cloudwatch();
    return std::move(options_);
  }

 private:
  struct Range {
    std::int64_t least;
    std::int64_t most;
  };
  /// As a WorkerConfig may have it.
  static Range range_of(milliseconds WorkerConfig::* option) {
    const auto& bounds = worker::bounds_of(option);
    return {bounds.least.count(), bounds.most.count()};
  }
  static Range range_of(std::size_t WorkerConfig::* option) {
    const auto& bounds = worker::bounds_of(option);
    return {static_cast<std::int64_t>(bounds.least),
            static_cast<std::int64_t>(std::min<std::size_t>(bounds.most, INT64_MAX))};
  }

  /// As it stands; an empty one counts as none.
  std::string text(std::string_view key) const {
    const Setting* setting = settings_.find(key);
    return setting == nullptr ? std::string() : setting->value;
  }
  void problem(std::string_view key, const std::string& what) {
    const Setting* setting = settings_.find(key);
    const std::string where = setting == nullptr || setting->source == "default" ? "" : setting->source + ": ";
    settings_.problems.push_back(where + std::string(key) + ": " + what);
  }
  void warning(std::string_view key, const std::string& what) {
    settings_.warnings.push_back(settings_.find(key)->source + ": " + std::string(key) + ": " + what);
  }

  /// Zero counts as not set, as in Java; so does what is no number, which is told.
  std::optional<std::int64_t> number(std::string_view key) {
    const Setting* setting = settings_.find(key);
    if (setting == nullptr) return std::nullopt;
    const auto found = number_of(setting->value);
    if (found && *found != 0) return found;
    if (!found) warning(key, "'" + setting->value + "' is no whole number: it counts as not set");
    const Key* known = find_key(key);
    return known->fallback.empty() ? std::nullopt : number_of(known->fallback);
  }
  std::optional<std::int64_t> number(std::string_view key, Range range) {
    const auto found = number(key);
    if (!found || (*found >= range.least && *found <= range.most)) return found;
    problem(key, std::to_string(*found) + " is out of range; " + std::to_string(range.least) + " to " +
                     std::to_string(range.most) + " is right");
    return std::nullopt;
  }
  std::optional<milliseconds> duration(std::string_view key, Range range) {
    const auto found = number(key, range);
    return found ? std::optional(milliseconds(*found)) : std::nullopt;
  }

  void read_child();
  void read_stream();
  void read_aws();
  void read_position();
  void read_retrieval();
  void read_consumer();
  void read_leases();
  void read_listen();
  void read_cloudwatch();
  /// The nearest that is allowed, and told when that is another.
  std::optional<std::int64_t> nearest(std::string_view key, Range range);
  CredentialsSources credentials(std::string_view key);
  /// Empty where they are those of Kinesis.
  CredentialsSources own_credentials(std::string_view key);

  Settings& settings_;
  DaemonOptions options_;
};

/// On runs of blanks, and blanks only: no quotes.
std::vector<std::string> words_of(std::string_view command) {
  std::vector<std::string> words;
  while (!command.empty()) {
    const auto end = command.find(' ');
    if (end != 0) words.emplace_back(command.substr(0, end));
    command.remove_prefix(end == std::string_view::npos ? command.size() : end + 1);
  }
  return words;
}

void Reader::read_child() {
  options_.child.argv = words_of(text("executableName"));
  if (options_.child.argv.empty()) problem("executableName", "not set; name the program that processes the records");
  if (const auto timeout = number("timeoutInSeconds", {1, 86'400})) {
    options_.child.timeout = std::chrono::seconds(*timeout);
  }
  // Here zero means something.
  const auto restarts = number_of(text("kclpp.childRestarts"));
  if (restarts && *restarts >= 0 && *restarts <= 1'000'000) {
    options_.child.restarts = static_cast<std::size_t>(*restarts);
  } else {
    problem("kclpp.childRestarts", "'" + text("kclpp.childRestarts") + "' is not right; 0 to 1000000 is");
  }
  if (const auto grace = duration("kclpp.childGraceMillis", {1, 3'600'000})) options_.child.grace = *grace;
  const std::string level = in_small_letters(trimmed(text("kclpp.logLevel")));
  for (const LogLevel each : {LogLevel::debug, LogLevel::info, LogLevel::warning, LogLevel::error}) {
    if (name_of(each) == level) {
      options_.log_level = each;
      return;
    }
  }
  problem("kclpp.logLevel", "'" + level + "' is not right; debug, info, warning or error is");
}

/// Of the ARN the name alone, as in KCL: the samples of its clients carry ARNs of a region and an account of nobody.
void Reader::read_stream() {
  options_.worker.application = trimmed(text("applicationName"));
  if (options_.worker.application.empty()) {
    problem("applicationName", "not set; name the application whose workers share the stream");
  }
  options_.worker.lease_table = trimmed(text("tableName"));
  const std::string arn(trimmed(text("streamArn")));
  if (!arn.empty()) {
    const auto name = stream_of_arn(arn);
    if (!name) return problem("streamArn", "'" + arn + "' is none; arn:aws:kinesis:REGION:ACCOUNT:stream/NAME is");
    options_.worker.stream = *name;
  } else {
    options_.worker.stream = trimmed(text("streamName"));
    if (options_.worker.stream.empty())
      return problem("streamName", "not set, nor is streamArn; name the stream to read");
    if (!is_stream_name(options_.worker.stream)) {
      problem("streamName", "'" + options_.worker.stream + "' is no name of a stream");
    }
  }
  options_.child.stream = options_.worker.stream;
}

void Reader::read_aws() {
  options_.worker.region = trimmed(text("regionName"));
  const auto endpoint = [&](std::string_view nested, std::string_view plain) {
    const std::string value(trimmed(text(nested)));
    return value.empty() ? std::string(trimmed(text(plain))) : value;
  };
  options_.worker.kinesis_endpoint = endpoint("kinesisClient.endpointOverride", "kinesisEndpoint");
  options_.worker.dynamodb_endpoint = endpoint("dynamoDbClient.endpointOverride", "dynamoDBEndpoint");
  options_.worker.kinesis_access.region = trimmed(text("kinesisClient.region"));
  options_.worker.dynamodb_access.region = trimmed(text("dynamoDbClient.region"));
  options_.credentials = credentials("AwsCredentialsProvider");
  options_.dynamodb_credentials = own_credentials("AwsCredentialsProviderDynamoDB");
}

CredentialsSources Reader::credentials(std::string_view key) {
  auto parsed = parse_credentials(text(key));
  if (!parsed) problem(key, parsed.error());
  return parsed ? *std::move(parsed) : CredentialsSources();
}

CredentialsSources Reader::own_credentials(std::string_view key) {
  const std::string own(trimmed(text(key)));
  return own.empty() || own == trimmed(text("AwsCredentialsProvider")) ? CredentialsSources() : credentials(key);
}

void Reader::read_position() {
  // Where both are set Java's choice is an accident; it went for the time.
  if (const auto seconds = number("initialPositionInStreamExtended", {1, 253'402'300'799})) {
    options_.worker.initial_position = InitialPosition::at(Timestamp(std::chrono::seconds(*seconds)));
    return;
  }
  const std::string position = in_small_letters(trimmed(text("initialPositionInStream")));
  if (position == "trim_horizon") {
    options_.worker.initial_position = InitialPosition::trim_horizon();
  } else if (position != "latest") {
    problem("initialPositionInStream",
            "'" + text("initialPositionInStream") +
                "' is not right; LATEST or TRIM_HORIZON is, or initialPositionInStreamExtended with a time in seconds");
  }
}

/// Of fan-out. Java has the name when there is no ARN; without either it is the application's.
void Reader::read_consumer() {
  WorkerConfig& worker = options_.worker;
  const std::string arn(trimmed(text("fanoutConfig.consumerArn")));
  const std::string name(trimmed(text("fanoutConfig.consumerName")));
  if (!worker.fan_out) {
    for (const std::string_view key : {"fanoutConfig.consumerArn", "fanoutConfig.consumerName"}) {
      if (!trimmed(text(key)).empty()) warning(key, "changes nothing without retrievalMode = FANOUT");
    }
    return;
  }
  if (!arn.empty() && arn.find("/consumer/") == std::string::npos) {
    problem("fanoutConfig.consumerArn",
            "'" + arn + "' is none; arn:aws:kinesis:REGION:ACCOUNT:stream/NAME/consumer/NAME:TIME is");
  }
  if (!name.empty() && !is_stream_name(name)) {
    problem("fanoutConfig.consumerName", "'" + name + "' is no name of a consumer");
  }
  worker.consumer_arn = arn;
  if (arn.empty()) worker.consumer_name = name;
}

void Reader::read_retrieval() {
  const std::string mode = in_small_letters(trimmed(text("retrievalMode")));
  const auto given = [&](const auto& setting) {
    return asks_for_polling(setting.first) && setting.second.source != "default";
  };
  const bool wants_polling = std::any_of(settings_.values.begin(), settings_.values.end(), given);
  if (mode == "fanout") {
    options_.worker.fan_out = true;
  } else if (mode == "default") {
    if (!wants_polling) {
      settings_.warnings.emplace_back(
          "retrievalMode: not set, which KCL takes for FANOUT; kclpp polls, which costs nothing extra. Set it to "
          "FANOUT "
          "or POLLING");
    }
  } else if (mode != "polling") {
    problem("retrievalMode", "'" + text("retrievalMode") + "' is not right; FANOUT or POLLING is");
  }
  read_consumer();
  if (const auto records = number("maxRecords", range_of(&WorkerConfig::max_records))) {
    options_.worker.max_records = static_cast<std::size_t>(*records);
  }
  const auto idle = nearest("idleTimeBetweenReadsInMillis", {200, 60'000});
  options_.worker.idle_read_interval = milliseconds(idle.value_or(1'000));
}

std::optional<std::int64_t> Reader::nearest(std::string_view key, Range range) {
  const auto given = number(key);
  if (!given) return std::nullopt;
  const std::int64_t allowed = std::clamp(*given, range.least, range.most);
  if (*given != allowed) warning(key, std::to_string(allowed) + " is taken, the nearest that is allowed");
  return allowed;
}

void Reader::read_leases() {
  WorkerConfig& worker = options_.worker;
  worker.checkpointing = Checkpointing::manual;
  const std::string format(trimmed(text("kclpp.leaseFormat")));
  if (format == name_of(LeaseFormat::vmware_go)) {
    worker.lease_format = LeaseFormat::vmware_go;
  } else if (format != name_of(LeaseFormat::kcl)) {
    problem("kclpp.leaseFormat", "'" + format + "' is not right; kcl or vmware-go is");
  }
  worker.worker_id = text("workerId");
  if (worker.worker_id.size() > worker::kLongestWorkerId)
    problem("workerId", "longer than " + std::to_string(worker::kLongestWorkerId) + " bytes");
  // Go workers go by their wall clocks, and take a row that stood still for a minute.
  const bool beside_go = worker.lease_format == LeaseFormat::vmware_go;
  const Range failover = beside_go ? Range{5'000, 60'000} : range_of(&WorkerConfig::failover_time);
  if (const auto time = duration("failoverTimeMillis", failover)) worker.failover_time = *time;
  if (const auto most = number("maxLeasesForWorker", {1, INT32_MAX})) {
    worker.max_leases = static_cast<std::size_t>(*most);
  }
  if (const auto interval = duration("shardSyncIntervalMillis", range_of(&WorkerConfig::shard_sync_interval))) {
    worker.shard_sync_interval = *interval;
  }
  if (const auto grace = duration("shutdownGraceMillis", {1, 3'600'000})) worker.shutdown_time = *grace;
  if (const auto stall = duration("logWarningForTaskAfterMillis", range_of(&WorkerConfig::stall_after))) {
    worker.stall_after = *stall;
    options_.child.told_after = *stall;
  }
}

void Reader::read_listen() {
  WorkerConfig& worker = options_.worker;
  worker.listen = trimmed(text("kclpp.listen"));
  if (worker.listen.empty()) {
    for (const std::string_view key : {"kclpp.prometheusNames", "kclpp.prometheusDropShardLabel"}) {
      if (!trimmed(text(key)).empty()) warning(key, "changes nothing without kclpp.listen");
    }
    return;
  }
  if (!server::parse_listen_address(worker.listen)) {
    problem("kclpp.listen", "'" + worker.listen + "' is no address; a port, or HOST:PORT, is");
  }
  worker.prometheus.drop_shard_label = is_true(trimmed(text("kclpp.prometheusDropShardLabel")));
  const std::string names(trimmed(text("kclpp.prometheusNames")));
  if (names == name_of(PrometheusNames::vmware_go)) {
    worker.prometheus.names = PrometheusNames::vmware_go;
  } else if (!names.empty() && names != name_of(PrometheusNames::kclpp)) {
    problem("kclpp.prometheusNames", "'" + names + "' is not right; kclpp or vmware-go is");
  }
}

/// On request only: Java's daemon sends metrics, and bills, unless it is told not to.
void Reader::read_cloudwatch() {
  const std::string names(trimmed(text("kclpp.cloudWatch")));
  const std::string level = in_small_letters(trimmed(text("metricsLevel")));
  if (names.empty()) {
    for (const std::string_view key :
         {"metricsLevel", "metricsEnabledDimensions", "metricsBufferTimeMillis", "metricsMaxQueueSize",
          "cloudWatchClient.endpointOverride", "cloudWatchClient.region", "kclpp.cloudWatchNamespace"}) {
      if (level != "none" && !trimmed(text(key)).empty()) warning(key, "changes nothing without kclpp.cloudWatch");
    }
    return;
  }
  if (!level.empty() && level != "none" && level != "summary" && level != "detailed") {
    problem("metricsLevel", "'" + text("metricsLevel") + "' is not right; NONE, SUMMARY or DETAILED is");
  }
  CloudWatch cloudwatch;
  constexpr std::array kNames{CloudWatchNames::kclpp, CloudWatchNames::vmware_go, CloudWatchNames::java_kcl};
  const auto* known = std::ranges::find(kNames, names, [](CloudWatchNames each) { return name_of(each); });
  if (known == kNames.end()) {
    return problem("kclpp.cloudWatch", "'" + names + "' is not right; kclpp, vmware-go or java-kcl is");
  }
  cloudwatch.names = *known;
  cloudwatch.metric_namespace = trimmed(text("kclpp.cloudWatchNamespace"));
  cloudwatch.detailed = level != "summary";
  std::string dimensions = text("metricsEnabledDimensions");
  std::ranges::replace(dimensions, ',', ' ');
  for (std::string& dimension : words_of(dimensions)) {
    if (dimension == "ALL") {
      cloudwatch.dimensions.clear();
      break;
    }
    cloudwatch.dimensions.push_back(std::move(dimension));
  }
  if (const auto most = nearest("metricsMaxQueueSize", {1'000, 1'000'000})) {
    cloudwatch.max_backlog = static_cast<std::size_t>(*most);
  }
  if (const auto interval = nearest("metricsBufferTimeMillis", range_of(&WorkerConfig::metrics_interval))) {
    options_.worker.metrics_interval = milliseconds(*interval);
  }
  if (level == "none") return;
  options_.cloudwatch_credentials = own_credentials("AwsCredentialsProviderCloudWatch");
  options_.worker.cloudwatch_access.region = trimmed(text("cloudWatchClient.region"));
  options_.worker.cloudwatch_endpoint = trimmed(text("cloudWatchClient.endpointOverride"));
  options_.worker.cloudwatch = std::move(cloudwatch);
}

}  // namespace

const Setting* Settings::find(std::string_view key) const {
  const auto found = values.find(key);
  return found == values.end() ? nullptr : &found->second;
}

Settings gather(const std::vector<Property>& properties, const std::string& file, const Variables& variables) {
  Gathering gathering(file, variables);
  for (const Property& property : properties) gathering.take(property);
  return gathering.finish();
}

DaemonOptions daemon_options(Settings& settings) { return Reader(settings).read(); }

}  // namespace kcl::multilang
