// Log sinks that come with kclpp. Thread-safe: several workers may share one. Each event is one line, written at once.
// What cannot be written is lost, and never stops or delays a worker.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include <kcl/log_sink.h>

namespace kcl {

enum class LogFormat : std::uint8_t {
  /// For people: `2026-11-22T23:26:13.250Z warning lease_lost shard=shardId-000000000003 epoch=7`. Values with blanks,
  /// quotes or control characters are quoted and escaped.
  text,
  /// For machines: one JSON object, `{"time":"2026-11-22T23:26:13.250Z","level":"warning","event":"lease_lost",
  /// "shard":"shardId-000000000003","epoch":7}`. Whole numbers of up to 15 digits, which every reader of JSON has
  /// exactly,
  /// are numbers; all else are strings, valid UTF-8 whatever the values hold.
  json,
};

/// To stderr. Events below `at_least` are left out.
std::shared_ptr<LogSink> make_console_log_sink(LogLevel at_least = LogLevel::info, LogFormat format = LogFormat::text);

struct LogFileOptions {
  LogLevel at_least = LogLevel::info;
  LogFormat format = LogFormat::text;
  /// A line that would make the file larger begins a new one; at least 1, and 0: never.
  std::size_t max_bytes = 100'000'000;
  /// Files of before that are kept, besides: of "kclpp.log", "kclpp.1.log" (the newest) to "kclpp.5.log". 1 to 1,000.
  std::size_t max_files = 5;
};

/// Appends to the file at `path`, made with its directories if need be; of one process alone, since two would rename it
/// under each other. Throws std::runtime_error when it cannot be opened or the options are out of range.
///
/// While it cannot be written later (a full disk, a directory that went away) stderr is told once, lines are lost, and
/// opening it is tried about every second; then the first line, `log_lines_lost`, counts them. A file that was moved or
/// removed by somebody else (logrotate) is left, and a new one made.
std::shared_ptr<LogSink> make_file_log_sink(const std::string& path, const LogFileOptions& options = {});

/// JSON to stderr, or to a file of any size.
std::shared_ptr<LogSink> make_json_log_sink(LogLevel at_least = LogLevel::info, const std::string& path = {});

}  // namespace kcl
