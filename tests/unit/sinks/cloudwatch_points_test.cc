#include "sinks/cloudwatch_points.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <set>
#include <string>
#include <vector>

namespace kcl::sinks {
namespace {

using metrics::Labels;
using metrics::Registry;
using Lines = std::vector<std::string>;

/// "RecordsProcessed Shard=1,WorkerID=w 5 Count", with "count/sum/least/most" of a set. Sorted.
Lines lines(const std::vector<wire::MetricDatum>& data) {
  const auto text = [](double number) {
    std::string digits = std::to_string(number);
    digits.erase(digits.find_last_not_of('0') + 1);
    if (digits.ends_with('.')) digits.pop_back();
    return digits;
  };
  Lines all;
  for (const auto& datum : data) {
    std::string line = datum.name + ' ';
    for (const auto& [name, value] : datum.dimensions) {
      if (!line.ends_with(' ')) line += ',';
      line.append(name).append(1, '=').append(value);
    }
    line += ' ';
    if (datum.count != 1) line += text(datum.count) + '/';
    line += text(datum.sum);
    if (datum.count != 1) line += '/' + text(datum.least) + '/' + text(datum.most);
    if (datum.count == 1) {
      EXPECT_EQ(datum.least, datum.sum) << line;
      EXPECT_EQ(datum.most, datum.sum) << line;
    }
    all.push_back(line + ' ' + std::string(datum.unit));
  }
  std::ranges::sort(all);
  return all;
}

/// A registry as a worker's, with two shards.
class CloudWatchPointsTest : public ::testing::Test {
 protected:
  CloudWatchPointsTest() {
    for (const char* id : {"1", "2"}) {
      const Labels shard{{"shard", id}};
      for (const char* counter :
           {"records_processed", "data_bytes_processed", "renewals", "renewal_failures", "leases_lost"}) {
        registry.counter("kclpp_" + std::string(counter) + "_total", "", shard);
      }
      registry.histogram("kclpp_processing_seconds", "", shard, {1});
      registry.histogram("kclpp_read_seconds", "", shard, {1});
    }
  }

  void count(const std::string& name, std::uint64_t amount, Labels labels = {}) {
    registry.counter("kclpp_" + name + "_total", "", std::move(labels))->add(amount);
  }
  void observe(const std::string& name, double value, Labels labels = {}) {
    registry.histogram("kclpp_" + name + "_seconds", "", std::move(labels), {1})->observe(value);
  }
  void set(const std::string& name, double value, Labels labels = {}) {
    registry.gauge("kclpp_" + name, "", std::move(labels))->set(value);
  }
  void work() {
    count("records_processed", 5, {{"shard", "1"}});
    count("data_bytes_processed", 500, {{"shard", "1"}});
    count("renewals", 3, {{"shard", "1"}});
    count("renewals", 1, {{"shard", "2"}});
    count("renewal_failures", 1, {{"shard", "2"}});
    count("leases_lost", 1, {{"shard", "2"}});
    count("leases_taken", 2);
    for (const double seconds : {0.25, 1.0, 0.5}) observe("processing", seconds, {{"shard", "1"}});
    observe("read", 0.125, {{"shard", "1"}});
    set("shard_behind_seconds", 1.5, {{"shard", "1"}});
    set("shard_behind_seconds", 4, {{"shard", "2"}});
    set("leases_held", 2);
    set("application_workers", 3);
  }

  static CloudWatch of(CloudWatchNames names) {
    CloudWatch options;
    options.names = names;
    return options;
  }
  Lines take(CloudWatchPoints& points) { return lines(points.take(registry.take_readings(now), now)); }

