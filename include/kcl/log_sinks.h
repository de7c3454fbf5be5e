// Log sinks that come with kclpp. Thread-safe: several workers may share one. Each event is one line, written at once.
// What cannot be written (a full disk) is lost silently: a log never stops a worker.
#pragma once

#include <memory>
#include <string>

#include <kcl/log_sink.h>

namespace kcl {

/// For people, to stderr: `2026-11-22T23:26:13.250Z warning lease_lost shard=shardId-000000000003 epoch=7`. Values with
/// blanks, quotes or control characters are quoted and escaped. Events below `at_least` are left out.
std::shared_ptr<LogSink> make_console_log_sink(LogLevel at_least = LogLevel::info);

/// For machines: one JSON object per line, `{"time":"…","level":"…","event":"…", then each field as a string}`, valid
/// UTF-8 whatever the values hold. Appends to the file at `path`, made with its directories if need be, or writes to
/// stderr when that is empty. Throws std::runtime_error when the file cannot be opened.
std::shared_ptr<LogSink> make_json_log_sink(LogLevel at_least = LogLevel::info, const std::string& path = {});

}  // namespace kcl
