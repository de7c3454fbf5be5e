// Instruments, and the registry that names them. Updates are for any thread: lock-free atomics, but for histograms,
// which lock for a moment, so that what a snapshot says of one fits together. Get an instrument once and keep it.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <kcl/metrics_sink.h>

namespace kcl::metrics {

class Counter {
 public:
  void add(std::uint64_t amount = 1) noexcept { value_.fetch_add(amount, std::memory_order_relaxed); }
  std::uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

class Gauge {
 public:
  void set(double value) noexcept { value_.store(value, std::memory_order_relaxed); }
  double value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_{0};
};

struct Extremes {
  double least = 0;
  double most = 0;
};

class Histogram {
 public:
  /// `bounds`: the buckets' inclusive upper bounds, ascending; one more, up to infinity, is added.
  explicit Histogram(std::vector<double> bounds);
  void observe(double value);

  /// Kind, buckets, count and sum.
  void fill(Metric& metric) const;
  /// As fill(). What was observed since the last call of this; absent when that is nothing.
  std::optional<Extremes> fill_and_take_extremes(Metric& metric);

 private:
  void fill_locked(Metric& metric) const;

  const std::vector<double> bounds_;
  mutable std::mutex mutex_;
  std::vector<std::uint64_t> counts_;
  double sum_ = 0;
  std::optional<Extremes> extremes_;
};

/// In seconds: 1 ms to a minute, in steps of about a half and a double of powers of ten.
std::vector<double> duration_bounds();
/// A few of them, for what there is one of for each shard.
std::vector<double> coarse_duration_bounds();

using Labels = std::vector<std::pair<std::string, std::string>>;

/// An instrument at one moment, for whoever needs more than a snapshot tells.
struct Reading {
  Metric metric;
  /// It is done with: these are its last numbers.
  bool retired = false;
  /// Of take_readings() and a histogram: of what was observed since the last call of that; absent when it is nothing.
  std::optional<Extremes> extremes;
};

class Registry {
 public:
  /// `common` labels are given to every instrument.
  explicit Registry(Labels common = {}) : common_(std::move(common)) {}
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  /// The instrument of that name and labels, made when there is none yet. A name has one kind and one help text: those
  /// of its first instrument.
  std::shared_ptr<Counter> counter(std::string_view name, std::string_view help, Labels labels = {});
  std::shared_ptr<Gauge> gauge(std::string_view name, std::string_view help, Labels labels = {});
  std::shared_ptr<Histogram> histogram(std::string_view name, std::string_view help, Labels labels,
                                       std::vector<double> bounds);

  /// Every instrument with these labels is done with: snapshots show it for kRetiredFor longer, so that whoever
  /// collects them sees its last values, and then forget it. Asked for again before that, it lives on.
  void retire(const Labels& with, Timestamp now);

  /// Ordered by name, then by labels.
  MetricsSnapshot snapshot(Timestamp now);
  /// As snapshot(), and more.
  std::vector<Reading> readings(Timestamp now);
  /// As readings(), for one reader: each call takes the extremes.
  std::vector<Reading> take_readings(Timestamp now);

  static constexpr std::chrono::minutes kRetiredFor{5};

 private:
  using Instrument = std::variant<std::shared_ptr<Counter>, std::shared_ptr<Gauge>, std::shared_ptr<Histogram>>;
  struct Entry {
    Instrument instrument;
    std::optional<Timestamp> retired;
  };
  struct Family {
    std::string help;
    std::map<Labels, Entry> instruments;
  };

  /// Calls `use` in order with the entry of each instrument and a Metric of its name, help and labels.
  template <class Use>
  void for_each(Timestamp now, Use use);
  template <class Fill>
  std::vector<Reading> read(Timestamp now, Fill fill);
  template <class T, class Make>
  std::shared_ptr<T> get(std::string_view name, std::string_view help, Labels labels, Make make);

  const Labels common_;
  std::mutex mutex_;
  std::map<std::string, Family, std::less<>> families_;
};

}  // namespace kcl::metrics
