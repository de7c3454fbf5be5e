#include "multilang/settings.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "multilang/keys.h"
#include "worker/config_options.h"

namespace kcl::multilang {
namespace {

using std::chrono::milliseconds;
using Environment = std::map<std::string, std::string, std::less<>>;

struct Outcome {
  Settings settings;
  DaemonOptions options;

  std::string problems() const { return joined(settings.problems); }
  std::string warnings() const { return joined(settings.warnings); }
  static std::string joined(const std::vector<std::string>& lines) {
    std::string all;
    for (const std::string& line : lines) all += line + '\n';
    return all;
  }
};

Outcome of_file(const std::string& text, const Environment& environment = {}) {
  const auto properties = parse_properties(text);
  EXPECT_TRUE(properties);
  Outcome outcome;
  outcome.settings = gather(*properties, "orders.properties", [&](std::string_view name) {
    const auto found = environment.find(name);
    return found == environment.end() ? std::nullopt : std::optional(found->second);
  });
  outcome.options = daemon_options(outcome.settings);
  return outcome;
}

const std::string kGood =
    "executableName = python3 app.py\napplicationName = billing\nstreamName = orders\nretrievalMode = POLLING\n";

Outcome with(const std::string& more, const Environment& environment = {}) {
  return of_file(kGood + more, environment);
}

TEST(Settings, AFileWithTheLeastThatIsNeeded) {
  const Outcome outcome = with("");
  EXPECT_EQ(outcome.problems(), "");
  EXPECT_EQ(outcome.warnings(), "");
  const DaemonOptions& options = outcome.options;
  const auto& [child, worker] = std::tie(options.child, options.worker);
  EXPECT_EQ(child.argv, (std::vector<std::string>{"python3", "app.py"}));
  EXPECT_EQ(child.stream, "orders");
  EXPECT_EQ(child.timeout, std::nullopt);
  EXPECT_EQ(worker.application, "billing");
  EXPECT_EQ(worker.stream, "orders");
  EXPECT_EQ(worker.initial_position.kind(), InitialPosition::Kind::latest);
  EXPECT_EQ(worker.checkpointing, Checkpointing::manual);
  EXPECT_EQ(worker.shutdown_time, milliseconds(25'000));
  EXPECT_EQ(worker.max_records, 10'000U);
  EXPECT_EQ(options.credentials, (CredentialsSources{{}}));
  EXPECT_TRUE(options.dynamodb_credentials.empty());
  EXPECT_TRUE(options.cloudwatch_credentials.empty());
  EXPECT_EQ(options.log_level, LogLevel::info);
}

TEST(Settings, WhatIsMissingIsNamedAllAtOnce) {
  const std::string problems = of_file("").problems();
  for (const char* key : {"executableName", "applicationName", "streamName"}) {
    EXPECT_NE(problems.find(key), std::string::npos) << problems;
  }
}

TEST(Settings, EverythingThatCountsReachesTheWorker) {
  const Outcome outcome = with(
      "tableName = t\nworkerId = w\nregionName = eu-west-1\nkinesisEndpoint = http://k\ndynamoDBEndpoint = http://d\n"
      "initialPositionInStream = trim_horizon\nmaxRecords = 50\nidleTimeBetweenReadsInMillis = 500\n"
      "failoverTimeMillis = 20000\nmaxLeasesForWorker = 7\nshardSyncIntervalMillis = 30000\n"
      "shutdownGraceMillis = 10000\ntimeoutInSeconds = 60\nlogWarningForTaskAfterMillis = 5000\n"
      "kclpp.childRestarts = 0\nkclpp.childGraceMillis = 700\nkclpp.logLevel = DEBUG\n"
      "kclpp.leaseFormat = vmware-go\n");
  EXPECT_EQ(outcome.problems() + outcome.warnings(), "");
  const DaemonOptions& options = outcome.options;
  const auto& [child, worker] = std::tie(options.child, options.worker);
  EXPECT_EQ(worker.lease_table, "t");
  EXPECT_EQ(worker.lease_format, LeaseFormat::vmware_go);
  EXPECT_EQ(worker.worker_id, "w");
  EXPECT_EQ(worker.region, "eu-west-1");
  EXPECT_EQ(worker.kinesis_endpoint, "http://k");
  EXPECT_EQ(worker.dynamodb_endpoint, "http://d");
  EXPECT_EQ(worker.initial_position.kind(), InitialPosition::Kind::trim_horizon);
  EXPECT_EQ(worker.max_records, 50U);
  EXPECT_EQ(worker.idle_read_interval, milliseconds(500));
  EXPECT_EQ(worker.failover_time, milliseconds(20'000));
  EXPECT_EQ(worker.max_leases, 7U);
  EXPECT_EQ(worker.shard_sync_interval, milliseconds(30'000));
  EXPECT_EQ(worker.shutdown_time, milliseconds(10'000));
  EXPECT_EQ(worker.stall_after, milliseconds(5'000));
  EXPECT_EQ(child.timeout, milliseconds(60'000));
  EXPECT_EQ(child.told_after, milliseconds(5'000));
  EXPECT_EQ(child.restarts, 0U);
  EXPECT_EQ(child.grace, milliseconds(700));
  EXPECT_EQ(options.log_level, LogLevel::debug);
}

TEST(Settings, TheArnGivesTheNameAndNothingElse) {
  const Outcome outcome =
      with("streamArn = arn:aws:kinesis:us-east-5:000000000000:stream/kclpysample\nregionName = us-east-1");
  EXPECT_EQ(outcome.problems(), "");
  EXPECT_EQ(outcome.options.worker.stream, "kclpysample");
  EXPECT_EQ(outcome.options.worker.region, "us-east-1");
  EXPECT_EQ(with("streamArn = ").options.worker.stream, "orders");
  for (const char* arn :
       {"orders", "arn:aws:kinesis:us-east-1:12:stream/a", "arn:aws:sqs:us-east-1:123456789012:stream/a",
        "arn:aws:kinesis:us-east-1:123456789012:stream/", "arn:aws:kinesis"}) {
    EXPECT_NE(with(std::string("streamArn = ") + arn).problems(), "") << arn;
  }
}

TEST(Settings, TheEnvironmentGoesBeforeTheFile) {
  const Outcome outcome = with("maxRecords = 50", {{"KCLPP_MAX_RECORDS", "60"}, {"KCLPP_TABLE_NAME", "t"}});
  EXPECT_EQ(outcome.options.worker.max_records, 60U);
  EXPECT_EQ(outcome.options.worker.lease_table, "t");
  EXPECT_EQ(outcome.settings.find("maxRecords")->source, "KCLPP_MAX_RECORDS");
}

TEST(Settings, VariablesStandInValues) {
  const Environment environment{{"STAGE", "prod"}, {"POD", "3"}};
  const Outcome outcome = with("tableName = billing-${STAGE}\nworkerId = ${POD}${STAGE}-$x-${-}\n", environment);
  EXPECT_EQ(outcome.options.worker.lease_table, "billing-prod");
  EXPECT_EQ(outcome.options.worker.worker_id, "3prod-$x-${-}");
  const std::string problems = with("tableName = ${NOBODY}").problems();
  EXPECT_EQ(problems, "orders.properties:5: tableName: the environment has no variable NOBODY\n");
}

TEST(Settings, NumbersThatJavaDropsAreToldAndDropped) {
  for (const char* number : {"abc", "1e3", "5,000", "99999999999999999999", "", "12x", "1.5"}) {
    const Outcome outcome = with(std::string("maxRecords = ") + number + "\ntimeoutInSeconds = " + number);
    EXPECT_EQ(outcome.problems(), "") << number;
    EXPECT_EQ(outcome.settings.warnings.size(), 2U) << number;
    EXPECT_EQ(outcome.options.worker.max_records, 10'000U);
    EXPECT_EQ(outcome.options.child.timeout, std::nullopt);
  }
  EXPECT_EQ(with("maxRecords =  50  ").options.worker.max_records, 50U);
  const Outcome zero = with("maxRecords = 0\nshutdownGraceMillis = 0");
  EXPECT_EQ(zero.warnings(), "");
  EXPECT_EQ(zero.options.worker.shutdown_time, milliseconds(25'000));
}

TEST(Settings, WhatCannotBeIsAProblemByItsLine) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"maxRecords = 10001", "orders.properties:5: maxRecords: 10001 is out of range; 1 to 10000 is right\n"},
      {"failoverTimeMillis = 10",
       "orders.properties:5: failoverTimeMillis: 10 is out of range; 1000 to 600000 is right\n"},
      {"retrievalMode = PULL", "orders.properties:5: retrievalMode: 'PULL' is not right; FANOUT or POLLING is\n"},
      {"fanoutConfig.consumerName = a b\nretrievalMode = FANOUT",
       "orders.properties:5: fanoutConfig.consumerName: 'a b' is no name of a consumer\n"},
      {"fanoutConfig.consumerArn = arn:aws:kinesis:eu-west-1:123456789012:stream/orders\nretrievalMode = FANOUT",
       "orders.properties:5: fanoutConfig.consumerArn: 'arn:aws:kinesis:eu-west-1:123456789012:stream/orders' is none; "
       "arn:aws:kinesis:REGION:ACCOUNT:stream/NAME/consumer/NAME:TIME is\n"},
      {"kclpp.leaseFormat = vmware-go\nfailoverTimeMillis = 2000",
       "orders.properties:6: failoverTimeMillis: 2000 is out of range; 5000 to 60000 is right\n"},
      {"kclpp.leaseFormat = go", "orders.properties:5: kclpp.leaseFormat: 'go' is not right; kcl or vmware-go is\n"},
      {"kclpp.childRestarts = -1", "orders.properties:5: kclpp.childRestarts: '-1' is not right; 0 to 1000000 is\n"},
  };
  for (const auto& [line, problem] : cases) EXPECT_EQ(with(line).problems(), problem);
  EXPECT_NE(with("initialPositionInStream = AT_TIMESTAMP").problems(), "");
  EXPECT_NE(with("AwsCredentialsProvider = StaticCredentialsProvider").problems(), "");
  EXPECT_NE(with("AwsCredentialsProviderDynamoDB = StaticCredentialsProvider").problems(), "");
}

TEST(Settings, EachServiceMayHaveCredentialsAndARegionOfItsOwn) {
  using Kind = CredentialsSource::Kind;
  const Outcome outcome = with(
      "AwsCredentialsProvider = EnvironmentVariableCredentialsProvider\nregionName = eu-west-1\n"
      "AwsCredentialsProviderDynamoDB = ProfileCredentialsProvider|table\ndynamoDbClient.region = us-east-1\n"
      "AwsCredentialsProviderCloudWatch = DefaultCredentialsProvider\ncloudWatchClient.region = sa-east-1\n"
      "kinesisClient.region = ap-south-1\nkclpp.cloudWatch = kclpp\n");
  EXPECT_EQ(outcome.problems() + outcome.warnings(), "");
  const DaemonOptions& options = outcome.options;
  EXPECT_EQ(options.credentials, CredentialsSources{{.kind = Kind::environment}});
  EXPECT_EQ(options.dynamodb_credentials, (CredentialsSources{{.kind = Kind::profile, .profile = "table"}}));
  EXPECT_EQ(options.cloudwatch_credentials, CredentialsSources{{.kind = Kind::usual}});
  EXPECT_EQ(options.worker.region, "eu-west-1");
  EXPECT_EQ(options.worker.kinesis_access.region, "ap-south-1");
  EXPECT_EQ(options.worker.dynamodb_access.region, "us-east-1");
  EXPECT_EQ(options.worker.cloudwatch_access.region, "sa-east-1");

  const Outcome alike = with("AwsCredentialsProviderDynamoDB = DefaultCredentialsProvider");
  EXPECT_TRUE(alike.options.dynamodb_credentials.empty()) << "one cache for both";
}

TEST(Settings, FanOutReadsAsTheApplicationUnlessAConsumerIsNamed) {
  const std::string arn = "arn:aws:kinesis:eu-west-1:123456789012:stream/orders/consumer/reader:1795381140";
  EXPECT_FALSE(with("").options.worker.fan_out);
  const Outcome plain = with("retrievalMode = fanout");
  EXPECT_EQ(plain.problems() + plain.warnings(), "");
  EXPECT_TRUE(plain.options.worker.fan_out);
  EXPECT_EQ(plain.options.worker.consumer_name, "");
  const Outcome named = with("retrievalMode = FANOUT\nfanoutConfig.consumerName = reader");
  EXPECT_EQ(named.options.worker.consumer_name, "reader");
  // The ARN wins, as in Java.
  const Outcome both =
      with("retrievalMode = FANOUT\nfanoutConfig.consumerName = other\nfanoutConfig.consumerArn = " + arn);
  EXPECT_EQ(both.problems() + both.warnings(), "");
  EXPECT_EQ(both.options.worker.consumer_arn, arn);
  EXPECT_EQ(both.options.worker.consumer_name, "");
  const Outcome polled = with("fanoutConfig.consumerName = reader");
  EXPECT_EQ(polled.warnings(),
            "orders.properties:5: fanoutConfig.consumerName: changes nothing without retrievalMode = FANOUT\n");
  EXPECT_EQ(polled.options.worker.consumer_name, "") << "which the worker would refuse";
}

TEST(Settings, ATimeToStartAtIsInSeconds) {
  const Outcome outcome = with("initialPositionInStream = LATEST\ninitialPositionInStreamExtended = 1636609142");
  EXPECT_EQ(outcome.options.worker.initial_position.kind(), InitialPosition::Kind::at_timestamp);
  EXPECT_EQ(outcome.options.worker.initial_position.timestamp(), Timestamp(std::chrono::seconds(1'636'609'142)));
}

TEST(Settings, WhatChangesNothingIsTold) {
  EXPECT_EQ(with("FailoverTimeMillis = 1").warnings(),
            "orders.properties:5: there is no key 'FailoverTimeMillis', it changes nothing; did you mean "
            "failoverTimeMillis?\n");
  EXPECT_NE(with("callProcessRecordsEvenForEmptyRecordList = true").warnings(), "");
  // As the samples have them.
  EXPECT_EQ(with("callProcessRecordsEvenForEmptyRecordList = false\nisGracefulLeaseHandoffEnabled = yes\n"
                 "processingLanguage = python/3.8\nmaxActiveThreads = 0\nmetricsLevel = NONE\n"
                 "cleanupLeasesUponShardCompletion = true\nvalidateSequenceNumberBeforeCheckpointing = true")
                .warnings(),
            "");
  EXPECT_NE(of_file("executableName = a\napplicationName = b\nstreamName = c").warnings().find("retrievalMode"),
            std::string::npos);
  EXPECT_EQ(of_file("executableName = a\napplicationName = b\nstreamName = c\nmaxRecords = 5").warnings(), "");
  EXPECT_NE(with("idleTimeBetweenReadsInMillis = 100").warnings(), "");
}

TEST(Settings, CloudWatchIsToldOnRequestOnly) {
  const std::string java =
      "metricsLevel = SUMMARY\nmetricsEnabledDimensions = Operation, ShardId\n"
      "metricsBufferTimeMillis = 60000\nmetricsMaxQueueSize = 5000\n"
      "cloudWatchClient.endpointOverride = http://c\nAwsCredentialsProviderCloudWatch = \n";
  const Outcome off = with(java);
  EXPECT_EQ(off.problems(), "");
  EXPECT_EQ(off.settings.warnings.size(), 5U) << off.warnings();
  EXPECT_NE(off.warnings().find("metricsLevel: changes nothing without kclpp.cloudWatch"), std::string::npos);
  EXPECT_EQ(with("metricsLevel = NONE\nmetricsBufferTimeMillis = 60000").warnings(), "");
  EXPECT_FALSE(off.options.worker.cloudwatch);
  EXPECT_EQ(off.options.worker.cloudwatch_endpoint, "");

  const Outcome on = with(java + "kclpp.cloudWatch = java-kcl");
  EXPECT_EQ(on.problems() + on.warnings(), "");
  const WorkerConfig& worker = on.options.worker;
  ASSERT_TRUE(worker.cloudwatch);
  EXPECT_EQ(worker.cloudwatch->names, CloudWatchNames::java_kcl);
  EXPECT_FALSE(worker.cloudwatch->detailed);
  EXPECT_EQ(worker.cloudwatch->dimensions, (std::vector<std::string>{"Operation", "ShardId"}));
  EXPECT_EQ(worker.cloudwatch->max_backlog, 5'000U);
  EXPECT_EQ(worker.cloudwatch_endpoint, "http://c");
  EXPECT_EQ(worker.metrics_interval, milliseconds(60'000));

  const Outcome plain = with("kclpp.cloudWatch = vmware-go\nmetricsEnabledDimensions = ALL");
  ASSERT_TRUE(plain.options.worker.cloudwatch);
  EXPECT_EQ(plain.options.worker.cloudwatch->names, CloudWatchNames::vmware_go);
  EXPECT_TRUE(plain.options.worker.cloudwatch->detailed);
  EXPECT_TRUE(plain.options.worker.cloudwatch->dimensions.empty());
  EXPECT_EQ(plain.options.worker.metrics_interval, milliseconds(10'000));

  EXPECT_FALSE(with("kclpp.cloudWatch = java-kcl\nmetricsLevel = none").options.worker.cloudwatch);
  EXPECT_NE(with("kclpp.cloudWatch = java").problems().find("java-kcl"), std::string::npos);
  EXPECT_NE(with("kclpp.cloudWatch = kclpp\nmetricsLevel = ALL").problems().find("SUMMARY"), std::string::npos);
  EXPECT_NE(with("cloudWatchClient.region = eu-west-1").warnings().find("changes nothing"), std::string::npos);
  EXPECT_NE(with("kclpp.cloudWatch = kclpp\nmetricsMaxQueueSize = 10").warnings().find("1000 is taken"),
            std::string::npos);
}

TEST(Settings, WhatPrometheusIsShownIsAboutWhatIsServed) {
  EXPECT_NE(with("kclpp.prometheusNames = vmware-go").warnings().find("changes nothing without kclpp.listen"),
            std::string::npos);
  EXPECT_NE(with("kclpp.listen = 9000\nkclpp.prometheusNames = java-kcl").problems().find("kclpp or vmware-go is"),
            std::string::npos);
}

/// What a key that counts does.
struct Effect {
  std::string_view key;
  std::string value;
  std::function<bool(const Outcome&)> shows;
  std::string beside = {};
};

std::vector<Effect> effects() {
  const std::string arn = "arn:aws:kinesis:eu-west-1:123456789012:stream/other";
  const std::string consumer = arn + "/consumer/reader:1795381140";
  const std::string fan_out = "retrievalMode = FANOUT\n";
  const std::string cloudwatch = "kclpp.cloudWatch = kclpp\n";
  const auto worker = [](auto member, auto value) {
    return [=](const Outcome& outcome) { return outcome.options.worker.*member == value; };
  };
  const auto child = [](auto member, auto value) {
    return [=](const Outcome& outcome) { return outcome.options.child.*member == value; };
  };
  const auto metrics = [](auto member, auto value) {
    return [=](const Outcome& outcome) {
      const auto& sent = outcome.options.worker.cloudwatch;
      return sent && *sent.*member == value;
    };
  };
  const auto starts = [](InitialPosition::Kind kind) {
    return [=](const Outcome& outcome) { return outcome.options.worker.initial_position.kind() == kind; };
  };
  using Names = std::vector<std::string>;
  return {
      {"executableName", "x y", child(&ChildSettings::argv, Names{"x", "y"})},
      {"applicationName", "other", worker(&WorkerConfig::application, "other")},
      {"streamName", "other", worker(&WorkerConfig::stream, "other")},
      {"streamArn", arn, worker(&WorkerConfig::stream, "other")},
      {"tableName", "t", worker(&WorkerConfig::lease_table, "t")},
      {"workerId", "w", worker(&WorkerConfig::worker_id, "w")},
      {"regionName", "eu-west-1", worker(&WorkerConfig::region, "eu-west-1")},
      {"AwsCredentialsProvider", "EnvironmentVariableCredentialsProvider",
       [](const Outcome& outcome) {
         return outcome.options.credentials == CredentialsSources{{CredentialsSource::Kind::environment}};
       }},
      {"AwsCredentialsProviderDynamoDB", "ProfileCredentialsProvider",
       [](const Outcome& outcome) { return outcome.options.dynamodb_credentials.size() == 1; }},
      {"AwsCredentialsProviderCloudWatch", "ProfileCredentialsProvider",
       [](const Outcome& outcome) { return outcome.options.cloudwatch_credentials.size() == 1; }, cloudwatch},
      {"kinesisClient.region", "eu-west-3",
       [](const Outcome& outcome) { return outcome.options.worker.kinesis_access.region == "eu-west-3"; }},
      {"dynamoDbClient.region", "eu-west-3",
       [](const Outcome& outcome) { return outcome.options.worker.dynamodb_access.region == "eu-west-3"; }},
      {"cloudWatchClient.region", "eu-west-3",
       [](const Outcome& outcome) { return outcome.options.worker.cloudwatch_access.region == "eu-west-3"; },
       cloudwatch},
      {"kinesisEndpoint", "http://k", worker(&WorkerConfig::kinesis_endpoint, "http://k")},
      {"dynamoDBEndpoint", "http://d", worker(&WorkerConfig::dynamodb_endpoint, "http://d")},
      {"kinesisClient.endpointOverride", "http://k", worker(&WorkerConfig::kinesis_endpoint, "http://k")},
      {"dynamoDbClient.endpointOverride", "http://d", worker(&WorkerConfig::dynamodb_endpoint, "http://d")},
      {"cloudWatchClient.endpointOverride", "http://c", worker(&WorkerConfig::cloudwatch_endpoint, "http://c"),
       cloudwatch},
      {"initialPositionInStream", "TRIM_HORIZON", starts(InitialPosition::Kind::trim_horizon)},
      {"initialPositionInStreamExtended", "1636609142", starts(InitialPosition::Kind::at_timestamp)},
      {"retrievalMode", "FANOUT", worker(&WorkerConfig::fan_out, true)},
      {"maxRecords", "7", worker(&WorkerConfig::max_records, 7U)},
      {"idleTimeBetweenReadsInMillis", "700", worker(&WorkerConfig::idle_read_interval, milliseconds(700))},
      {"fanoutConfig.consumerArn", consumer, worker(&WorkerConfig::consumer_arn, consumer), fan_out},
      {"fanoutConfig.consumerName", "reader", worker(&WorkerConfig::consumer_name, "reader"), fan_out},
      {"failoverTimeMillis", "7000", worker(&WorkerConfig::failover_time, milliseconds(7'000))},
      {"maxLeasesForWorker", "7", worker(&WorkerConfig::max_leases, 7U)},
      {"shardSyncIntervalMillis", "7000", worker(&WorkerConfig::shard_sync_interval, milliseconds(7'000))},
      {"logWarningForTaskAfterMillis", "7000", worker(&WorkerConfig::stall_after, milliseconds(7'000))},
      {"metricsLevel", "SUMMARY", metrics(&CloudWatch::detailed, false), cloudwatch},
      {"metricsEnabledDimensions", "ShardId", metrics(&CloudWatch::dimensions, Names{"ShardId"}), cloudwatch},
      {"metricsBufferTimeMillis", "7000", worker(&WorkerConfig::metrics_interval, milliseconds(7'000)), cloudwatch},
      {"metricsMaxQueueSize", "7000", metrics(&CloudWatch::max_backlog, 7'000U), cloudwatch},
      {"shutdownGraceMillis", "7000", worker(&WorkerConfig::shutdown_time, milliseconds(7'000))},
      {"timeoutInSeconds", "7", child(&ChildSettings::timeout, milliseconds(7'000))},
      {"kclpp.childRestarts", "7", child(&ChildSettings::restarts, 7U)},
      {"kclpp.childGraceMillis", "700", child(&ChildSettings::grace, milliseconds(700))},
      {"kclpp.logLevel", "debug", [](const Outcome& outcome) { return outcome.options.log_level == LogLevel::debug; }},
      {"kclpp.leaseFormat", "vmware-go", worker(&WorkerConfig::lease_format, LeaseFormat::vmware_go)},
      {"kclpp.listen", "127.0.0.1:9000", worker(&WorkerConfig::listen, "127.0.0.1:9000")},
      {"kclpp.prometheusNames", "vmware-go",
       [](const Outcome& outcome) { return outcome.options.worker.prometheus.names == PrometheusNames::vmware_go; },
       "kclpp.listen = 9000\n"},
      {"kclpp.prometheusDropShardLabel", "true",
       [](const Outcome& outcome) { return outcome.options.worker.prometheus.drop_shard_label; },
       "kclpp.listen = 9000\n"},
      {"kclpp.cloudWatchNamespace", "Orders", metrics(&CloudWatch::metric_namespace, "Orders"), cloudwatch},
      {"kclpp.cloudWatch", "java-kcl", metrics(&CloudWatch::names, CloudWatchNames::java_kcl)},
  };
}

TEST(Settings, EachKeyThatCountsDoesAndSoDoesItsTwin) {
  const std::vector<Effect> all = effects();
  for (const Effect& effect : all) {
    const Key* key = find_key(effect.key);
    ASSERT_NE(key, nullptr) << effect.key;
    EXPECT_EQ(key->effect, KeyEffect::applied) << effect.key;
    EXPECT_FALSE(effect.shows(with(effect.beside))) << effect.key;
    EXPECT_TRUE(effect.shows(with(effect.beside + std::string(effect.key) + " = " + effect.value))) << effect.key;
    EXPECT_TRUE(effect.shows(with(effect.beside, {{environment_twin(effect.key), effect.value}}))) << effect.key;
  }
  for (const Key& key : keys()) {
    const auto shown = std::ranges::count(all, key.name, &Effect::key);
    EXPECT_EQ(shown, key.effect == KeyEffect::applied ? 1 : 0) << key.name;
  }
}

TEST(Settings, TheKeysOfTheTableOfOptionsCount) {
  for (const worker::ConfigOption& option : worker::config_options()) {
    if (option.property.empty()) continue;
    const Key* key = find_key(option.property);
    ASSERT_NE(key, nullptr) << option.name << ": there is no " << option.property;
    EXPECT_EQ(key->effect, KeyEffect::applied) << option.property;
  }
}

TEST(Settings, EachKeyThatDoesNothingIsTakenAndToldWhenItIsMissed) {
  for (const Key& key : keys()) {
    if (key.effect == KeyEffect::applied) continue;
    const std::string value = key.fallback == "true" ? "false" : key.type == KeyType::number ? "7" : "true";
    const Outcome outcome = with(std::string(key.name) + " = " + value);
    EXPECT_EQ(outcome.problems(), "") << key.name;
    const std::string told =
        "orders.properties:5: " + std::string(key.name) + " changes nothing: " + std::string(key.note) + '\n';
    EXPECT_EQ(outcome.warnings(), key.effect == KeyEffect::unsupported ? told : "") << key.name;
    EXPECT_NE(key.note, "") << key.name;
  }
}

TEST(Settings, ExecutablesAreSplitOnBlanksAlone) {
  EXPECT_EQ(of_file("executableName =   a  'b c'\\td ").options.child.argv,
            (std::vector<std::string>{"a", "'b", "c'\td"}));
}

TEST(Settings, TheEffectiveConfigurationNamesSourcesAndHidesSecrets) {
  const Outcome outcome = with(
      "kinesisEndpoint = http://me:secret@localhost:1/\nAwsCredentialsProvider = X|arn|s|externalId=secret\n"
      "processingLanguage = any\nexecutableName = prog --token ${TOKEN}\ndynamoDBEndpoint = http://me:a@secret@b/\n"
      "AwsCredentialsProviderDynamoDB = X|arn|s|externalId = secret\n",
      {{"KCLPP_MAX_RECORDS", "60"}, {"TOKEN", "secret"}});
  const std::string text = effective_configuration(outcome.settings);
  EXPECT_EQ(text.find("secret"), std::string::npos) << text;
  for (const char* part :
       {"kinesisEndpoint = http://***@localhost:1/", "# orders.properties:5", "maxRecords = 60", "# KCLPP_MAX_RECORDS",
        "prog --token ${TOKEN}", "http://***@b/", "failoverTimeMillis = 10000", "# default",
        "changes nothing: it is for the log of the Java daemon"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << '\n' << text;
  }
  EXPECT_EQ(text.find("leaseTablePitrEnabled"), std::string::npos) << "nobody asked for it, and it changes nothing";
}

TEST(Credentials, NamesAreThoseOfBothSdks) {
  using Kind = CredentialsSource::Kind;
  const std::vector<std::pair<std::string, CredentialsSources>> cases{
      {"DefaultCredentialsProvider", {{Kind::usual}}},
      {"DefaultAWSCredentialsProviderChain", {{Kind::usual}}},
      {"software.amazon.awssdk.auth.credentials.EnvironmentVariableCredentialsProvider", {{Kind::environment}}},
      {"ProfileCredentialsProvider", {{Kind::profile}}},
      {" ProfileCredentialsProvider | orders , EnvironmentVariableCredentialsProvider",
       {{Kind::profile, "orders"}, {Kind::environment}}},
      {"WebIdentityTokenFileCredentialsProvider,ContainerCredentialsProvider,InstanceProfileCredentialsProvider",
       {{Kind::web_identity}, {Kind::container}, {Kind::instance}}},
      {"com.amazonaws.auth.EC2ContainerCredentialsProviderWrapper", {{Kind::container}}},
      {"StsAssumeRoleCredentialsProvider|arn:aws:iam::1:role/r|me",
       {{.kind = Kind::assume_role, .role_arn = "arn:aws:iam::1:role/r", .session_name = "me"}}},
      {"KclStsAssumeRoleCredentialsProvider|arn|me|endpoint=sts.example.com^eu-west-1|externalId=x=y",
       {{.kind = Kind::assume_role,
         .role_arn = "arn",
         .session_name = "me",
         .external_id = "x=y",
         .endpoint = "https://sts.example.com",
         .region = "eu-west-1"}}},
      {"KclSTSAssumeRoleSessionCredentialsProvider|arn|me|endpointRegion=ap-south-1",
       {{.kind = Kind::assume_role, .role_arn = "arn", .session_name = "me", .region = "ap-south-1"}}},
  };
  for (const auto& [text, sources] : cases) {
    const auto parsed = parse_credentials(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(*parsed, sources) << text;
  }
  for (const char* text : {"", " , ", "StaticCredentialsProvider", "StsAssumeRoleCredentialsProvider",
                           "StsAssumeRoleCredentialsProvider|arn", "StsAssumeRoleCredentialsProvider|arn|me|mfa=x",
                           "DefaultCredentialsProvider,AnonymousCredentialsProvider"}) {
    EXPECT_FALSE(parse_credentials(text)) << text;
  }
}

}  // namespace
}  // namespace kcl::multilang