  Timestamp now{std::chrono::seconds(1'000'000)};
  Registry registry{{{"application", "billing"}, {"stream", "orders"}, {"worker", "w"}}};
};

TEST_F(CloudWatchPointsTest, AsVmwareGoHasThem) {
  CloudWatchPoints points(of(CloudWatchNames::vmware_go));
  work();
  const Lines expected{
      "CurrentLeases Shard=1,KinesisStreamName=orders,WorkerID=w 1 Count",
      "CurrentLeases Shard=2,KinesisStreamName=orders,WorkerID=w 1 Count",
      "DataBytesProcessed Shard=1,KinesisStreamName=orders 500 Bytes",
      "DataBytesProcessed Shard=2,KinesisStreamName=orders 0 Bytes",
      "KinesisDataFetcher.getRecords.Time Shard=1,KinesisStreamName=orders 125 Milliseconds",
      "MillisBehindLatest Shard=1,KinesisStreamName=orders 1500 Milliseconds",
      "MillisBehindLatest Shard=2,KinesisStreamName=orders 4000 Milliseconds",
      "RecordProcessor.processRecords.Time Shard=1,KinesisStreamName=orders 3/1750/250/1000 Milliseconds",
      "RecordsProcessed Shard=1,KinesisStreamName=orders 5 Count",
      "RecordsProcessed Shard=2,KinesisStreamName=orders 0 Count",
      "RenewLease.Success Shard=1,KinesisStreamName=orders,WorkerID=w 3 Count",
      "RenewLease.Success Shard=2,KinesisStreamName=orders,WorkerID=w 1 Count",
  };
  EXPECT_EQ(take(points), expected);
}

TEST_F(CloudWatchPointsTest, AsJavaHasThem) {
  CloudWatchPoints points(of(CloudWatchNames::java_kcl));
  work();
  const Lines expected{
      "CurrentLeases Operation=RenewAllLeases,WorkerIdentifier=w 2 Count",
      "DataBytesProcessed Operation=ProcessTask,ShardId=1 500 Bytes",
      "DataBytesProcessed Operation=ProcessTask,ShardId=2 0 Bytes",
      "KinesisDataFetcher.getRecords.Time Operation=ProcessTask,ShardId=1 125 Milliseconds",
      "LostLeases Operation=RenewAllLeases,WorkerIdentifier=w 1 Count",
      "MillisBehindLatest Operation=ApplicationTracker 2/5500/1500/4000 Milliseconds",
      "MillisBehindLatest Operation=ProcessTask,ShardId=1 1500 Milliseconds",
      "MillisBehindLatest Operation=ProcessTask,ShardId=2 4000 Milliseconds",
      "NumWorkers Operation=TakeLeases,WorkerIdentifier=w 3 Count",
      "RecordProcessor.processRecords.Time Operation=ProcessTask,ShardId=1 3/1750/250/1000 Milliseconds",
      "RecordsProcessed Operation=ProcessTask,ShardId=1 5 Count",
      "RecordsProcessed Operation=ProcessTask,ShardId=2 0 Count",
      "RenewLease.Success Operation=RenewAllLeases,WorkerIdentifier=w 5/4/0/1 Count",
      "TakenLeases Operation=TakeLeases,WorkerIdentifier=w 2 Count",
  };
  EXPECT_EQ(take(points), expected);
}

TEST_F(CloudWatchPointsTest, ShardsOfSeveralStreamsAreToldApartAsJavaDoes) {
  metrics::Registry several({{"application", "billing"}, {"worker", "w"}});
  for (const std::string stream : {"orders", "refunds"}) {
    const metrics::Labels labels{{"stream", stream}, {"stream_id", "1234:" + stream + ":5"}, {"shard", "1"}};
    several.counter("kclpp_records_processed_total", "", labels)->add(stream.size());
  }
  several.gauge("kclpp_application_workers", "")->set(3);
  CloudWatchPoints points(of(CloudWatchNames::java_kcl));
  const Lines expected{
      "NumWorkers Operation=TakeLeases,WorkerIdentifier=w 3 Count",
      "RecordsProcessed Operation=ProcessTask,ShardId=1,StreamId=1234:orders:5 6 Count",
      "RecordsProcessed Operation=ProcessTask,ShardId=1,StreamId=1234:refunds:5 7 Count",
  };
  EXPECT_EQ(lines(points.take(several.take_readings(now), now)), expected);
}

TEST_F(CloudWatchPointsTest, JavaWithoutItsDetails) {
  CloudWatch options = of(CloudWatchNames::java_kcl);
  options.detailed = false;
  CloudWatchPoints points(options);
  work();
  const Lines all = take(points);
  EXPECT_EQ(all.size(), 12U);
  for (const std::string& line : all) {
    EXPECT_FALSE(line.starts_with("RenewLease.Success") || line.starts_with("KinesisDataFetcher")) << line;
  }
}

TEST_F(CloudWatchPointsTest, UnderOurOwnNamesWithWhatMoved) {
  CloudWatchPoints points(of(CloudWatchNames::kclpp));
  count("records_processed", 5, {{"shard", "1"}});
  count("data_bytes_processed", 500, {{"shard", "1"}});
  observe("read", 0.125, {{"shard", "1"}});
  set("leases_held", 2);
  set("buffered_bytes", 7);
  count("calls", 2, {{"service", "kinesis"}, {"operation", "get_records"}, {"outcome", "success"}});
  const Lines expected{
      "kclpp_buffered_bytes application=billing,stream=orders,worker=w 7 Bytes",
      "kclpp_calls_total "
      "application=billing,stream=orders,worker=w,service=kinesis,operation=get_records,outcome=success 2 Count",
      "kclpp_data_bytes_processed_total application=billing,stream=orders,shard=1 500 Bytes",
      "kclpp_leases_held application=billing,stream=orders,worker=w 2 Count",
      "kclpp_read_seconds application=billing,stream=orders,shard=1 0.125 Seconds",
      "kclpp_records_processed_total application=billing,stream=orders,shard=1 5 Count",
  };
  EXPECT_EQ(take(points), expected);
  EXPECT_EQ(take(points), (Lines{expected[0], expected[3]})) << "gauges alone: nothing else has moved";
}

TEST_F(CloudWatchPointsTest, CountersTellWhatCameSinceTheLastTime) {
  CloudWatch options = of(CloudWatchNames::vmware_go);
  CloudWatchPoints points(options);
  work();
  take(points);
  count("records_processed", 4, {{"shard", "1"}});
  observe("processing", 2, {{"shard", "1"}});
  const Lines all = take(points);
  EXPECT_TRUE(std::ranges::count(all, "RecordsProcessed Shard=1,KinesisStreamName=orders 4 Count"));
  EXPECT_TRUE(std::ranges::count(
      all, "RecordProcessor.processRecords.Time Shard=1,KinesisStreamName=orders 2000 Milliseconds"));
  for (const std::string& line : all) EXPECT_FALSE(line.starts_with("KinesisDataFetcher")) << "nothing was read";
}

TEST_F(CloudWatchPointsTest, OfAShardThatIsGoneOnlyWhatItStillCounted) {
  CloudWatchPoints points(of(CloudWatchNames::vmware_go));
  work();
  take(points);
  count("records_processed", 2, {{"shard", "2"}});
  registry.retire({{"shard", "2"}}, now);
  Lines of_it;
  for (const std::string& line : take(points)) {
    if (line.find("Shard=2") != std::string::npos) of_it.push_back(line);
  }
  // Another worker measures its lag by now.
  EXPECT_EQ(of_it, (Lines{"CurrentLeases Shard=2,KinesisStreamName=orders,WorkerID=w 0 Count",
                          "RecordsProcessed Shard=2,KinesisStreamName=orders 2 Count"}));
  for (const std::string& line : take(points)) {
    EXPECT_TRUE(line.find("Shard=2") == std::string::npos || line.starts_with("CurrentLeases")) << line;
  }
  now += Registry::kRetiredFor;
  for (const std::string& line : take(points)) EXPECT_EQ(line.find("Shard=2"), std::string::npos) << line;
}

TEST_F(CloudWatchPointsTest, AnInstrumentThatWasMadeAnewBeginsAtZero) {
  CloudWatchPoints points(of(CloudWatchNames::vmware_go));
  work();
  take(points);
  registry.retire({{"shard", "1"}}, now);
  now += Registry::kRetiredFor;
  registry.snapshot(now);  // forgets it
  count("records_processed", 2, {{"shard", "1"}});
  EXPECT_TRUE(std::ranges::count(take(points), "RecordsProcessed Shard=1,KinesisStreamName=orders 2 Count"));
}

TEST_F(CloudWatchPointsTest, WithFewerDimensionsMetricsComeTogether) {
  CloudWatch options = of(CloudWatchNames::java_kcl);
  options.dimensions = {"Operation"};
  CloudWatchPoints points(options);
  work();
  count("records_processed", 3, {{"shard", "2"}});
  observe("processing", 3, {{"shard", "2"}});
  const Lines all = take(points);
  EXPECT_TRUE(std::ranges::count(all, "RecordsProcessed Operation=ProcessTask 8 Count"));
  EXPECT_TRUE(std::ranges::count(all, "MillisBehindLatest Operation=ProcessTask 2/5500/1500/4000 Milliseconds"));
  EXPECT_TRUE(std::ranges::count(
      all, "RecordProcessor.processRecords.Time Operation=ProcessTask 4/4750/250/3000 Milliseconds"));
  EXPECT_EQ(std::set<std::string>(all.begin(), all.end()).size(), all.size());
}

TEST_F(CloudWatchPointsTest, WhatIsNoNumberIsNotSent) {
  CloudWatchPoints points(of(CloudWatchNames::kclpp));
  set("leases_held", std::numeric_limits<double>::quiet_NaN());
  set("application_workers", std::numeric_limits<double>::infinity());
  EXPECT_EQ(take(points), Lines{});
}

TEST(CloudWatchPointsEmpty, AnApplicationWithoutANameIsNoDimension) {
  Registry registry({{"application", ""}, {"stream", "orders"}, {"worker", "w"}});
  registry.gauge("kclpp_leases_held", "")->set(1);
  CloudWatchPoints points(CloudWatch{});
  EXPECT_EQ(lines(points.take(registry.take_readings({}), {})),
            Lines{"kclpp_leases_held stream=orders,worker=w 1 Count"});
}

}  // namespace
}  // namespace kcl::sinks
