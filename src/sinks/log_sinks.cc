#include <kcl/log_sinks.h>
#include <spdlog/details/log_msg.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <stdexcept>
#include <utility>

#include "sinks/log_lines.h"

namespace kcl {

namespace {

using SpdlogSink = std::shared_ptr<spdlog::sinks::sink>;

/// Formats by itself and leaves the writing to spdlog.
class LineSink final : public LogSink {
 public:
  using Format = std::string (*)(const LogEvent&);
  LineSink(LogLevel at_least, Format format, SpdlogSink out)
      : at_least_(at_least), format_(format), out_(std::move(out)) {
    out_->set_pattern("%v");
  }

  void write(const LogEvent& event) override {
    if (event.level < at_least_) return;
    const std::string line = format_(event);
    try {
      out_->log(spdlog::details::log_msg("", spdlog::level::info, line));
      out_->flush();
    } catch (const spdlog::spdlog_ex&) {
      // A full disk: there is no better place to say so.
      return;
    }
  }

 private:
  LogLevel at_least_;
  Format format_;
  SpdlogSink out_;
};

SpdlogSink open_file(const std::string& path) {
  try {
    return std::make_shared<spdlog::sinks::basic_file_sink_mt>(path);
  } catch (const spdlog::spdlog_ex& e) {
    throw std::runtime_error("cannot write the log to " + path + ": " + e.what());
  }
}

}  // namespace

std::shared_ptr<LogSink> make_console_log_sink(LogLevel at_least) {
  return std::make_shared<LineSink>(at_least, &sinks::console_line, std::make_shared<spdlog::sinks::stderr_sink_mt>());
}

std::shared_ptr<LogSink> make_json_log_sink(LogLevel at_least, const std::string& path) {
  SpdlogSink out = path.empty() ? std::make_shared<spdlog::sinks::stderr_sink_mt>() : open_file(path);
  return std::make_shared<LineSink>(at_least, &sinks::json_line, std::move(out));
}

}  // namespace kcl
