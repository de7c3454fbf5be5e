// Where kclpp's log goes: events with fields, not sentences.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <kcl/timestamp.h>

namespace kcl {

enum class LogLevel : std::uint8_t {
  debug,    ///< everything else
  info,     ///< the life of leases and shards
  warning,  ///< went wrong and healed itself
  error,    ///< a person should look
};

std::string_view name_of(LogLevel level);

struct LogEvent {
  Timestamp time{};
  LogLevel level = LogLevel::info;
  /// snake_case, stable: fit for alerts.
  std::string name;
  /// In the order in which they read best. Never a secret, never a record's data.
  std::vector<std::pair<std::string, std::string>> fields;
};

/// Called from one thread of kclpp's own, never from the coordinating strand: a slow sink delays other log lines and,
/// when its queue is full, loses some (counted), but never a lease. Must not throw.
class LogSink {
 public:
  LogSink() = default;
  LogSink(const LogSink&) = delete;
  LogSink& operator=(const LogSink&) = delete;
  virtual ~LogSink() = default;

  virtual void write(const LogEvent& event) = 0;
};

}  // namespace kcl
