// Which metrics Prometheus is shown: vmware-go-kcl's beside kclpp's, and all shards as one. Sources: the names, types,
// labels and units of vmware-go-kcl-v2 clientlibrary/metrics/prometheus/prometheus.go.
#include "sinks/prometheus_metrics.h"

#include <gtest/gtest.h>

#include <set>

#include "sinks/other_names.h"
#include "sinks/prometheus_text.h"

namespace kcl::sinks {
namespace {

using metrics::Labels;
using metrics::Registry;

/// A registry as a worker's.
class PrometheusMetricsTest : public ::testing::Test {
 protected:
  void count(const std::string& name, std::uint64_t amount, const std::string& shard) {
    registry.counter("kclpp_" + name + "_total", "", {{"shard", shard}})->add(amount);
  }
  void observe(const std::string& name, double value, const std::string& shard) {
    registry.histogram("kclpp_" + name + "_seconds", "", {{"shard", shard}}, {0.001, 0.02, 60})->observe(value);
  }
  void set(const std::string& name, double value, Labels labels = {}) {
    registry.gauge("kclpp_" + name, "", std::move(labels))->set(value);
  }

  /// Without the lines of help and type.
  std::string samples(PrometheusMetrics& metrics) {
    const std::string text = prometheus_text(metrics.take(registry.readings(now), now));
    std::string left;
    for (std::size_t begin = 0; begin < text.size();) {
      const std::size_t end = text.find('\n', begin) + 1;
      if (text[begin] != '#') left += text.substr(begin, end - begin);
      begin = end;
    }
    return left;
  }

