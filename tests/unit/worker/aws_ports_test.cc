// Which clients of AWS a worker needs, and what is said when they cannot be made.
#include "worker/aws_ports.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>

#include <kcl/item_stores.h>
#include <kcl/testing/embedded_stream.h>

#include "base/run_on.h"

namespace kcl::worker {
namespace {

using Variables = aws::Environment::Variables;

WorkerConfig reading(std::string application = {}) {
  WorkerConfig config;
  config.stream = "orders";
  config.application = std::move(application);
  return config;
}

/// HOME is a directory without AWS files.
auto find(const WorkerConfig& config, Variables variables = {{"AWS_REGION", "eu-west-1"}}) {
  variables.emplace("HOME", "/nonexistent");
  variables.emplace("AWS_EC2_METADATA_DISABLED", "true");
  return find_aws(config, aws::Environment(std::move(variables)));
}

std::string only_problem(const WorkerConfig& config, Variables variables = {{"AWS_REGION", "eu-west-1"}}) {
  const auto found = find(config, std::move(variables));
  if (found) return "none";
  return found.error().size() == 1 ? found.error().front() : "several";
}

TEST(WorkerAwsPorts, WhatIsPluggedInNeedsNoAws) {
  WorkerConfig config = reading("billing");
  config.kinesis = testing::EmbeddedStream().kinesis();
  config.lease_store = make_memory_item_store();
  const auto found = find(config, {});
  ASSERT_TRUE(found);
  EXPECT_FALSE(found->has_value());
}

TEST(WorkerAwsPorts, MetricsGoToTheRegionsCloudWatchWhateverElseIsPluggedIn) {
  WorkerConfig config = reading("billing");
  config.kinesis = testing::EmbeddedStream().kinesis();
  config.lease_store = make_memory_item_store();
  config.cloudwatch.emplace();
  const auto found = find(config);
  ASSERT_TRUE(found && found->has_value());
  EXPECT_EQ((*found)->cloudwatch->endpoint.host, "monitoring.eu-west-1.amazonaws.com");
  EXPECT_FALSE((*found)->kinesis);
  EXPECT_FALSE((*found)->dynamodb);
  config.cloudwatch_endpoint = "ftp://x";
  EXPECT_TRUE(only_problem(config).starts_with("cloudwatch_endpoint"));
}

TEST(WorkerAwsPorts, WithoutAnApplicationThereIsNoTable) {
  const auto found = find(reading());
  ASSERT_TRUE(found && found->has_value());
  EXPECT_EQ((*found)->kinesis->endpoint.host, "kinesis.eu-west-1.amazonaws.com");
  EXPECT_FALSE((*found)->dynamodb);
}

TEST(WorkerAwsPorts, AnApplicationHasItsTable) {
  const auto found = find(reading("billing"));
  ASSERT_TRUE(found && found->has_value());
  EXPECT_EQ((*found)->dynamodb->endpoint.host, "dynamodb.eu-west-1.amazonaws.com");
  EXPECT_EQ((*found)->lease_table.name, "billing");
  EXPECT_EQ((*found)->lease_table.key_attribute, "leaseKey");
  WorkerConfig named = reading("billing");
  named.lease_table = "other-table";
  EXPECT_EQ((*find(named))->lease_table.name, "other-table");
  named.lease_format = LeaseFormat::vmware_go;
  EXPECT_EQ((*find(named))->lease_table.key_attribute, "ShardID");
}

std::size_t threads_of_this_process() {
  using Tasks = std::filesystem::directory_iterator;
  return static_cast<std::size_t>(std::distance(Tasks("/proc/self/task"), Tasks()));
}

TEST(WorkerAwsPorts, NetworkThreadsAreForReadingAlone) {
  WorkerConfig config = reading("billing");
  config.fan_out = true;
  const auto needs = find(config);
  ASSERT_TRUE(needs && needs->has_value());
  const auto threads_with = [&](std::size_t network_threads) {
    Threads threads({.network_threads = network_threads});
    base::Random random(1);
    std::unique_ptr<AwsPorts> ports;
    std::size_t made = 0;
    base::run_on(threads.loop, [&] {
      const std::size_t before = threads_of_this_process();
      ports = std::make_unique<AwsPorts>(threads, random, **needs);
      made = threads_of_this_process() - before;
    });
    base::run_on(threads.loop, [&] { ports.reset(); });
    return made;
  };
  // Polling, fan-out, leases.
  EXPECT_EQ(threads_with(1), 1 + 1 + 1);
  EXPECT_EQ(threads_with(3), 3 + 3 + 1);
}

TEST(WorkerAwsPorts, FanOutReadsAsTheConsumerThatIsNamed) {
  WorkerConfig config = reading("billing");
  EXPECT_FALSE((*find(config))->consumer) << "it polls";
  config.fan_out = true;
  EXPECT_EQ((*find(config))->consumer->name, "billing");
  config.consumer_name = "reader";
  EXPECT_EQ((*find(config))->consumer->name, "reader");
}

TEST(WorkerAwsPorts, EachProblemNamesTheFieldThatMendsIt) {
  EXPECT_TRUE(only_problem(reading(), {}).starts_with("region: "));
  WorkerConfig config = reading();
  config.profile = "nobody";
  EXPECT_TRUE(only_problem(config).starts_with("profile: "));
  config = reading();
  config.kinesis_endpoint = "ftp://x";
  EXPECT_TRUE(only_problem(config).starts_with("kinesis_endpoint"));
  config = reading("billing");
  config.dynamodb_endpoint = "nonsense";
  EXPECT_TRUE(only_problem(config).starts_with("dynamodb_endpoint"));
  EXPECT_TRUE(only_problem(reading("a table/with")).starts_with("application: "));
  config = reading("billing");
  config.lease_table = "x";
  EXPECT_TRUE(only_problem(config).starts_with("lease_table: "));
}

TEST(WorkerAwsPorts, ServicesThatSayNothingOfTheirOwnShareOneSetOfCredentials) {
  WorkerConfig config = reading("billing");
  config.cloudwatch.emplace();
  config.dynamodb_access.region = "us-east-1";
  const auto found = find(config);
  ASSERT_TRUE(found && found->has_value());
  const AwsNeeds& needs = **found;
  EXPECT_EQ(needs.kinesis->access.credentials, needs.cloudwatch->access.credentials);
  EXPECT_EQ(needs.kinesis->access.credentials, needs.dynamodb->access.credentials) << "wherever they are";
}

TEST(WorkerAwsPorts, EachServiceMayBeInARegionOfItsOwn) {
  WorkerConfig config = reading("billing");
  config.cloudwatch.emplace();
  config.kinesis_access.region = "ap-south-1";
  config.dynamodb_access.region = "us-east-1";
  config.cloudwatch_access.region = "cn-north-1";
  auto found = find(config);
  ASSERT_TRUE(found && found->has_value());
  EXPECT_EQ((*found)->kinesis->endpoint.host, "kinesis.ap-south-1.amazonaws.com");
  EXPECT_EQ((*found)->kinesis->access.region, "ap-south-1");
  EXPECT_EQ((*found)->dynamodb->endpoint.host, "dynamodb.us-east-1.amazonaws.com");
  EXPECT_EQ((*found)->dynamodb->access.region, "us-east-1");
  EXPECT_EQ((*found)->cloudwatch->endpoint.host, "monitoring.cn-north-1.amazonaws.com.cn");
  config.dynamodb_access.region.clear();
  EXPECT_EQ((*find(config))->dynamodb->access.region, "eu-west-1") << "that of the environment";
  config.region = "sa-east-1";
  EXPECT_EQ((*find(config))->dynamodb->access.region, "sa-east-1") << "that of all of them";
  config.dynamodb_access.region = "nowhere!";
  EXPECT_TRUE(only_problem(config).starts_with("region: "));
}

TEST(WorkerAwsPorts, EachServiceMayHaveCredentialsOfItsOwn) {
  const auto named = [](const char* id) { return static_credentials({id, "secret", "", {}}); };
  WorkerConfig config = reading("billing");
  config.cloudwatch.emplace();
  config.credentials = named("ALL");
  config.dynamodb_access.credentials = named("TABLE");
  const auto ids = [&](const WorkerConfig& asked) {
    const auto found = find(asked);
    std::string text;
    for (const auto& service : {(*found)->kinesis, (*found)->dynamodb, (*found)->cloudwatch}) {
      text += service->access.credentials->credentials(Call{})->access_key_id + ' ';
    }
    return text;
  };
  EXPECT_EQ(ids(config), "ALL TABLE ALL ");
  config.kinesis_access.credentials = named("STREAM");
  config.cloudwatch_access.credentials = named("METRICS");
  EXPECT_EQ(ids(config), "STREAM TABLE METRICS ");
}

TEST(WorkerAwsPorts, EachServiceMayHaveAProfileOfItsOwnThatGoesBeforeTheCredentialsOfAll) {
  std::string home = ::testing::TempDir() + "kclpp-home-XXXXXX";
  ASSERT_NE(::mkdtemp(home.data()), nullptr);
  std::ofstream(home + "/config") << "[profile central]\naws_access_key_id = CENTRAL\naws_secret_access_key = s\n";
  WorkerConfig config = reading("billing");
  config.credentials = static_credentials({"ALL", "secret", "", {}});
  config.dynamodb_access.profile = "central";
  const auto found = find(config, {{"AWS_REGION", "eu-west-1"}, {"AWS_CONFIG_FILE", home + "/config"}});
  std::filesystem::remove_all(home);
  ASSERT_TRUE(found && found->has_value());
  EXPECT_EQ((*found)->kinesis->access.credentials->credentials(Call{})->access_key_id, "ALL");
  EXPECT_NE((*found)->dynamodb->access.credentials, config.credentials);
  config.dynamodb_access.profile = "nobody";
  EXPECT_TRUE(only_problem(config).starts_with("dynamodb_access.profile: "));
}

TEST(WorkerAwsPorts, WhatIsWrongForAllOfThemIsToldOnce) {
  WorkerConfig config = reading("billing");
  config.cloudwatch.emplace();
  EXPECT_TRUE(only_problem(config, {}).starts_with("region: "));
}

TEST(WorkerAwsPorts, AuthoritiesAreThoseOfTheEnvironment) {
  const auto found = find(reading(), {{"AWS_REGION", "eu-west-1"}, {"AWS_CA_BUNDLE", "/etc/own.pem"}});
  ASSERT_TRUE(found && found->has_value());
  EXPECT_EQ((*found)->kinesis->access.ca_file, "/etc/own.pem");
}

}  // namespace
}  // namespace kcl::worker
