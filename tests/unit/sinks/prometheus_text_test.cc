// The text exposition format 0.0.4, line by line.
#include "sinks/prometheus_text.h"

#include <gtest/gtest.h>

#include <limits>

namespace kcl::sinks {
namespace {

Metric metric(Metric::Kind kind, std::string name, double value) {
  Metric made;
  made.kind = kind;
  made.name = std::move(name);
  made.help = "Help.";
  made.value = value;
  return made;
}

TEST(PrometheusText, AFamilyHasItsHelpAndItsTypeOnce) {
  MetricsSnapshot snapshot;
  snapshot.metrics.push_back(metric(Metric::Kind::counter, "reads_total", 3));
  snapshot.metrics.back().labels = {{"shard", "a"}};
  snapshot.metrics.push_back(metric(Metric::Kind::counter, "reads_total", 12345678901));
  snapshot.metrics.back().labels = {{"shard", "b"}, {"kind", "x"}};
  snapshot.metrics.push_back(metric(Metric::Kind::gauge, "size", 0.25));
  EXPECT_EQ(prometheus_text(snapshot),
            "# HELP reads_total Help.\n# TYPE reads_total counter\n"
            "reads_total{shard=\"a\"} 3\nreads_total{shard=\"b\",kind=\"x\"} 12345678901\n"
            "# HELP size Help.\n# TYPE size gauge\nsize 0.25\n");
}

TEST(PrometheusText, AHistogramEndsWithInfinityWhichIsItsCount) {
  MetricsSnapshot snapshot;
  Metric made = metric(Metric::Kind::histogram, "time_seconds", 1.5);
  made.labels = {{"call", "get"}};
  made.count = 4;
  made.buckets = {{0.1, 1}, {1, 3}, {std::numeric_limits<double>::infinity(), 4}};
  snapshot.metrics.push_back(made);
  EXPECT_EQ(prometheus_text(snapshot),
            "# HELP time_seconds Help.\n# TYPE time_seconds histogram\n"
            "time_seconds_bucket{call=\"get\",le=\"0.1\"} 1\ntime_seconds_bucket{call=\"get\",le=\"1\"} 3\n"
            "time_seconds_bucket{call=\"get\",le=\"+Inf\"} 4\n"
            "time_seconds_sum{call=\"get\"} 1.5\ntime_seconds_count{call=\"get\"} 4\n");
}

TEST(PrometheusText, WhatWouldEndALineOrAValueIsEscaped) {
  MetricsSnapshot snapshot;
  snapshot.metrics.push_back(metric(Metric::Kind::gauge, "g", 1));
  snapshot.metrics.back().help = "two\nlines, a \\ and a \"";
  snapshot.metrics.back().labels = {{"l", "a\"b\\c\nd"}};
  EXPECT_EQ(prometheus_text(snapshot),
            "# HELP g two\\nlines, a \\\\ and a \"\n# TYPE g gauge\ng{l=\"a\\\"b\\\\c\\nd\"} 1\n");
}

TEST(PrometheusText, NumbersThatAreNone) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  MetricsSnapshot snapshot;
  snapshot.metrics.push_back(metric(Metric::Kind::gauge, "g", std::numeric_limits<double>::quiet_NaN()));
  snapshot.metrics.push_back(metric(Metric::Kind::gauge, "g", kInfinity));
  snapshot.metrics.push_back(metric(Metric::Kind::gauge, "g", -kInfinity));
  EXPECT_EQ(prometheus_text(snapshot), "# HELP g Help.\n# TYPE g gauge\ng NaN\ng +Inf\ng -Inf\n");
}

}  // namespace
}  // namespace kcl::sinks
