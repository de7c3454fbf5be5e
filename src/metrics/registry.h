// Instruments, and the registry that names them. Updates are lock-free atomics, for any thread; only getting an
// instrument and taking a snapshot lock. Get an instrument once and keep it.
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

class Histogram {
 public:
  /// `bounds`: the buckets' inclusive upper bounds, ascending; one more, up to infinity, is added.
  explicit Histogram(std::vector<double> bounds);
  void observe(double value) noexcept;

  /// Cumulative; the last one counts everything.
  std::vector<Metric::Bucket> buckets() const;
  double sum() const noexcept { return sum_.load(std::memory_order_relaxed); }

 private:
  const std::vector<double> bounds_;
  std::vector<std::atomic<std::uint64_t>> counts_;
  std::atomic<double> sum_{0};
};

/// In seconds: 1 ms to a minute, in steps of about a half and a double of powers of ten.
std::vector<double> duration_bounds();

using Labels = std::vector<std::pair<std::string, std::string>>;

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

  /// Every instrument with this label is done with: snapshots show it for kRetiredFor longer, so that whoever collects
  /// them sees its last values, and then forget it. Asked for again before that, it lives on.
  void retire(std::string_view label, std::string_view value, Timestamp now);

  /// Ordered by name, then by labels.
  MetricsSnapshot snapshot(Timestamp now);

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

  template <class T, class Make>
  std::shared_ptr<T> get(std::string_view name, std::string_view help, Labels labels, Make make);

  const Labels common_;
  std::mutex mutex_;
  std::map<std::string, Family, std::less<>> families_;
};

}  // namespace kcl::metrics
