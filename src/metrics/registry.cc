#include "metrics/registry.h"

#include <algorithm>
#include <limits>
#include <type_traits>

#include "base/check.h"

namespace kcl::metrics {

namespace {

void fill(Metric& metric, const Counter& counter) {
  metric.kind = Metric::Kind::counter;
  metric.value = static_cast<double>(counter.value());
}

void fill(Metric& metric, const Gauge& gauge) {
  metric.kind = Metric::Kind::gauge;
  metric.value = gauge.value();
}

void fill(Metric& metric, const Histogram& histogram) { histogram.fill(metric); }

}  // namespace

Histogram::Histogram(std::vector<double> bounds) : bounds_(std::move(bounds)), counts_(bounds_.size() + 1) {
  base::check(std::is_sorted(bounds_.begin(), bounds_.end()), "a histogram's bounds ascend");
}

void Histogram::observe(double value) {
  const auto bucket = std::lower_bound(bounds_.begin(), bounds_.end(), value) - bounds_.begin();
  const std::lock_guard lock(mutex_);
  ++counts_[static_cast<std::size_t>(bucket)];
  sum_ += value;
  if (!extremes_) extremes_ = Extremes{.least = value, .most = value};
  extremes_->least = std::min(extremes_->least, value);
  extremes_->most = std::max(extremes_->most, value);
}

void Histogram::fill(Metric& metric) const {
  const std::lock_guard lock(mutex_);
  fill_locked(metric);
}

std::optional<Extremes> Histogram::fill_and_take_extremes(Metric& metric) {
  const std::lock_guard lock(mutex_);
  fill_locked(metric);
  return std::exchange(extremes_, std::nullopt);
}

void Histogram::fill_locked(Metric& metric) const {
  metric.kind = Metric::Kind::histogram;
  metric.value = sum_;
  metric.count = 0;
  metric.buckets.clear();
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    metric.count += counts_[i];
    const double bound = i < bounds_.size() ? bounds_[i] : std::numeric_limits<double>::infinity();
    metric.buckets.push_back({.upper_bound = bound, .cumulative_count = metric.count});
  }
}

std::vector<double> duration_bounds() {
  return {0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 60};
}

std::vector<double> coarse_duration_bounds() { return {0.01, 0.1, 1, 10, 60}; }

template <class T, class Make>
std::shared_ptr<T> Registry::get(std::string_view name, std::string_view help, Labels labels, Make make) {
  labels.insert(labels.begin(), common_.begin(), common_.end());
  const std::lock_guard lock(mutex_);
  auto family = families_.find(name);
  if (family == families_.end())
    family = families_.emplace(name, Family{.help = std::string(help), .instruments = {}}).first;
  auto& instruments = family->second.instruments;
  const bool same_kind =
      instruments.empty() || std::holds_alternative<std::shared_ptr<T>>(instruments.begin()->second.instrument);
  base::check(same_kind, "a metric's name has one kind");
  auto found = instruments.find(labels);
  if (found == instruments.end()) {
    found = instruments.emplace(std::move(labels), Entry{.instrument = make(), .retired = {}}).first;
  }
  found->second.retired.reset();
  return std::get<std::shared_ptr<T>>(found->second.instrument);
}

std::shared_ptr<Counter> Registry::counter(std::string_view name, std::string_view help, Labels labels) {
  return get<Counter>(name, help, std::move(labels), [] { return std::make_shared<Counter>(); });
}

std::shared_ptr<Gauge> Registry::gauge(std::string_view name, std::string_view help, Labels labels) {
  return get<Gauge>(name, help, std::move(labels), [] { return std::make_shared<Gauge>(); });
}

std::shared_ptr<Histogram> Registry::histogram(std::string_view name, std::string_view help, Labels labels,
                                               std::vector<double> bounds) {
  return get<Histogram>(name, help, std::move(labels), [&] { return std::make_shared<Histogram>(std::move(bounds)); });
}

void Registry::retire(const Labels& with, Timestamp now) {
  const std::lock_guard lock(mutex_);
  for (auto& [name, family] : families_) {
    for (auto& [labels, entry] : family.instruments) {
      const auto has = [&own = labels](const auto& label) { return std::ranges::find(own, label) != own.end(); };
      if (std::ranges::all_of(with, has)) entry.retired = now;
    }
  }
}

template <class Use>
void Registry::for_each(Timestamp now, Use use) {
  const auto outlived = [&](const auto& named) {
    return named.second.retired && *named.second.retired + kRetiredFor <= now;
  };
  const std::lock_guard lock(mutex_);
  for (auto& [name, family] : families_) {
    std::erase_if(family.instruments, outlived);
    for (const auto& [labels, entry] : family.instruments) {
      Metric metric;
      metric.name = name;
      metric.help = family.help;
      metric.labels = labels;
      use(std::move(metric), entry);
    }
  }
}

template <class Fill>
std::vector<Reading> Registry::read(Timestamp now, Fill fill) {
  std::vector<Reading> readings;
  for_each(now, [&](Metric metric, const Entry& entry) {
    Reading& reading = readings.emplace_back();
    reading.metric = std::move(metric);
    reading.retired = entry.retired.has_value();
    std::visit([&](const auto& pointer) { fill(reading, *pointer); }, entry.instrument);
  });
  return readings;
}

MetricsSnapshot Registry::snapshot(Timestamp now) {
  MetricsSnapshot snapshot;
  snapshot.time = now;
  for (Reading& reading : readings(now)) snapshot.metrics.push_back(std::move(reading.metric));
  return snapshot;
}

std::vector<Reading> Registry::readings(Timestamp now) {
  return read(now, [](Reading& reading, const auto& instrument) { fill(reading.metric, instrument); });
}

std::vector<Reading> Registry::take_readings(Timestamp now) {
  return read(now, [](Reading& reading, auto& instrument) {
    if constexpr (std::is_same_v<std::remove_cvref_t<decltype(instrument)>, Histogram>) {
      reading.extremes = instrument.fill_and_take_extremes(reading.metric);
    } else {
      fill(reading.metric, instrument);
    }
  });
}

}  // namespace kcl::metrics