  Timestamp now{std::chrono::seconds(1'000'000)};
  Registry registry{{{"application", "billing"}, {"stream", "orders"}, {"worker", "w"}}};
};

TEST_F(PrometheusMetricsTest, AreTheInstrumentsUnlessToldOtherwise) {
  PrometheusMetrics metrics({}, "billing");
  count("records_processed", 5, "1");
  set("leases_held", 2);
  EXPECT_EQ(samples(metrics),
            "kclpp_leases_held{application=\"billing\",stream=\"orders\",worker=\"w\"} 2\n"
            "kclpp_records_processed_total{application=\"billing\",stream=\"orders\",worker=\"w\",shard=\"1\"} 5\n");
}

TEST_F(PrometheusMetricsTest, TheirsStandBesideOurs) {
  PrometheusMetrics metrics({.names = PrometheusNames::vmware_go}, "my-app");
  count("records_processed", 5, "1");
  count("data_bytes_processed", 500, "1");
  count("renewals", 3, "1");
  count("checkpoints", 1, "1");
  set("shard_behind_seconds", 1.5, {{"shard", "1"}});
  observe("read", 0.125, "1");
  observe("processing", 0.0625, "1");
  const std::string text = prometheus_text(metrics.take(registry.readings(now), now));
  const std::string theirs = text.substr(text.find("# HELP my_app_"));
  const std::string buckets = "_bucket{kinesisStream=\"orders\",shard=\"1\",le=";
  EXPECT_EQ(theirs,
            "# HELP my_app_behind_latest_millis The amount of milliseconds processing is behind\n"
            "# TYPE my_app_behind_latest_millis gauge\n"
            "my_app_behind_latest_millis{kinesisStream=\"orders\",shard=\"1\"} 1500\n"
            "# HELP my_app_get_records_duration_milliseconds The time taken to fetch records\n"
            "# TYPE my_app_get_records_duration_milliseconds histogram\n"
            "my_app_get_records_duration_milliseconds" +
                buckets +
                "\"1\"} 0\n"
                "my_app_get_records_duration_milliseconds" +
                buckets +
                "\"20\"} 0\n"
                "my_app_get_records_duration_milliseconds" +
                buckets +
                "\"60000\"} 1\n"
                "my_app_get_records_duration_milliseconds" +
                buckets +
                "\"+Inf\"} 1\n"
                "my_app_get_records_duration_milliseconds_sum{kinesisStream=\"orders\",shard=\"1\"} 125\n"
                "my_app_get_records_duration_milliseconds_count{kinesisStream=\"orders\",shard=\"1\"} 1\n"
                "# HELP my_app_lease_renewals The number of successful lease renewals\n"
                "# TYPE my_app_lease_renewals counter\n"
                "my_app_lease_renewals{kinesisStream=\"orders\",shard=\"1\",workerID=\"w\"} 3\n"
                "# HELP my_app_leases_held The number of leases held by the worker\n"
                "# TYPE my_app_leases_held gauge\n"
                "my_app_leases_held{kinesisStream=\"orders\",shard=\"1\",workerID=\"w\"} 1\n"
                "# HELP my_app_process_records_duration_milliseconds The time taken to process records\n"
                "# TYPE my_app_process_records_duration_milliseconds histogram\n"
                "my_app_process_records_duration_milliseconds" +
                buckets +
                "\"1\"} 0\n"
                "my_app_process_records_duration_milliseconds" +
                buckets +
                "\"20\"} 0\n"
                "my_app_process_records_duration_milliseconds" +
                buckets +
                "\"60000\"} 1\n"
                "my_app_process_records_duration_milliseconds" +
                buckets +
                "\"+Inf\"} 1\n"
                "my_app_process_records_duration_milliseconds_sum{kinesisStream=\"orders\",shard=\"1\"} 62.5\n"
                "my_app_process_records_duration_milliseconds_count{kinesisStream=\"orders\",shard=\"1\"} 1\n"
                "# HELP my_app_processed_bytes Number of bytes processed\n"
                "# TYPE my_app_processed_bytes counter\n"
                "my_app_processed_bytes{kinesisStream=\"orders\",shard=\"1\"} 500\n"
                "# HELP my_app_processed_records Number of records processed\n"
                "# TYPE my_app_processed_records counter\n"
                "my_app_processed_records{kinesisStream=\"orders\",shard=\"1\"} 5\n");
  EXPECT_NE(text.find("kclpp_records_processed_total"), std::string::npos);
}

TEST_F(PrometheusMetricsTest, AllThatTheyHaveIsThere) {
  std::set<std::string_view> names;
  for (const OtherName& other : vmware_go_names()) names.insert(other.prometheus);
  EXPECT_EQ(names, (std::set<std::string_view>{"processed_bytes", "processed_records", "behind_latest_millis",
                                               "leases_held", "lease_renewals", "get_records_duration_milliseconds",
                                               "process_records_duration_milliseconds"}));
}

TEST_F(PrometheusMetricsTest, AShardThatWasLostIsHeldNoMoreAndItsLagIsGone) {
  PrometheusMetrics metrics({.names = PrometheusNames::vmware_go}, "a");
  count("records_processed", 5, "1");
  set("shard_behind_seconds", 1.5, {{"shard", "1"}});
  registry.retire({{"shard", "1"}}, now);
  const std::string text = samples(metrics);
  EXPECT_NE(text.find("a_leases_held{kinesisStream=\"orders\",shard=\"1\",workerID=\"w\"} 0\n"), std::string::npos);
  EXPECT_EQ(text.find("a_behind_latest_millis"), std::string::npos) << text;
  EXPECT_NE(text.find("a_processed_records{kinesisStream=\"orders\",shard=\"1\"} 5\n"), std::string::npos) << text;
}

TEST_F(PrometheusMetricsTest, WithoutTheShardCountersAndHistogramsAddUpAndGaugesAreTheLargest) {
  PrometheusMetrics metrics({.names = PrometheusNames::vmware_go, .drop_shard_label = true}, "a");
  for (const char* shard : {"1", "2", "3"}) count("records_processed", 5, shard);
  observe("processing", 0.5, "1");
  observe("processing", 0.01, "2");
  set("shard_behind_seconds", 1.5, {{"shard", "1"}});
  set("shard_behind_seconds", 4, {{"shard", "2"}});
  set("shard_behind_seconds", 9, {{"shard", "3"}});
  set("leases_held", 2);
  registry.retire({{"shard", "3"}}, now);
  const std::string ours = "{application=\"billing\",stream=\"orders\",worker=\"w\"";
  EXPECT_EQ(samples(metrics),
            "a_behind_latest_millis{kinesisStream=\"orders\"} 4000\n"
            "a_leases_held{kinesisStream=\"orders\",workerID=\"w\"} 2\n"
            "a_process_records_duration_milliseconds_bucket{kinesisStream=\"orders\",le=\"1\"} 0\n"
            "a_process_records_duration_milliseconds_bucket{kinesisStream=\"orders\",le=\"20\"} 1\n"
            "a_process_records_duration_milliseconds_bucket{kinesisStream=\"orders\",le=\"60000\"} 2\n"
            "a_process_records_duration_milliseconds_bucket{kinesisStream=\"orders\",le=\"+Inf\"} 2\n"
            "a_process_records_duration_milliseconds_sum{kinesisStream=\"orders\"} 510\n"
            "a_process_records_duration_milliseconds_count{kinesisStream=\"orders\"} 2\n"
            "a_processed_records{kinesisStream=\"orders\"} 15\n"
            "kclpp_leases_held" +
                ours +
                "} 2\n"
                "kclpp_processing_seconds_bucket" +
                ours +
                ",le=\"0.001\"} 0\n"
                "kclpp_processing_seconds_bucket" +
                ours +
                ",le=\"0.02\"} 1\n"
                "kclpp_processing_seconds_bucket" +
                ours +
                ",le=\"60\"} 2\n"
                "kclpp_processing_seconds_bucket" +
                ours +
                ",le=\"+Inf\"} 2\n"
                "kclpp_processing_seconds_sum" +
                ours +
                "} 0.51\n"
                "kclpp_processing_seconds_count" +
                ours +
                "} 2\n"
                "kclpp_records_processed_total" +
                ours +
                "} 15\n"
                "kclpp_shard_behind_seconds" +
                ours + "} 4\n");
}

// Prometheus takes a counter that fell for one that began again at zero, and its rate for all that it shows.
TEST_F(PrometheusMetricsTest, WithoutTheShardACounterNeverFallsWhateverShardsComeAndGo) {
  PrometheusMetrics metrics({.drop_shard_label = true}, "a");
  const std::string records = "kclpp_records_processed_total{application=\"billing\",stream=\"orders\",worker=\"w\"} ";
  const std::string time = "kclpp_read_seconds_count{application=\"billing\",stream=\"orders\",worker=\"w\"} ";
  const auto expect = [&](const std::string& counted, const std::string& observed) {
    const std::string text = samples(metrics);
    EXPECT_NE(text.find(records + counted + '\n'), std::string::npos) << text;
    EXPECT_NE(text.find(time + observed + '\n'), std::string::npos) << text;
  };
  for (const char* shard : {"1", "2"}) {
    count("records_processed", 5, shard);
    observe("read", 0.5, shard);
  }
  expect("10", "2");
  registry.retire({{"shard", "1"}}, now);
  expect("10", "2");
  now += Registry::kRetiredFor;
  expect("10", "2");
  count("records_processed", 2, "1");
  observe("read", 0.5, "1");
  expect("12", "3");
  // Forgotten and made again between two looks.
  registry.retire({{"shard", "1"}}, now);
  now += Registry::kRetiredFor;
  registry.snapshot(now);
  count("records_processed", 1, "1");
  expect("13", "3");
  registry.retire({{"shard", "1"}}, now);
  registry.retire({{"shard", "2"}}, now);
  now += Registry::kRetiredFor;
  expect("13", "3");
}

TEST_F(PrometheusMetricsTest, WhatCannotStandInAMetricsNameBecomesALine) {
  EXPECT_EQ(vmware_go_prefix("billing"), "billing");
  EXPECT_EQ(vmware_go_prefix("My:app_2"), "My:app_2");
  EXPECT_EQ(vmware_go_prefix("my-app.eu"), "my_app_eu");
  EXPECT_EQ(vmware_go_prefix("2nd"), "_2nd");
  EXPECT_EQ(vmware_go_prefix("\xc3\xa9"), "__");
}

}  // namespace
}  // namespace kcl::sinks
