#include "consume/options.h"

#include <algorithm>
#include <array>

#include "flags/aws_flags.h"
#include "flags/flag_reader.h"
#include "wire/put_metric_data.h"
#include "worker/config_options.h"

namespace kclpp::consume {

namespace {

using kcl::WorkerConfig;
using std::chrono::milliseconds;

constexpr std::size_t kLongestStreamName = 128;
constexpr std::size_t kLongestConsumerName = 128;
constexpr std::size_t kShortestTableName = 3;
constexpr std::size_t kLongestTableName = 255;
constexpr std::size_t kMegabyte = 1'000'000;
constexpr std::string_view kSqlite = "sqlite:";

constexpr std::array kWorkFlags{
    Flag{"stream", "NAME|ARN", "What to read", "The stream; with an ARN also one of another account"},
    Flag{"streams", "NAME|ARN,...", "What to read",
         "Instead: several, side by side; JSON lines begin with the stream they are of"},
    Flag{"from", "WHERE", "What to read",
         "TRIM_HORIZON: all that the stream has; LATEST (default): what is put from now on; or a time such as "
         "2026-11-22T23:26:13Z or 2026-11-22. Counts when an application starts for the first time, then its "
         "checkpoints do"},
    Flag{"to", "TIME", "What to read", "Only what arrived before this time; ends when every shard has come so far"},
    Flag{"exit-when-caught-up", "", "What to read", "End when every shard has been read to its tip"},
    Flag{"max-records", "N", "What to read", "Records per read and batch: 1 to 10000 (default)"},
    Flag{"stray-records", "CHOICE", "What to read",
         "Records that a KPL aggregate brought into the wrong shard, after a split or merge: deliver (default); "
         "leave-out: one by one; drop-aggregate: with all of their aggregate, as Java KCL does"},

    Flag{"fan-out", "", "Enhanced fan-out",
         "The service pushes records as they come, with 2 MB/s per shard for this consumer alone; costs extra"},
    Flag{"consumer-name", "NAME", "Enhanced fan-out",
         "Read as this consumer of the stream; registered if there is none, never deregistered (default: the "
         "application)"},
    Flag{"consumer-arn", "ARN", "Enhanced fan-out", "Read as this consumer, which exists"},
    Flag{"poll-if-refused", "", "Enhanced fan-out", "Poll shards whose subscription is refused"},

    Flag{"format", "FORMAT", "Where records go",
         "json (default): one object a line, data in base64; raw: the bytes and a newline"},
    Flag{"text", "", "Where records go",
         "In JSON, data as text instead of base64; bytes that are not UTF-8 become U+FFFD"},
    Flag{"exec", "CMD", "Where records go",
         "Run CMD (sh -c) for each batch, with the batch on its stdin; exit code 0 means that it took it, after any "
         "other the batch comes again"},

    Flag{"on-error", "POLICY", "When a batch fails",
         "retry (default): again and again, for ever; stop: after --attempts its shard stands still, the others go on; "
         "bisect, with --exec: after --attempts in ever smaller parts, until the records that fail are found, which go "
         "to --dead-letter"},
    Flag{"attempts", "N", "When a batch fails",
         "So often a batch, or a single record, fails before stop or bisect act: 1 to 1000 (5, which take about three "
         "seconds)"},
    Flag{"dead-letter", "FILE", "When a batch fails",
         "With --on-error bisect: records that fail are appended here as JSON lines, with the error"},

    Flag{"application", "NAME", "Sharing and checkpoints",
         "Join the fleet of this name: workers share the shards, and a restart goes on where the last one ended"},
    Flag{"lease-store", "STORE", "Sharing and checkpoints",
         "dynamodb (default with --application): a table named as the application; sqlite:FILE: for workers of one "
         "host; memory (default without): nothing is kept"},
    Flag{"lease-format", "FORMAT", "Sharing and checkpoints",
         "Whose rows the lease table has: kcl (default): those of the Java KCL; vmware-go: those of vmware-go-kcl, for "
         "fleets that have such workers"},
    Flag{"lease-table", "NAME", "Sharing and checkpoints",
         "The table of the leases, where it is not named as the application: that of fleets of vmware-go-kcl, for one"},
    Flag{"create-table", "WHEN", "Sharing and checkpoints", "The lease table: if_missing (default) or never"},
    Flag{"checkpoint-interval", "SECONDS", "Sharing and checkpoints",
         "Store how far each shard has come so often: 0.1 to 3600 (10)"},
    Flag{"failover", "SECONDS", "Sharing and checkpoints",
         "Silence after which others take a worker's shards: 1 to 600 (10)"},
    Flag{"worker-id", "ID", "Sharing and checkpoints",
         "Names this worker in the lease table; must be unique (default: made up)"},
    Flag{"static-identity", "", "Sharing and checkpoints",
         "The worker id is that of one place: what its last process held when it crashed is taken over at once"},
};

constexpr std::array kRunningFlags{
    Flag{"log-level", "LEVEL", "Running", "debug, info (default), warning or error"},
    Flag{"log-format", "FORMAT", "Running", "text (default), for people; json: one object a line, with typed fields"},
    Flag{"log-file", "FILE", "Running", "Append the log to this file, of this process alone (default: stderr)"},
    Flag{"log-max-size", "MB", "Running", "Begin a new file before --log-file is larger: 1 to 100000 (100)"},
    Flag{"log-files", "N", "Running", "So many files of before are kept: 1 to 1000 (5)"},
    Flag{"stall-after", "SECONDS", "Running",
         "An error in the log names each shard that has not moved for so long although there is something to do, and "
         "why: 1 to 86400 (300)"},
    Flag{"listen", "ADDRESS", "Running",
         "Serve /metrics (Prometheus), /livez, /readyz, /status and a page for people here: a port of 127.0.0.1, or "
         "HOST:PORT"},
    Flag{"prometheus-names", "NAMES", "Running",
         "At /metrics of --listen: kclpp (default); vmware-go: also what vmware-go-kcl has, under its names"},
    Flag{"prometheus-drop-shard-label", "", "Running",
         "At /metrics: one number for all shards of this worker instead of one for each"},
    Flag{"cloudwatch", "NAMES", "Running",
         "Send metrics to Amazon CloudWatch every ten seconds, under these names: kclpp, vmware-go or java-kcl"},
    Flag{"cloudwatch-namespace", "NAME", "Running", "Of those metrics (default: the application)"},
    Flag{"exit-on-stall", "", "Running", "End with exit code 1 after the first such error"},
    Flag{"shutdown-seconds", "SECONDS", "Running", "For an orderly end after SIGINT or SIGTERM: 0 to 3600 (25)"},
};

constexpr auto kFlags = joined(kWorkFlags, kAwsFlags, kRunningFlags);

FlagReader::Seconds range_of(milliseconds WorkerConfig::* option) {
  const auto& bounds = kcl::worker::bounds_of(option);
  return {bounds.least, bounds.most};
}

/// Of what is at least 1.
std::size_t most_of(std::size_t WorkerConfig::* option) { return kcl::worker::bounds_of(option).most; }

/// Reads the flags one after the other, and notes what is wrong with them.
class Parser : private FlagReader {
 public:
  Parser(const FlagValues& given, kcl::Timestamp now) : FlagReader(given), now_(now) {}
  ParsedOptions parse();

