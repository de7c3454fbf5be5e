#include "consume/options.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "consume/consume.h"
#include "worker/config_options.h"

namespace kclpp::consume {
namespace {

using kcl::InitialPosition;
using std::chrono::milliseconds;

const kcl::Timestamp kNow = *kcl::parse_iso8601("2026-11-23T12:00:00Z");

ConsumeOptions good(FlagValues given) {
  given.try_emplace("stream", "orders");
  const ParsedOptions parsed = parse(given, kNow);
  EXPECT_EQ(parsed.problems, std::vector<std::string>());
  return parsed.options;
}

std::vector<std::string> problems(FlagValues given) {
  given.try_emplace("stream", "orders");
  return parse(given, kNow).problems;
}

TEST(ConsumeOptions, NeedNothingButAStream) {
  const ConsumeOptions options = good({});
  EXPECT_EQ(options.stream, "orders");
  EXPECT_EQ(options.application, "");
  EXPECT_EQ(options.lease_store, LeaseStore::memory);
  EXPECT_EQ(options.from.kind(), InitialPosition::Kind::latest);
  EXPECT_TRUE(options.from_is_default);
  EXPECT_FALSE(options.to);
  EXPECT_FALSE(options.exit_when_caught_up);
  EXPECT_EQ(options.format, Format::json);
  EXPECT_EQ(options.exec, "");
  EXPECT_EQ(options.failover, milliseconds(10'000));
  EXPECT_EQ(options.max_records, 10'000U);
  EXPECT_EQ(options.stall_after, milliseconds(300'000));
  EXPECT_FALSE(options.exit_on_stall);
  EXPECT_EQ(options.log.at_least, kcl::LogLevel::info);
  EXPECT_EQ(options.log.format, kcl::LogFormat::text);
  EXPECT_EQ(options.log_file, "");
  EXPECT_EQ(options.log.max_bytes, 100'000'000U);
  EXPECT_EQ(options.log.max_files, 5U);
  EXPECT_FALSE(options.cloudwatch);
}

TEST(ConsumeOptions, AreReadFromEveryFlag) {
  const ConsumeOptions options = good({{"application", "billing"},
                                       {"lease-store", "sqlite:/var/lib/leases:1"},
                                       {"create-table", "never"},
                                       {"from", "2026-11-22T23:26:13.250+02:00"},
                                       {"to", "2026-11-23"},
                                       {"exit-when-caught-up", "true"},
                                       {"max-records", "17"},
                                       {"fan-out", "true"},
                                       {"consumer-name", "reader"},
                                       {"poll-if-refused", "true"},
                                       {"region", "eu-west-1"},
                                       {"profile", "work"},
                                       {"kinesis-endpoint", "http://127.0.0.1:4567"},
                                       {"dynamodb-endpoint", "https://[::1]:8000"},
                                       {"worker-id", "me"},
                                       {"static-identity", "true"},
                                       {"failover", "2.5"},
                                       {"checkpoint-interval", "0.1"},
                                       {"shutdown-seconds", "0"},
                                       {"stray-records", "leave-out"},
                                       {"text", "true"},
                                       {"exec", "cat"},
                                       {"on-error", "bisect"},
                                       {"attempts", "7"},
                                       {"dead-letter", "dead.jsonl"},
                                       {"stall-after", "1.5"},
                                       {"exit-on-stall", "true"},
                                       {"listen", "9464"},
                                       {"prometheus-names", "vmware-go"},
                                       {"prometheus-drop-shard-label", "true"},
                                       {"cloudwatch", "vmware-go"},
                                       {"cloudwatch-namespace", "Prod/Orders"},
                                       {"cloudwatch-endpoint", "http://127.0.0.1:4566"},
                                       {"log-level", "warning"},
                                       {"log-format", "json"},
                                       {"log-file", "/var/log/orders.json"},
                                       {"log-max-size", "7"},
                                       {"log-files", "2"}});
  EXPECT_EQ(options.application, "billing");
  EXPECT_EQ(options.lease_store, LeaseStore::sqlite);
  EXPECT_EQ(options.lease_file, "/var/lib/leases:1");
  EXPECT_EQ(options.create_table, kcl::CreateTable::never);
  EXPECT_EQ(options.from.kind(), InitialPosition::Kind::at_timestamp);
  EXPECT_FALSE(options.from_is_default);
  EXPECT_EQ(kcl::to_iso8601(options.from.timestamp()), "2026-11-22T21:26:13.250Z");
  EXPECT_EQ(kcl::to_iso8601(options.to.value()), "2026-11-23T00:00:00.000Z") << "a date is its midnight in UTC";
  EXPECT_TRUE(options.exit_when_caught_up);
  EXPECT_EQ(options.max_records, 17U);
  EXPECT_EQ(options.stray_records, kcl::StrayRecords::leave_out);
  EXPECT_TRUE(options.fan_out);
  EXPECT_EQ(options.consumer_name, "reader");
  EXPECT_TRUE(options.poll_if_refused);
  EXPECT_EQ(options.aws.region, "eu-west-1");
  EXPECT_EQ(options.aws.profile, "work");
  EXPECT_EQ(options.aws.kinesis_endpoint, "http://127.0.0.1:4567");
  EXPECT_EQ(options.aws.dynamodb_endpoint, "https://[::1]:8000");
  EXPECT_EQ(options.worker_id, "me");
  EXPECT_TRUE(options.static_identity);
  EXPECT_EQ(options.failover, milliseconds(2'500));
  EXPECT_EQ(options.checkpoint_interval, milliseconds(100));
  EXPECT_EQ(options.shutdown_time, milliseconds(0));
  EXPECT_EQ(options.format, Format::json_text);
  EXPECT_EQ(options.exec, "cat");
  EXPECT_EQ(options.on_error, kcl::OnError::bisect);
  EXPECT_EQ(options.attempts, 7U);
  EXPECT_EQ(options.dead_letter_file, "dead.jsonl");
  EXPECT_EQ(options.stall_after, milliseconds(1'500));
  EXPECT_TRUE(options.exit_on_stall);
  EXPECT_EQ(options.log.at_least, kcl::LogLevel::warning);
  EXPECT_EQ(options.log.format, kcl::LogFormat::json);
  EXPECT_EQ(options.log_file, "/var/log/orders.json");
  EXPECT_EQ(options.log.max_bytes, 7'000'000U);
  EXPECT_EQ(options.log.max_files, 2U);
  EXPECT_EQ(options.listen, "9464");
  EXPECT_EQ(options.prometheus.names, kcl::PrometheusNames::vmware_go);
  EXPECT_TRUE(options.prometheus.drop_shard_label);
  ASSERT_TRUE(options.cloudwatch);
  EXPECT_EQ(options.cloudwatch->names, kcl::CloudWatchNames::vmware_go);
  EXPECT_EQ(options.cloudwatch->metric_namespace, "Prod/Orders");
  EXPECT_EQ(options.aws.cloudwatch_endpoint, "http://127.0.0.1:4566");
}

TEST(ConsumeOptions, OnErrorRetriesUnlessToldOtherwise) {
  EXPECT_EQ(good({}).on_error, kcl::OnError::retry);
  EXPECT_EQ(good({{"on-error", "retry"}}).on_error, kcl::OnError::retry);
  EXPECT_EQ(good({{"on-error", "stop"}}).on_error, kcl::OnError::stop) << "also with stdout";
  EXPECT_EQ(good({{"on-error", "stop"}}).attempts, 5U);
}

TEST(ConsumeOptions, AnApplicationKeepsItsLeasesInDynamoDbUnlessToldOtherwise) {
  EXPECT_EQ(good({{"application", "billing"}}).lease_store, LeaseStore::dynamodb);
  EXPECT_EQ(good({{"application", "billing"}, {"lease-store", "dynamodb"}}).lease_store, LeaseStore::dynamodb);
  EXPECT_EQ(good({{"lease-store", "memory"}}).lease_store, LeaseStore::memory);
}

TEST(ConsumeOptions, TheLeaseTableMayHaveANameOfItsOwn) {
  EXPECT_EQ(worker_config(good({{"application", "billing"}})).lease_table, "") << "the application's";
  const ConsumeOptions options =
      good({{"application", "billing"}, {"lease-table", "GoLeases"}, {"lease-format", "vmware-go"}});
  EXPECT_EQ(worker_config(options).lease_table, "GoLeases");
  EXPECT_EQ(worker_config(options).application, "billing");
  EXPECT_EQ(good({{"application", "my team/billing"}, {"lease-table", "GoLeases"}}).application, "my team/billing")
      << "no table has that name";
}

TEST(ConsumeOptions, AStreamsArnTellsItsRegion) {
  const std::string arn = "arn:aws-cn:kinesis:cn-north-1:123456789012:stream/orders";
  EXPECT_EQ(good({{"stream", arn}}).aws.region, "cn-north-1");
  EXPECT_EQ(good({{"stream", arn}}).stream, arn);
  EXPECT_EQ(good({{"stream", arn}, {"region", "cn-north-1"}}).aws.region, "cn-north-1");
}

TEST(ConsumeOptions, SeveralStreamsAreListed) {
  const std::string arn = "arn:aws:kinesis:eu-west-1:123456789012:stream/orders";
  const auto streams_of = [](const std::string& list) { return parse(FlagValues{{"streams", list}}, kNow); };
  const ConsumeOptions options = streams_of(arn + ",refunds").options;
  EXPECT_EQ(options.streams, (std::vector<std::string>{arn, "refunds"}));
  EXPECT_EQ(options.aws.region, "eu-west-1");
  const kcl::WorkerConfig config = worker_config(options);
  EXPECT_EQ(config.stream, "");
  ASSERT_EQ(config.streams.size(), 2U);
  EXPECT_EQ(config.streams[1].stream, "refunds");
  EXPECT_TRUE(streams_of("orders").problems.empty()) << "one of an application that had several";
  for (const auto& [list, problem] :
       {std::pair<std::string, std::string>("orders,", "cannot be a stream's name"),
        {"orders,orders", "is there twice"},
        {"orders refunds", "cannot be a stream's name"},
        {arn + ",arn:aws:kinesis:us-east-1:123456789012:stream/refunds", "streams of two regions"}}) {
    const ParsedOptions parsed = streams_of(list);
    ASSERT_EQ(parsed.problems.size(), 1U) << list;
    EXPECT_NE(parsed.problems[0].find(problem), std::string::npos) << parsed.problems[0];
  }
  EXPECT_EQ(problems({{"streams", "refunds"}}).size(), 1U) << "beside --stream";
  const auto go = parse(FlagValues{{"streams", "orders"}, {"application", "a-b"}, {"lease-format", "vmware-go"}}, kNow);
  ASSERT_EQ(go.problems.size(), 1U);
  EXPECT_NE(go.problems[0].find("no room for its stream"), std::string::npos) << go.problems[0];
  const auto fan_out =
      parse(FlagValues{{"streams", "orders"}, {"fan-out", "true"}, {"consumer-arn", arn + "/consumer/a:1"}}, kNow);
  ASSERT_EQ(fan_out.problems.size(), 1U);
  EXPECT_NE(fan_out.problems[0].find("a consumer is of one stream"), std::string::npos) << fan_out.problems[0];
}

TEST(ConsumeOptions, EachServiceMayHaveARegionAProfileAndARoleOfItsOwn) {
  const std::string role = "arn:aws:iam::123456789012:role/reader";
  const ConsumeOptions options = good({{"application", "billing"},
                                       {"region", "eu-west-1"},
                                       {"kinesis-region", "ap-south-1"},
                                       {"kinesis-role", role},
                                       {"dynamodb-region", "us-east-1"},
                                       {"dynamodb-profile", "central"},
                                       {"cloudwatch", "kclpp"},
                                       {"cloudwatch-region", "sa-east-1"},
                                       {"cloudwatch-profile", "metrics"},
                                       {"cloudwatch-role", role}});
  const kcl::WorkerConfig config = worker_config(options);
  EXPECT_EQ(config.region, "eu-west-1");
  EXPECT_EQ(config.kinesis_access.region, "ap-south-1");
  EXPECT_EQ(config.kinesis_access.role_arn, role);
  EXPECT_EQ(config.kinesis_access.profile, "");
  EXPECT_EQ(config.dynamodb_access.region, "us-east-1");
  EXPECT_EQ(config.dynamodb_access.profile, "central");
  EXPECT_EQ(config.cloudwatch_access.region, "sa-east-1");
  EXPECT_EQ(config.cloudwatch_access.profile, "metrics");
  EXPECT_EQ(config.cloudwatch_access.role_arn, role);
  const std::string arn = "arn:aws:kinesis:eu-west-1:123456789012:stream/orders";
  EXPECT_EQ(
      good({{"stream", arn}, {"application", "billing"}, {"dynamodb-region", "us-east-1"}}).aws.dynamodb_access.region,
      "us-east-1");
}

constexpr const char* kConsumer = "arn:aws:kinesis:eu-west-1:123456789012:stream/orders/consumer/reader:1795381140";

TEST(ConsumeOptions, FanOutReadsAsTheApplicationUnlessToldOtherwise) {
  const ConsumeOptions options = good({{"fan-out", "true"}, {"application", "billing"}});
  EXPECT_TRUE(options.fan_out);
  EXPECT_EQ(options.consumer_name, "");
  EXPECT_EQ(good({{"fan-out", "true"}, {"consumer-arn", kConsumer}}).consumer_arn, kConsumer);
}

struct Wrong {
  FlagValues given;
  /// What the one problem must name.
  std::string flag;
  std::string what;
};

TEST(ConsumeOptions, WhatIsWrongIsNamedWithWhatWouldBeRight) {
  const std::vector<Wrong> cases{
      {{{"stream", ""}}, "--stream", "empty"},
      {{{"stream", "or ders"}}, "--stream", "letters, digits"},
      {{{"stream", std::string(129, 'a')}}, "--stream", "1 to 128"},
      {{{"stream", "arn:aws:kinesis:eu-west-1:123456789012:stream/"}}, "--stream", "looks like"},
      {{{"stream", "arn:aws:kinesis:eu-west-1:12345:stream/orders"}}, "--stream", "looks like"},
      {{{"stream", "arn:aws:dynamodb:eu-west-1:123456789012:table/orders"}}, "--stream", "looks like"},
      {{{"stream", "arn:aws:kinesis"}}, "--stream", "looks like"},
      {{{"stream", "arn:aws:kinesis:eu-west-1:123456789012:stream/o"}, {"region", "eu-west-2"}},
       "--region",
       "eu-west-1"},
      {{{"from", "latest"}}, "--from", "LATEST"},
      {{{"from", "2026-11-22T10:00:00"}}, "--from", "zone"},
      {{{"from", "2026-02-30"}}, "--from", "TRIM_HORIZON"},
      {{{"from", "2026-11-23T12:00:01Z"}}, "--from", "2026-11-23T12:00:01Z lies in the future"},
      {{{"from", ""}}, "--from", "empty"},
      {{{"to", "tomorrow"}, {"from", "TRIM_HORIZON"}}, "--to", "such as"},
      {{{"to", "2026-11-23T12:00:00Z"}}, "--to", "--from"},
      {{{"to", "2026-11-20"}, {"from", "2026-11-20"}}, "--to", "not after --from"},
      {{{"max-records", "0"}}, "--max-records", "1 to 10000"},
      {{{"max-records", "10001"}}, "--max-records", "1 to 10000"},
      {{{"max-records", "-1"}}, "--max-records", "1 to 10000"},
      {{{"max-records", "1e3"}}, "--max-records", "1 to 10000"},
      {{{"max-records", "99999999999999999999"}}, "--max-records", "1 to 10000"},
      {{{"fan-out", "true"}}, "--fan-out", "--application"},
      {{{"consumer-name", "reader"}}, "--consumer-name", "--fan-out"},
      {{{"consumer-arn", kConsumer}}, "--consumer-arn", "--fan-out"},
      {{{"poll-if-refused", "true"}}, "--poll-if-refused", "--fan-out"},
      {{{"fan-out", "true"}, {"consumer-name", "a b"}}, "--consumer-name", "letters"},
      {{{"fan-out", "true"}, {"consumer-name", ""}}, "--consumer-name", "empty"},
      {{{"fan-out", "true"}, {"consumer-arn", "arn:aws:kinesis:eu-west-1:123456789012:stream/orders"}},
       "--consumer-arn",
       "/consumer/"},
      {{{"fan-out", "true"}, {"consumer-arn", kConsumer}, {"consumer-name", "reader"}}, "--consumer-name", "leave one"},
      {{{"format", "xml"}}, "--format", "json, raw"},
      {{{"format", "raw"}, {"text", "true"}}, "--text", "--format raw"},
      {{{"exec", ""}}, "--exec", "empty"},
      {{{"exec", std::string("a\0b", 3)}}, "--exec", "NUL"},
      {{{"on-error", "skip"}}, "--on-error", "retry, stop, bisect"},
      {{{"stray-records", "drop"}}, "--stray-records", "deliver, leave-out, drop-aggregate"},
      {{{"on-error", "bisect"}, {"dead-letter", "f"}}, "--on-error", "--exec"},
      {{{"on-error", "bisect"}, {"exec", "cat"}}, "--on-error", "--dead-letter FILE"},
      {{{"dead-letter", "f"}}, "--dead-letter", "--on-error bisect"},
      {{{"on-error", "stop"}, {"dead-letter", "f"}}, "--dead-letter", "--on-error bisect"},
      {{{"on-error", "bisect"}, {"exec", "cat"}, {"dead-letter", ""}}, "--dead-letter", "empty"},
      {{{"on-error", "stop"}, {"attempts", "0"}}, "--attempts", "1 to 1000"},
      {{{"on-error", "stop"}, {"attempts", "1001"}}, "--attempts", "1 to 1000"},
      {{{"attempts", "3"}}, "--attempts", "never gives up"},
      {{{"application", ""}}, "--application", "empty"},
      {{{"application", "ab"}}, "--application", "3 to 255"},
      {{{"application", "a b c"}}, "--application", "letters"},
      {{{"application", "billing"}, {"lease-store", "memory"}}, "--lease-store", "would lose the checkpoints"},
      {{{"lease-store", "dynamodb"}}, "--lease-store", "--application"},
      {{{"lease-store", "sqlite:file"}}, "--lease-store", "--application"},
      {{{"application", "billing"}, {"lease-store", "sqlite:"}}, "--lease-store", "sqlite:FILE"},
      {{{"application", "billing"}, {"lease-store", "redis:x"}}, "--lease-store", "none of dynamodb"},
      {{{"application", "billing"}, {"lease-format", "go"}}, "--lease-format", "none of kcl, vmware-go"},
      {{{"lease-format", "vmware-go"}}, "--lease-format", "--application"},
      {{{"application", "billing"}, {"lease-format", "vmware-go"}, {"failover", "3"}}, "--failover", "5 to 60"},
      {{{"application", "billing"}, {"lease-format", "vmware-go"}, {"worker-id", "w"}, {"static-identity", ""}},
       "--static-identity",
       "not with --lease-format vmware-go"},
      {{{"create-table", "always"}}, "--create-table", "if_missing, never"},
      {{{"checkpoint-interval", "0.05"}}, "--checkpoint-interval", "0.1 to 3600"},
      {{{"failover", "0.9"}}, "--failover", "1 to 600"},
      {{{"failover", "601"}}, "--failover", "1 to 600"},
      {{{"failover", "nan"}}, "--failover", "1 to 600"},
      {{{"failover", "inf"}}, "--failover", "1 to 600"},
      {{{"failover", "10s"}}, "--failover", "1 to 600"},
      {{{"failover", " 10"}}, "--failover", "1 to 600"},
      {{{"shutdown-seconds", "-1"}}, "--shutdown-seconds", "0 to 3600"},
      {{{"stall-after", "0.9"}}, "--stall-after", "1 to 86400"},
      {{{"worker-id", std::string(129, 'w')}}, "--worker-id", "128"},
      {{{"static-identity", "true"}}, "--static-identity", "--worker-id"},
      {{{"region", "eu west"}}, "--region", "looks like"},
      {{{"region", "evil.example/"}}, "--region", "looks like"},
      {{{"profile", ""}}, "--profile", "empty"},
      {{{"kinesis-endpoint", "127.0.0.1:4567"}}, "--kinesis-endpoint", "http://"},
      {{{"dynamodb-endpoint", "https://"}}, "--dynamodb-endpoint", "no URL"},
      {{{"prometheus-names", "vmware-go"}, {"application", "billing"}}, "--prometheus-names", "is about --listen"},
      {{{"prometheus-drop-shard-label", ""}}, "--prometheus-drop-shard-label", "is about --listen"},
      {{{"listen", "1"}, {"prometheus-names", "java-kcl"}}, "--prometheus-names", "none of kclpp, vmware-go"},
      {{{"listen", "1"}, {"prometheus-names", "vmware-go"}}, "--prometheus-names", "--application"},
      {{{"cloudwatch", "java"}, {"application", "billing"}}, "--cloudwatch", "kclpp, vmware-go, java-kcl"},
      {{{"cloudwatch", "kclpp"}}, "--cloudwatch", "--cloudwatch-namespace NAME or --application"},
      {{{"cloudwatch-namespace", "n"}}, "--cloudwatch-namespace", "is about --cloudwatch"},
      {{{"cloudwatch-endpoint", "http://x"}}, "--cloudwatch-endpoint", "is about --cloudwatch"},
      {{{"cloudwatch", "kclpp"}, {"cloudwatch-namespace", "AWS/Kinesis"}}, "--cloudwatch-namespace", "not AWS/"},
      {{{"cloudwatch", "kclpp"}, {"cloudwatch-namespace", ""}}, "--cloudwatch-namespace", "empty"},
      {{{"log-level", "loud"}}, "--log-level", "debug, info, warning, error"},
      {{{"lease-table", "leases"}}, "--lease-table", "--application"},
      {{{"application", "billing"}, {"lease-table", "a b"}}, "--lease-table", "3 to 255"},
      {{{"log-format", "xml"}}, "--log-format", "text, json"},
      {{{"log-max-size", "5"}}, "--log-max-size", "--log-file"},
      {{{"log-files", "5"}}, "--log-files", "--log-file"},
      {{{"log-file", "x"}, {"log-files", "0"}}, "--log-files", "1 to 1000"},
      {{{"log-file", "x"}, {"log-max-size", "1.5"}}, "--log-max-size", "1 to 100000"},
      {{{"kinesis-region", "Europe"}}, "--kinesis-region", "eu-west-1"},
      {{{"dynamodb-role", "reader"}}, "--dynamodb-role", "arn:aws:iam::123456789012:role/reader"},
      {{{"cloudwatch-role", "arn:aws:iam::123456789012:role/reader"}}, "--cloudwatch-role", "--cloudwatch"},
  };
  for (const Wrong& wrong : cases) {
    const auto found = problems(wrong.given);
    ASSERT_EQ(found.size(), 1U) << wrong.flag << " " << wrong.what;
    EXPECT_TRUE(found[0].starts_with(wrong.flag + ": ")) << found[0];
    EXPECT_NE(found[0].find(wrong.what), std::string::npos) << found[0];
    EXPECT_EQ(found[0].find('\n'), std::string::npos) << found[0];
  }
}

TEST(ConsumeOptions, EveryProblemIsToldAtOnce) {
  const auto found = parse({{"failover", "x"}, {"from", "y"}, {"format", "z"}}, kNow).problems;
  ASSERT_EQ(found.size(), 4U);
  EXPECT_TRUE(found[0].starts_with("--stream: missing")) << found[0];
}

TEST(ConsumeOptions, EachFlagIsKnownOnceAndHelpful) {
  std::set<std::string_view> seen;
  for (const Flag& flag : flags()) {
    EXPECT_TRUE(seen.insert(flag.name).second) << flag.name;
    EXPECT_FALSE(flag.help.empty()) << flag.name;
    EXPECT_FALSE(flag.group.empty()) << flag.name;
  }
}

TEST(ConsumeOptions, HelpTellsTheBoundsAndDefaultsOfWorkers) {
  const auto seconds_of = [](milliseconds time) {
    return time.count() % 1'000 == 0 ? std::to_string(time.count() / 1'000) : "0." + std::to_string(time.count() / 100);
  };
  for (const kcl::worker::ConfigOption& option : kcl::worker::config_options()) {
    if (option.flag.empty()) continue;
    const auto flag = std::ranges::find(flags(), option.flag, &Flag::name);
    ASSERT_NE(flag, flags().end()) << option.name << ": there is no --" << option.flag;
    const std::string help(flag->help);
    std::string bounds;
    std::string fallback;
    if (const auto* time = std::get_if<kcl::worker::DurationBounds>(&option.value)) {
      bounds = seconds_of(time->least) + " to " + seconds_of(time->most);
      fallback = seconds_of(kcl::WorkerConfig{}.*time->value);
    } else if (const auto* count = std::get_if<kcl::worker::CountBounds>(&option.value)) {
      bounds = std::to_string(count->least) + " to " + std::to_string(count->most);
      fallback = std::to_string(kcl::WorkerConfig{}.*count->value);
    }
    EXPECT_NE(help.find(bounds), std::string::npos) << option.name << ": " << bounds << " is not in: " << help;
    EXPECT_NE(help.find(fallback), std::string::npos) << option.name << ": " << fallback << " is not in: " << help;
  }
}

TEST(ConsumeOptions, FlagsHaveEnvironmentTwins) {
  EXPECT_EQ(environment_twin("stream"), "KCLPP_STREAM");
  EXPECT_EQ(environment_twin("exit-when-caught-up"), "KCLPP_EXIT_WHEN_CAUGHT_UP");
}

}  // namespace
}  // namespace kclpp::consume
