#include "worker/config_check.h"

#include <gtest/gtest.h>
#include <kcl/consume.h>
#include <kcl/errors.h>
#include <kcl/item_stores.h>
#include <kcl/testing/embedded_stream.h>

#include <algorithm>
#include <functional>

namespace kcl::worker {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

WorkerConfig good() {
  WorkerConfig config;
  config.stream = "orders";
  config.kinesis = testing::EmbeddedStream().kinesis();
  return config;
}

CloudWatch telling(const std::string& metric_namespace) {
  CloudWatch cloudwatch;
  cloudwatch.metric_namespace = metric_namespace;
  return cloudwatch;
}

class NoLetters final : public DeadLetterSink {
 public:
  void take(const DeadLetter&) override {}
};

std::string field_of(const std::string& problem) { return problem.substr(0, problem.find(':')); }

TEST(WorkerConfig, DefaultsWithAStreamAndAClientAreRight) {
  EXPECT_EQ(problems_of(good(), {}), std::vector<std::string>());
  WorkerConfig fleet = good();
  fleet.application = "billing";
  fleet.lease_store = make_memory_item_store();
  EXPECT_EQ(problems_of(fleet, {}), std::vector<std::string>());
}

TEST(WorkerConfig, SeveralStreamsAreNamedInsteadOfOne) {
  WorkerConfig config = good();
  config.stream.clear();
  config.streams = {{.stream = "orders"}, {.stream = "refunds"}};
  EXPECT_TRUE(problems_of(config, {}).empty());
  const auto refused = [](WorkerConfig wrong) {
    const auto problems = problems_of(wrong, {});
    EXPECT_EQ(problems.size(), 1U);
    return problems.empty() ? "" : field_of(problems.front());
  };
  WorkerConfig wrong = config;
  wrong.stream = "orders";
  EXPECT_EQ(refused(wrong), "stream");
  wrong = config;
  wrong.streams[1].stream.clear();
  EXPECT_EQ(refused(wrong), "streams[1].stream");
  wrong.streams[1].stream = "orders";
  EXPECT_EQ(refused(wrong), "streams[1].stream") << "twice";
  wrong = config;
  wrong.streams[0].consumer_arn = "arn:aws:kinesis:eu-west-1:123456789012:stream/orders/consumer/a:1";
  EXPECT_EQ(refused(wrong), "streams[0].consumer_arn") << "without fan_out";
  wrong.fan_out = true;
  EXPECT_TRUE(problems_of(wrong, {}).empty());
  wrong.consumer_arn = wrong.streams[0].consumer_arn;
  EXPECT_EQ(refused(wrong), "consumer_arn") << "it is of one stream";
  wrong = config;
  wrong.lease_format = LeaseFormat::vmware_go;
  EXPECT_EQ(refused(wrong), "streams");
}

TEST(WorkerConfig, ARoleIsNamedByItsArn) {
  WorkerConfig config = good();
  for (const char* role : {"arn:aws:iam::123456789012:role/reader", "arn:aws-us-gov:iam::123456789012:role/a/b"}) {
    config.kinesis_access.role_arn = role;
    EXPECT_EQ(problems_of(config, {}), std::vector<std::string>());
  }
  for (const char* role : {"reader", "arn:aws:iam::1:role/reader", "arn:aws:iam::123456789012:user/me",
                           "arn:aws:iam::123456789012:role/", "arn:aws:sts::123456789012:role/reader"}) {
    config.kinesis_access.role_arn = role;
    const auto problems = problems_of(config, {});
    ASSERT_EQ(problems.size(), 1U) << role;
    EXPECT_TRUE(problems.front().starts_with("kinesis_access.role_arn: ")) << problems.front();
  }
}

TEST(WorkerConfig, AnAccessToCloudWatchNeedsMetricsThatGoThere) {
  for (const ServiceAccess& access : {ServiceAccess{.region = "eu-west-1"}, ServiceAccess{.profile = "p"},
                                      ServiceAccess{.role_arn = "arn:aws:iam::123456789012:role/r"},
                                      ServiceAccess{.credentials = static_credentials({"id", "secret", "", {}})}}) {
    WorkerConfig config = good();
    config.cloudwatch_access = access;
    const auto problems = problems_of(config, {});
    ASSERT_EQ(problems.size(), 1U);
    EXPECT_EQ(field_of(problems.front()), "cloudwatch_access");
    config.cloudwatch = telling("orders");
    EXPECT_EQ(problems_of(config, {}), std::vector<std::string>());
  }
}

TEST(WorkerConfig, AnAckProcessorMayHaveSeveralBatchesAtOnce) {
  WorkerConfig config = good();
  config.max_outstanding_batches = 1'000;
  EXPECT_EQ(problems_of(config, {.can_checkpoint = false}), std::vector<std::string>());
}

// Rule 12, and what their rows cannot say.
TEST(WorkerConfig, WhatAFleetWithGoWorkersCannotBearIsRefusedWithTheReason) {
  struct Case {
    std::string field;
    std::function<void(WorkerConfig&)> spoil;
    std::string reason;
  };
  WorkerConfig right = good();
  right.lease_format = LeaseFormat::vmware_go;
  EXPECT_EQ(problems_of(right, {}), std::vector<std::string>());
  const std::vector<Case> cases{
      {"static_identity", [](auto& c) { c.static_identity = true; }, "one life of a worker id"},
      {"balance", [](auto& c) { c.balance = LeaseBalance::throughput; }, "no room"},
      {"failover_time", [](auto& c) { c.failover_time = milliseconds(4'999); }, "wall clocks"},
      {"failover_time", [](auto& c) { c.failover_time = milliseconds(60'001); }, "stood still for a minute"},
  };
  for (const Case& c : cases) {
    WorkerConfig config = right;
    config.worker_id = "w";
    c.spoil(config);
    const auto problems = problems_of(config, {});
    ASSERT_EQ(problems.size(), 1U) << c.field;
    EXPECT_EQ(field_of(problems[0]), c.field);
    EXPECT_NE(problems[0].find(c.reason), std::string::npos) << problems[0];
    config.lease_format = LeaseFormat::kcl;
    EXPECT_TRUE(problems_of(config, {}).empty()) << c.field;
  }
}

TEST(WorkerConfig, EachBadFieldIsNamed) {
  struct Case {
    std::string field;
    std::function<void(WorkerConfig&)> spoil;
  };
  const std::vector<Case> cases{
      {"stream", [](auto& c) { c.stream.clear(); }},
      {"application", [](auto& c) { c.lease_store = make_memory_item_store(); }},
      {"worker_id", [](auto& c) { c.worker_id.assign(129, 'x'); }},
      {"static_identity", [](auto& c) { c.static_identity = true; }},
      {"checkpoint_interval", [](auto& c) { c.checkpoint_interval = milliseconds(99); }},
      {"checkpoint_interval", [](auto& c) { c.checkpoint_interval = hours(1) + milliseconds(1); }},
      {"failover_time", [](auto& c) { c.failover_time = milliseconds(999); }},
      {"failover_time", [](auto& c) { c.failover_time = minutes(10) + milliseconds(1); }},
      {"max_leases", [](auto& c) { c.max_leases = 0; }},
      {"start_patience", [](auto& c) { c.start_patience = milliseconds(-1); }},
      {"start_patience", [](auto& c) { c.start_patience = hours(2); }},
      {"max_outstanding_batches", [](auto& c) { c.max_outstanding_batches = 0; }},
      {"max_outstanding_batches", [](auto& c) { c.max_outstanding_batches = 2; }},
      {"max_outstanding_bytes", [](auto& c) { c.max_outstanding_bytes = 0; }},
      {"shard_sync_interval", [](auto& c) { c.shard_sync_interval = milliseconds(999); }},
      {"shard_sync_interval", [](auto& c) { c.shard_sync_interval = hours(2); }},
      {"max_records", [](auto& c) { c.max_records = 0; }},
      {"max_records", [](auto& c) { c.max_records = 10'001; }},
      {"min_read_interval", [](auto& c) { c.min_read_interval = milliseconds(-1); }},
      {"idle_read_interval", [](auto& c) { c.idle_read_interval = c.min_read_interval - milliseconds(1); }},
      {"idle_read_interval", [](auto& c) { c.idle_read_interval = minutes(2); }},
      {"prefetch_batches", [](auto& c) { c.prefetch_batches = 0; }},
      {"prefetch_batches", [](auto& c) { c.prefetch_batches = 101; }},
      {"buffer_bytes", [](auto& c) { c.buffer_bytes = (1UL << 20) - 1; }},
      {"first_retry", [](auto& c) { c.first_retry = milliseconds(0); }},
      {"longest_retry", [](auto& c) { c.longest_retry = c.first_retry - milliseconds(1); }},
      {"longest_retry", [](auto& c) { c.longest_retry = hours(2); }},
      {"max_attempts", [](auto& c) { c.max_attempts = 0; }},
      {"max_attempts", [](auto& c) { c.max_attempts = 1'001; }},
      {"dead_letters", [](auto& c) { c.on_error = OnError::bisect; }},
      {"dead_letters", [](auto& c) { c.dead_letters = std::make_shared<NoLetters>(); }},
      {"dead_letters",
       [](auto& c) {
         c.on_error = OnError::stop;
         c.dead_letters = std::make_shared<NoLetters>();
       }},
      {"consumer_arn", [](auto& c) { c.consumer_arn = "arn:x"; }},
      {"consumer_name", [](auto& c) { c.consumer_name = "reader"; }},
      {"poll_if_refused", [](auto& c) { c.poll_if_refused = true; }},
      {"consumer_name", [](auto& c) { c.fan_out = true, c.consumer_name = "reader"; }},
      {"stall_after", [](auto& c) { c.stall_after = milliseconds(999); }},
      {"stall_after", [](auto& c) { c.stall_after = hours(25); }},
      {"shutdown_time", [](auto& c) { c.shutdown_time = milliseconds(-1); }},
      {"metrics_interval", [](auto& c) { c.metrics_interval = milliseconds(1); }},
      {"cloudwatch_endpoint", [](auto& c) { c.cloudwatch_endpoint = "http://x"; }},
      {"prometheus.names", [](auto& c) { c.prometheus.names = PrometheusNames::vmware_go; }},
      {"prometheus.drop_shard_label", [](auto& c) { c.prometheus.drop_shard_label = true; }},
      {"prometheus.names", [](auto& c) { c.listen = "1", c.prometheus.names = PrometheusNames::vmware_go; }},
      {"prometheus.names",
       [](auto& c) { c.listen = "1", c.application = "kclpp", c.prometheus.names = PrometheusNames::vmware_go; }},
      {"cloudwatch.metric_namespace", [](auto& c) { c.cloudwatch.emplace(); }},
      {"cloudwatch.metric_namespace", [](auto& c) { c.cloudwatch = telling("AWS/Kinesis"); }},
      {"cloudwatch.metric_namespace", [](auto& c) { c.application = "a&b", c.cloudwatch.emplace(); }},
      {"cloudwatch.dimensions", [](auto& c) { c.cloudwatch = telling("n"), c.cloudwatch->dimensions = {"Shard"}; }},
      {"cloudwatch.max_backlog", [](auto& c) { c.cloudwatch = telling("n"), c.cloudwatch->max_backlog = 999; }},
      {"cloudwatch.last_send", [](auto& c) { c.cloudwatch = telling("n"), c.cloudwatch->last_send = minutes(2); }},
  };
  for (const Case& each : cases) {
    WorkerConfig config = good();
    each.spoil(config);
    const auto problems = problems_of(config, {});
    ASSERT_EQ(problems.size(), 1U) << each.field;
    EXPECT_EQ(field_of(problems[0]), each.field);
  }
}

TEST(WorkerConfig, BoundsThemselvesAreRight) {
  const std::vector<std::function<void(WorkerConfig&)>> cases{
      [](auto& c) { c.checkpoint_interval = milliseconds(100); },
      [](auto& c) { c.checkpoint_interval = hours(1); },
      [](auto& c) { c.failover_time = seconds(1); },
      [](auto& c) { c.failover_time = minutes(10); },
      [](auto& c) { c.max_leases = 1; },
      [](auto& c) { c.static_identity = true, c.worker_id = "pod-0"; },
      [](auto& c) { c.max_records = 1; },
      [](auto& c) { c.min_read_interval = milliseconds(0); },
      [](auto& c) { c.idle_read_interval = c.min_read_interval; },
      [](auto& c) { c.prefetch_batches = 100; },
      [](auto& c) { c.buffer_bytes = 1UL << 20; },
      [](auto& c) { c.longest_retry = c.first_retry; },
      [](auto& c) { c.fan_out = true, c.consumer_arn = "arn:x", c.poll_if_refused = true; },
      [](auto& c) { c.shutdown_time = milliseconds(0); },
      [](auto& c) { c.application = "billing", c.cloudwatch.emplace(); },
      [](auto& c) { c.listen = "1", c.application = "b", c.prometheus = {PrometheusNames::vmware_go, true}; },
      [](auto& c) { c.cloudwatch = telling("n"), c.cloudwatch->last_send = milliseconds(0); },
      [](auto& c) {
        c.cloudwatch = telling("n");
        c.cloudwatch->names = CloudWatchNames::java_kcl;
        c.cloudwatch->dimensions = {"Operation", "ShardId", "WorkerIdentifier", "StreamId"};
      },
  };
  for (std::size_t i = 0; i < cases.size(); ++i) {
    WorkerConfig config = good();
    cases[i](config);
    EXPECT_EQ(problems_of(config, {}), std::vector<std::string>()) << i;
  }
}

TEST(WorkerConfig, MessagesSayWhatWouldBeRight) {
  WorkerConfig config = good();
  config.failover_time = milliseconds(500);
  EXPECT_EQ(problems_of(config, {}).at(0), "failover_time: 500 ms is out of range; 1 s to 10 min is right");
  config = good();
  config.prefetch_batches = 0;
  EXPECT_EQ(problems_of(config, {}).at(0), "prefetch_batches: 0 is out of range; 1 to 100 is right");
  config = good();
  config.max_leases = 0;
  EXPECT_EQ(problems_of(config, {}).at(0), "max_leases: 0 is too small; at least 1 is right");
}

TEST(WorkerConfig, ARuntimeBringsItsOwnMemoryBound) {
  WorkerConfig config = good();
  config.buffer_bytes = 0;
  ConfigUse use;
  use.has_runtime = true;
  EXPECT_EQ(problems_of(config, use), std::vector<std::string>());
}

TEST(WorkerConfig, TheConstructorThrowsOneErrorThatNamesEverything) {
  WorkerConfig config;
  config.application = "billing";
  config.region = "not a region";
  config.max_records = 0;
  try {
    const Worker worker(config, RecordProcessorFactory());
    FAIL() << "it must throw";
  } catch (const ConfigError& e) {
    std::vector<std::string> fields;
    for (const std::string& problem : e.problems()) fields.push_back(field_of(problem));
    const std::vector<std::string> expected{"stream", "max_records", "factory", "region"};
    EXPECT_EQ(fields, expected);
    std::string lines = "this configuration cannot work:";
    for (const std::string& problem : e.problems()) lines += "\n  " + problem;
    EXPECT_EQ(e.what(), lines);
  }
}

TEST(WorkerConfig, ManualCheckpointsNeedACheckpointer) {
  WorkerConfig config = good();
  config.checkpointing = Checkpointing::manual;
  const AckProcessorFactory acks = [] { return nullptr; };
  EXPECT_THROW(Worker(config, acks), ConfigError);
  EXPECT_THROW(consume(config, [](const Record&) {}), ConfigError);
  const RecordProcessorFactory records = [] { return nullptr; };
  EXPECT_NO_THROW(Worker(config, records));
}

TEST(Consume, AnEmptyHandlerIsAConfigError) {
  EXPECT_THROW(consume(good(), nullptr), ConfigError);
  EXPECT_THROW(consume_batches(good(), nullptr), ConfigError);
  EXPECT_THROW(consume_each_shard(good(), nullptr), ConfigError);
}

TEST(WorkerConfig, AWorkerWithoutAnIdMakesOneUp) {
  const RecordProcessorFactory factory = [] { return nullptr; };
  const Worker one(good(), factory);
  const Worker two(good(), factory);
  EXPECT_NE(one.id(), two.id());
  // host:pid:uuid
  EXPECT_EQ(std::count(one.id().begin(), one.id().end(), ':'), 2);
  WorkerConfig named = good();
  named.worker_id = "me";
  EXPECT_EQ(Worker(named, factory).id(), "me");
}

TEST(RuntimeOptions, EachBadFieldIsNamed) {
  try {
    const Runtime runtime(
        {.max_callback_threads = 0, .max_io_threads = 1'001, .network_threads = 65, .buffer_bytes = 0});
    FAIL() << "it must throw";
  } catch (const ConfigError& e) {
    std::vector<std::string> fields;
    for (const std::string& problem : e.problems()) fields.push_back(field_of(problem));
    const std::vector<std::string> expected{"max_callback_threads", "max_io_threads", "network_threads",
                                            "buffer_bytes"};
    EXPECT_EQ(fields, expected);
  }
  EXPECT_NO_THROW(Runtime({.max_callback_threads = 1, .max_io_threads = 1, .buffer_bytes = 1UL << 20}));
}

}  // namespace
}  // namespace kcl::worker
