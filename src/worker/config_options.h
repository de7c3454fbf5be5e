// Every option of a WorkerConfig, once: the table that validation, the flags of `kclpp consume`, the properties of the
// MultiLang daemon, docs/options.md and the list of tests go by.
#pragma once

#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include <kcl/worker_config.h>

namespace kcl::worker {

/// Both inclusive.
struct DurationBounds {
  std::chrono::milliseconds WorkerConfig::* value;
  std::chrono::milliseconds least;
  std::chrono::milliseconds most;
  /// Another option that it may not be below either; null: none.
  std::chrono::milliseconds WorkerConfig::* not_below = nullptr;
};
struct CountBounds {
  std::size_t WorkerConfig::* value;
  std::size_t least;
  /// SIZE_MAX: there is none.
  std::size_t most;
};

struct ConfigOption {
  /// The field of WorkerConfig.
  std::string_view name;
  std::string_view does;
  /// What it may be; or what it is when it is not given, as text.
  std::variant<std::string_view, DurationBounds, CountBounds> value;
  /// Of `kclpp consume`, without dashes; empty: there is none. Likewise below.
  std::string_view flag = {};
  /// Key of the MultiLang daemon's properties.
  std::string_view property = {};
  /// Field of vmware-go-kcl's configuration.
  std::string_view vmware_go = {};
  /// Fails when the option is ignored: "Suite.Test".
  std::string_view test;
};

/// In the order of WorkerConfig.
std::span<const ConfigOption> config_options();

/// Precondition: the table has bounds for it.
const DurationBounds& bounds_of(std::chrono::milliseconds WorkerConfig::* option);
const CountBounds& bounds_of(std::size_t WorkerConfig::* option);

/// "10 s", "5 min".
std::string text_of(std::chrono::milliseconds duration);
std::string text_of(std::size_t count);

/// Of workers: lease rows name their owner and who claims them, and stay below 1,000 bytes.
inline constexpr std::size_t kLongestWorkerId = 128;
/// Of memory for records.
inline constexpr std::size_t kSmallestBuffer = 1UL << 20;

}  // namespace kcl::worker
