#include "metrics/registry.h"

#include <gtest/gtest.h>

#include <limits>
#include <thread>
#include <vector>

namespace kcl::metrics {
namespace {

std::vector<std::string> names(const MetricsSnapshot& snapshot) {
  std::vector<std::string> names;
  for (const Metric& metric : snapshot.metrics) {
    std::string name = metric.name;
    for (const auto& [key, value] : metric.labels) name.append(" ").append(key).append("=").append(value);
    names.push_back(std::move(name));
  }
  return names;
}

TEST(MetricsRegistry, GivesTheSameInstrumentForTheSameNameAndLabels) {
  Registry registry;
  const auto one = registry.counter("reads_total", "Reads.", {{"shard", "1"}});
  EXPECT_EQ(registry.counter("reads_total", "", {{"shard", "1"}}), one);
  EXPECT_NE(registry.counter("reads_total", "", {{"shard", "2"}}), one);
  EXPECT_NE(registry.counter("writes_total", "Writes.", {{"shard", "1"}}), one);
}

TEST(MetricsRegistry, SnapshotHasEveryInstrumentInOrderWithItsHelpAndCommonLabels) {
  Registry registry(Labels{{"worker", "w"}});
  registry.gauge("b_bytes", "Bytes.")->set(1.5);
  registry.counter("a_total", "As.", {{"shard", "2"}})->add(3);
  registry.counter("a_total", "", {{"shard", "1"}})->add();
  const Timestamp time(std::chrono::seconds(7));
  const MetricsSnapshot snapshot = registry.snapshot(time);

  EXPECT_EQ(snapshot.time, time);
  const std::vector<std::string> expected{"a_total worker=w shard=1", "a_total worker=w shard=2", "b_bytes worker=w"};
  EXPECT_EQ(names(snapshot), expected);
  EXPECT_EQ(snapshot.metrics[0].kind, Metric::Kind::counter);
  EXPECT_EQ(snapshot.metrics[0].value, 1);
  EXPECT_EQ(snapshot.metrics[1].value, 3);
  EXPECT_EQ(snapshot.metrics[1].help, "As.");
  EXPECT_EQ(snapshot.metrics[2].kind, Metric::Kind::gauge);
  EXPECT_EQ(snapshot.metrics[2].value, 1.5);
}

TEST(MetricsRegistry, HistogramCountsCumulativelyWithInclusiveBounds) {
  Registry registry;
  const auto histogram = registry.histogram("seconds", "Time.", {}, {1, 2});
  for (const double value : {0.5, 1.0, 1.5, 2.0, 2.5}) histogram->observe(value);
  const Metric metric = registry.snapshot({}).metrics.at(0);

  EXPECT_EQ(metric.kind, Metric::Kind::histogram);
  EXPECT_EQ(metric.value, 7.5);
  EXPECT_EQ(metric.count, 5U);
  ASSERT_EQ(metric.buckets.size(), 3U);
  EXPECT_EQ(metric.buckets[0].upper_bound, 1);
  EXPECT_EQ(metric.buckets[0].cumulative_count, 2U);
  EXPECT_EQ(metric.buckets[1].cumulative_count, 4U);
  EXPECT_EQ(metric.buckets[2].upper_bound, std::numeric_limits<double>::infinity());
  EXPECT_EQ(metric.buckets[2].cumulative_count, 5U);
}

TEST(MetricsRegistry, WhatIsRetiredIsShownForAWhileLonger) {
  Registry registry;
  const auto gone = registry.counter("reads_total", "Reads.", {{"shard", "1"}});
  registry.gauge("behind_seconds", "Lag.", {{"shard", "1"}});
  registry.counter("reads_total", "", {{"shard", "2"}});
  const Timestamp now{};
  registry.retire({{"shard", "1"}}, now);
  gone->add();
  const auto last = registry.snapshot(now + Registry::kRetiredFor - std::chrono::milliseconds(1));
  ASSERT_EQ(names(last),
            (std::vector<std::string>{"behind_seconds shard=1", "reads_total shard=1", "reads_total shard=2"}));
  EXPECT_EQ(last.metrics[1].value, 1) << "what happened after the last snapshot is not lost";
  EXPECT_EQ(names(registry.snapshot(now + Registry::kRetiredFor)), std::vector<std::string>{"reads_total shard=2"});
  EXPECT_EQ(registry.counter("reads_total", "", {{"shard", "1"}})->value(), 0U);
}

TEST(MetricsRegistry, WhatIsAskedForAgainLivesOn) {
  Registry registry;
  registry.counter("reads_total", "", {{"shard", "1"}})->add();
  registry.retire({{"shard", "1"}}, {});
  const auto again = registry.counter("reads_total", "", {{"shard", "1"}});
  registry.snapshot(Timestamp{} + 2 * Registry::kRetiredFor);
  EXPECT_EQ(registry.counter("reads_total", "", {{"shard", "1"}}), again);
  EXPECT_EQ(again->value(), 1U);
}

TEST(MetricsRegistry, ReadingsHaveTheExtremesOfWhatWasObservedSinceTheLastOnes) {
  Registry registry;
  const auto histogram = registry.histogram("seconds", "Time.", {}, {1});
  EXPECT_FALSE(registry.take_readings({}).at(0).extremes);
  for (const double value : {0.5, 3.0, 0.25}) histogram->observe(value);
  registry.snapshot({});
  auto reading = registry.take_readings({}).at(0);
  EXPECT_EQ(reading.metric.count, 3U);
  EXPECT_EQ(reading.metric.value, 3.75);
  ASSERT_TRUE(reading.extremes);
  EXPECT_EQ(reading.extremes->least, 0.25);
  EXPECT_EQ(reading.extremes->most, 3.0);
  histogram->observe(-1);
  reading = registry.take_readings({}).at(0);
  EXPECT_EQ(reading.metric.count, 4U);
  EXPECT_EQ(reading.extremes->least, -1);
  EXPECT_EQ(reading.extremes->most, -1);
  EXPECT_FALSE(registry.take_readings({}).at(0).extremes);
}

TEST(MetricsRegistry, ReadingsTellWhatIsRetired) {
  Registry registry;
  registry.gauge("behind_seconds", "Lag.", {{"shard", "1"}})->set(7);
  EXPECT_FALSE(registry.take_readings({}).at(0).retired);
  registry.retire({{"shard", "1"}}, {});
  const auto last = registry.take_readings({});
  EXPECT_TRUE(last.at(0).retired);
  EXPECT_EQ(last.at(0).metric.value, 7);
  EXPECT_TRUE(registry.take_readings(Timestamp{} + Registry::kRetiredFor).empty());
}

TEST(MetricsRegistry, CountsEveryUpdateOfManyThreadsWhileSnapshotsAreTaken) {
  Registry registry;
  {
    std::vector<std::jthread> threads;
    threads.reserve(4);
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        const auto counter = registry.counter("n_total", "");
        const auto histogram = registry.histogram("h", "", {}, {1});
        for (int j = 0; j < 10'000; ++j) {
          counter->add();
          histogram->observe(1);
          registry.gauge("g", "")->set(j);
        }
      });
    }
    for (int i = 0; i < 100; ++i) registry.snapshot({});
  }
  EXPECT_EQ(registry.counter("n_total", "")->value(), 40'000U);
  const MetricsSnapshot snapshot = registry.snapshot({});
  EXPECT_EQ(snapshot.metrics.at(1).value, 40'000);
  EXPECT_EQ(snapshot.metrics.at(1).count, 40'000U);
}

}  // namespace
}  // namespace kcl::metrics