 private:
  void read_stream();
  void read_streams();
  void check_stream(std::string_view flag, const std::string& stream);
  void read_range();
  void read_fan_out();
  void read_output();
  void read_on_error();
  void read_leases();
  void read_aws();
  void read_running();
  void read_log();
  void read_listen();
  void read_cloudwatch();
  void check_table();
  void check_lease_format();

  kcl::Timestamp now_;
  std::string region_of_arn_;
  ParsedOptions parsed_;
  ConsumeOptions& options_ = parsed_.options;
};

void Parser::read_stream() {
  if (has("stream") && has("streams"))
    return problem("stream", "given beside --streams: name it there, as one of them");
  if (has("streams")) return read_streams();
  if (!has("stream")) return problem("stream", "missing; name the stream to read, or its ARN");
  const auto given = text("stream", "the stream's name or ARN");
  if (!given) return;
  options_.stream = *given;
  check_stream("stream", *given);
}

void Parser::read_streams() {
  const auto given = text("streams", "the streams' names or ARNs, with commas between them");
  if (!given) return;
  std::string_view rest = *given;
  for (bool more = true; more;) {
    const auto comma = rest.find(',');
    const std::string stream(rest.substr(0, comma));
    more = comma != std::string_view::npos;
    if (more) rest.remove_prefix(comma + 1);
    if (std::ranges::find(options_.streams, stream) != options_.streams.end()) {
      problem("streams", "\"" + stream + "\" is there twice: name it once");
    }
    check_stream("streams", stream);
    options_.streams.push_back(stream);
  }
  if (has("consumer-arn"))
    problem("consumer-arn", "a consumer is of one stream: with --streams --consumer-name is right");
}

/// The region of ARNs is that of the worker's Kinesis.
void Parser::check_stream(std::string_view flag, const std::string& stream) {
  const auto region = region_of_stream_arn(stream);
  if (region && !region_of_arn_.empty() && region_of_arn_ != *region) {
    problem(flag, "streams of two regions, " + region_of_arn_ + " and " + *region + ": a worker reads in one");
  } else if (region) {
    region_of_arn_ = *region;
  } else if (stream.starts_with("arn:")) {
    problem(flag, "\"" + stream +
                      "\" is not the ARN of a stream; one looks like "
                      "arn:aws:kinesis:eu-west-1:123456789012:stream/orders");
  } else if (!is_aws_name(stream, 1, kLongestStreamName)) {
    problem(flag, "\"" + stream + "\" cannot be a stream's name: 1 to 128 letters, digits, '_', '.' and '-'");
  }
}

void Parser::read_range() {
  if (const auto from = text("from", "TRIM_HORIZON, LATEST or a time")) {
    options_.from_is_default = false;
    const auto time = parse_time(*from);
    if (*from == "TRIM_HORIZON") {
      options_.from = kcl::InitialPosition::trim_horizon();
    } else if (*from == "LATEST") {
      options_.from = kcl::InitialPosition::latest();
    } else if (!time) {
      problem("from", "\"" + *from + "\" is none of TRIM_HORIZON, LATEST, or " + std::string(kTimeForm));
    } else if (*time > now_) {
      problem("from", *from + " lies in the future: it is " + kcl::to_iso8601(now_) + "; give a time that has been");
    } else {
      options_.from = kcl::InitialPosition::at(*time);
    }
  }
  if (const auto to = text("to", kTimeForm)) {
    options_.to = parse_time(*to);
    if (!options_.to) {
      problem("to", "\"" + *to + "\" is not " + std::string(kTimeForm));
    } else if (options_.from.kind() == kcl::InitialPosition::Kind::at_timestamp &&
               *options_.to <= options_.from.timestamp()) {
      problem("to", *to + " is not after --from: nothing lies between them");
    } else if (options_.from.kind() == kcl::InitialPosition::Kind::latest && *options_.to <= now_) {
      problem("to", *to + " has passed, and reading starts now (--from LATEST): name where to start with --from");
    }
  }
  options_.exit_when_caught_up = has("exit-when-caught-up");
  count("max-records", options_.max_records, most_of(&WorkerConfig::max_records));
  using kcl::StrayRecords;
  choice<StrayRecords>("stray-records", options_.stray_records,
                       {{"deliver", StrayRecords::deliver},
                        {"leave-out", StrayRecords::leave_out},
                        {"drop-aggregate", StrayRecords::drop_aggregate}});
}

void Parser::read_fan_out() {
  options_.fan_out = has("fan-out");
  options_.poll_if_refused = has("poll-if-refused");
  for (const std::string_view flag : {"consumer-name", "consumer-arn", "poll-if-refused"}) {
    if (has(flag) && !options_.fan_out) problem(flag, "is about --fan-out: add that, or leave it out");
  }
  if (auto name = text("consumer-name", "the consumer's name")) {
    if (!is_aws_name(*name, 1, kLongestConsumerName)) {
      problem("consumer-name",
              "\"" + *name + "\" cannot be a consumer's name: 1 to 128 letters, digits, '_', '.' and '-'");
    }
    options_.consumer_name = *std::move(name);
  }
  if (auto arn = text("consumer-arn", "the consumer's ARN")) {
    if (!arn->starts_with("arn:") || arn->find("/consumer/") == std::string::npos) {
      problem("consumer-arn", "\"" + *arn +
                                  "\" is not the ARN of a consumer; one looks like arn:aws:kinesis:eu-west-1:"
                                  "123456789012:stream/orders/consumer/billing:1795381140");
    }
    options_.consumer_arn = *std::move(arn);
  }
  if (has("consumer-name") && has("consumer-arn")) {
    problem("consumer-name", "--consumer-arn says it all: leave one of them out");
  }
  const bool nameless = !has("consumer-name") && !has("consumer-arn") && !has("application");
  if (options_.fan_out && nameless) {
    problem("fan-out", "needs --consumer-name NAME, --consumer-arn ARN or --application NAME: whom to read as");
  }
}

void Parser::read_output() {
  choice<Format>("format", options_.format, {{"json", Format::json}, {"raw", Format::raw}});
  if (has("text")) {
    if (options_.format == Format::raw) {
      problem("text", "is about JSON, and --format raw writes the bytes as they are: leave one of them out");
    } else {
      options_.format = Format::json_text;
    }
  }
  if (auto command = text("exec", "a command for sh -c")) options_.exec = *std::move(command);
  if (options_.exec.find('\0') != std::string::npos) problem("exec", "holds a NUL byte");
}

void Parser::read_on_error() {
  using kcl::OnError;
  choice<OnError>("on-error", options_.on_error,
                  {{"retry", OnError::retry}, {"stop", OnError::stop}, {"bisect", OnError::bisect}});
  count("attempts", options_.attempts, most_of(&WorkerConfig::max_attempts));
  if (auto file = text("dead-letter", "a file")) options_.dead_letter_file = *std::move(file);
  const bool bisects = options_.on_error == OnError::bisect;
  if (bisects && !has("exec")) {
    problem("on-error",
            "bisect needs --exec CMD, which tells what fails: stdout takes every record, whatever it holds; "
            "use retry or stop without it");
  }
  if (bisects && !has("dead-letter")) {
    problem("on-error", "bisect needs --dead-letter FILE, where the records go that fail");
  }
  if (!bisects && has("dead-letter")) {
    problem("dead-letter", "only --on-error bisect writes to it: add that, or leave --dead-letter out");
  }
  if (options_.on_error == OnError::retry && has("attempts")) {
    problem("attempts",
            "--on-error retry, the default, never gives up: add --on-error stop or bisect, or leave "
            "--attempts out");
  }
}

void Parser::check_table() {
  if (auto table = text("lease-table", "the name of the lease table")) {
    options_.lease_table = *std::move(table);
    if (!has("application")) problem("lease-table", "needs --application NAME: whose leases are kept there");
  }
  const bool named = has("lease-table");
  const std::string& table = named ? options_.lease_table : options_.application;
  if (table.empty() || options_.lease_store != LeaseStore::dynamodb) return;
  if (!is_aws_name(table, kShortestTableName, kLongestTableName)) {
    problem(named ? "lease-table" : "application",
            "\"" + table + "\" cannot be the name of a DynamoDB table: 3 to 255 letters, digits, '_', '.' and '-'");
  }
}

void Parser::read_leases() {
  if (auto application = text("application", "the fleet's name")) options_.application = *std::move(application);
  const bool named = !options_.application.empty();
  const bool tried_to_name = has("application");
  options_.lease_store = named ? LeaseStore::dynamodb : LeaseStore::memory;
  if (const auto store = text("lease-store", "dynamodb, sqlite:FILE or memory")) {
    const bool sqlite = store->starts_with(kSqlite) && store->size() > kSqlite.size();
    if (*store == "memory") {
      options_.lease_store = LeaseStore::memory;
      if (named) {
        problem("lease-store",
                "memory would lose the checkpoints of --application " + options_.application +
                    " at exit and share nothing with its other workers: use dynamodb or sqlite:FILE, or leave out "
                    "--application");
      }
    } else if (*store == "dynamodb" || sqlite) {
      options_.lease_store = sqlite ? LeaseStore::sqlite : LeaseStore::dynamodb;
      if (sqlite) options_.lease_file = store->substr(kSqlite.size());
      if (!tried_to_name) {
        problem("lease-store", *store + " needs --application NAME: whose checkpoints are kept there");
      }
    } else {
      problem("lease-store", "\"" + *store + "\" is none of dynamodb, sqlite:FILE, memory");
    }
  }
  check_table();
  choice<kcl::LeaseFormat>("lease-format", options_.lease_format,
                           {{"kcl", kcl::LeaseFormat::kcl}, {"vmware-go", kcl::LeaseFormat::vmware_go}});
  choice<kcl::CreateTable>("create-table", options_.create_table,
                           {{"if_missing", kcl::CreateTable::if_missing}, {"never", kcl::CreateTable::never}});
  seconds("checkpoint-interval", options_.checkpoint_interval, range_of(&WorkerConfig::checkpoint_interval));
  seconds("failover", options_.failover, range_of(&WorkerConfig::failover_time));
  if (auto id = text("worker-id", "a name that no other worker has")) options_.worker_id = *std::move(id);
  if (options_.worker_id.size() > kcl::worker::kLongestWorkerId) {
    problem("worker-id", std::to_string(options_.worker_id.size()) + " bytes long; at most " +
                             std::to_string(kcl::worker::kLongestWorkerId));
  }
  options_.static_identity = has("static-identity");
  if (options_.static_identity && options_.worker_id.empty()) {
    problem("static-identity", "needs --worker-id ID, the name of the place that this worker runs at");
  }
  check_lease_format();
}

void Parser::check_lease_format() {
  if (options_.lease_format != kcl::LeaseFormat::vmware_go) return;
  if (!options_.streams.empty()) {
    problem("streams", "a row of --lease-format vmware-go has no room for its stream: --stream NAME is right");
  }
  if (!has("application")) {
    problem("lease-format",
            "needs --application NAME: the Go fleet's, whose lease table has that name, or that of --lease-table");
  }
  if (options_.static_identity) {
    problem("static-identity",
            "not with --lease-format vmware-go: its rows do not tell one life of a worker id from the next; leave it "
            "out, and give each process a --worker-id of its own");
  }
  if (options_.failover < milliseconds(5'000) || options_.failover > milliseconds(60'000)) {
    problem("failover",
            "5 to 60 seconds are right with --lease-format vmware-go: Go workers go by their wall clocks, and a row "
            "that stood still for a minute is anyone's");
  }
}

void Parser::read_aws() { options_.aws = kclpp::read_aws(*this, region_of_arn_); }

void Parser::read_log() {
  using kcl::LogLevel;
  choice<LogLevel>("log-level", options_.log.at_least,
                   {{"debug", LogLevel::debug},
                    {"info", LogLevel::info},
                    {"warning", LogLevel::warning},
                    {"error", LogLevel::error}});
  choice<kcl::LogFormat>("log-format", options_.log.format,
                         {{"text", kcl::LogFormat::text}, {"json", kcl::LogFormat::json}});
  if (auto file = text("log-file", "a file")) options_.log_file = *std::move(file);
  std::size_t megabytes = options_.log.max_bytes / kMegabyte;
  count("log-max-size", megabytes, 100'000);
  options_.log.max_bytes = megabytes * kMegabyte;
  count("log-files", options_.log.max_files, 1'000);
  for (const std::string_view flag : {"log-max-size", "log-files"}) {
    if (has(flag) && !has("log-file")) problem(flag, "is about --log-file FILE: add that, or leave it out");
  }
}

void Parser::read_running() {
  seconds("stall-after", options_.stall_after, range_of(&WorkerConfig::stall_after));
  options_.exit_on_stall = has("exit-on-stall");
  read_listen();
  seconds("shutdown-seconds", options_.shutdown_time, range_of(&WorkerConfig::shutdown_time));
}

void Parser::read_listen() {
  using kcl::PrometheusNames;
  if (auto address = text("listen", "a port, or HOST:PORT")) options_.listen = *std::move(address);
  choice<PrometheusNames>("prometheus-names", options_.prometheus.names,
                          {{"kclpp", PrometheusNames::kclpp}, {"vmware-go", PrometheusNames::vmware_go}});
  options_.prometheus.drop_shard_label = has("prometheus-drop-shard-label");
  for (const std::string_view flag : {"prometheus-names", "prometheus-drop-shard-label"}) {
    if (has(flag) && !has("listen")) problem(flag, "is about --listen ADDRESS: add that, or leave it out");
  }
  if (options_.prometheus.names == PrometheusNames::vmware_go && !has("application")) {
    problem("prometheus-names", "vmware-go needs --application NAME, with which its names begin");
  }
}

void Parser::read_cloudwatch() {
  using kcl::CloudWatchNames;
  expect_cloudwatch(*this);
  if (!has("cloudwatch")) return;
  kcl::CloudWatch& cloudwatch = options_.cloudwatch.emplace();
  choice<CloudWatchNames>("cloudwatch", cloudwatch.names,
                          {{"kclpp", CloudWatchNames::kclpp},
                           {"vmware-go", CloudWatchNames::vmware_go},
                           {"java-kcl", CloudWatchNames::java_kcl}});
  if (auto name = text("cloudwatch-namespace", "the namespace of the metrics")) {
    if (!kcl::wire::is_metric_namespace(*name)) {
      problem("cloudwatch-namespace",
              "\"" + *name + "\" cannot be a namespace: " + std::string(kcl::wire::kMetricNamespaceForm));
    }
    cloudwatch.metric_namespace = *std::move(name);
  }
  if (!has("cloudwatch-namespace") && !has("application")) {
    problem("cloudwatch", "needs --cloudwatch-namespace NAME or --application NAME: what the metrics are filed under");
  }
}

ParsedOptions Parser::parse() {
  read_stream();
  read_range();
  read_fan_out();
  read_output();
  read_on_error();
  read_leases();
  read_aws();
  read_log();
  read_running();
  read_cloudwatch();
  parsed_.problems = take_problems();
  return std::move(parsed_);
}

}  // namespace

std::span<const Flag> flags() { return kFlags; }

ParsedOptions parse(const FlagValues& given, kcl::Timestamp now) { return Parser(given, now).parse(); }

}  // namespace kclpp::consume
