// Where kclpp's log goes: events with fields, not sentences.
#pragma once

#include <concepts>
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

/// What a field says: a text, or a whole number, which sinks for machines write as one.
class LogValue {
 public:
  LogValue(std::string text) : text_(std::move(text)) {}
  LogValue(std::string_view text) : text_(text) {}
  LogValue(const char* text) : text_(text) {}
  template <std::integral Number>
    requires(!std::same_as<Number, bool> && !std::same_as<Number, char>)
  LogValue(Number number) : text_(std::to_string(number)), is_number_(true) {}

  const std::string& text() const noexcept { return text_; }
  /// Then the text is its decimal digits, with a sign if need be.
  bool is_number() const noexcept { return is_number_; }

  friend bool operator==(const LogValue&, const LogValue&) = default;

 private:
  std::string text_;
  bool is_number_ = false;
};

using LogFields = std::vector<std::pair<std::string, LogValue>>;

struct LogEvent {
  Timestamp time{};
  LogLevel level = LogLevel::info;
  /// snake_case, stable: fit for alerts.
  std::string name;
  /// In the order in which they read best; no name twice. Never a secret, never a record's data.
  LogFields fields;
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
