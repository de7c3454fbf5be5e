#include <sys/stat.h>
#include <unistd.h>

#include <kcl/log_sinks.h>
#include <spdlog/details/log_msg.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "base/boot_clock.h"
#include "sinks/log_lines.h"

namespace kcl {

namespace {

using SpdlogSink = std::shared_ptr<spdlog::sinks::sink>;

/// spdlog waits for 50 ms in each.
constexpr base::Duration kOpenAgainAfter = std::chrono::seconds(1);
constexpr std::size_t kMostFiles = 1'000;

std::string line_of(const LogEvent& event, LogFormat format) {
  return format == LogFormat::json ? sinks::json_line(event) : sinks::console_line(event);
}

/// Formats by itself and leaves the writing to spdlog. Throws spdlog_ex.
void put(spdlog::sinks::sink& out, std::string_view line) {
  out.log(spdlog::details::log_msg("", spdlog::level::info, spdlog::string_view_t(line.data(), line.size())));
  out.flush();
}

/// By a full disk, or a crash.
bool ends_in_a_cut_line(const std::string& path) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) return false;
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file || file.tellg() <= 0) return false;
  file.seekg(-1, std::ios::end);
  return file.get() != '\n';
}

class ConsoleSink final : public LogSink {
 public:
  ConsoleSink(LogLevel at_least, LogFormat format)
      : at_least_(at_least), format_(format), out_(std::make_shared<spdlog::sinks::stderr_sink_mt>()) {
    out_->set_pattern("%v");
  }

  void write(const LogEvent& event) override {
    if (event.level < at_least_) return;
    try {
      put(*out_, line_of(event, format_));
    } catch (const spdlog::spdlog_ex&) {
      // There is no better place to say so.
      return;
    }
  }

 private:
  LogLevel at_least_;
  LogFormat format_;
  SpdlogSink out_;
};

class FileSink final : public LogSink {
 public:
  FileSink(std::string path, const LogFileOptions& options) : path_(std::move(path)), options_(options) {
    try {
      open();
    } catch (const spdlog::spdlog_ex& e) {
      throw std::runtime_error("cannot write the log to " + path_ + ": " + e.what());
    }
  }

  void write(const LogEvent& event) override {
    if (event.level < options_.at_least) return;
    const std::lock_guard lock(mutex_);
    if (!out_ && base::boot_now() < open_again_) {
      ++lost_;
      return;
    }
    try {
      if (!out_ || moved_away()) open();
      if (lost_ > 0) put(*out_, line_of(lost_lines(event), options_.format));
      lost_ = 0;
      put(*out_, line_of(event, options_.format));
    } catch (const spdlog::spdlog_ex& e) {
      broken(event, e.what());
    }
  }

 private:
  void open() {
    out_.reset();
    if (options_.max_bytes == 0) {
      out_ = std::make_shared<spdlog::sinks::basic_file_sink_st>(path_);
    } else {
      out_ = std::make_shared<spdlog::sinks::rotating_file_sink_st>(path_, options_.max_bytes, options_.max_files);
    }
    out_->set_pattern("%v");
    file_ = look();
    if (ends_in_a_cut_line(path_)) put(*out_, "");
  }

  /// Which file is at the path; all zero for none.
  struct File {
    dev_t device = 0;
    ino_t number = 0;
    friend bool operator==(const File&, const File&) = default;
  };
  File look() const {
    struct stat about{};
    if (::stat(path_.c_str(), &about) != 0) return {};
    return {about.st_dev, about.st_ino};
  }
  /// By logrotate, by a person; or by spdlog, which has begun a new one.
  bool moved_away() const { return look() != file_; }

  LogEvent lost_lines(const LogEvent& next) const {
    return {.time = next.time, .level = LogLevel::warning, .name = "log_lines_lost", .fields = {{"lines", lost_}}};
  }

  void broken(const LogEvent& event, const std::string& why) {
    out_.reset();
    open_again_ = base::boot_now() + kOpenAgainAfter;
    if (lost_++ > 0) return;
    LogEvent told{.time = event.time, .level = LogLevel::error, .name = "log_file_broken", .fields = {}};
    told.fields = {{"file", path_}, {"error", why}, {"what_now", "lines are lost until it can be written again"}};
    ConsoleSink(LogLevel::error, options_.format).write(told);
  }

  const std::string path_;
  const LogFileOptions options_;
  std::mutex mutex_;
  /// Null while it cannot be opened.
  SpdlogSink out_;
  File file_;
  base::BootTime open_again_{};
  std::size_t lost_ = 0;
};

}  // namespace

std::shared_ptr<LogSink> make_console_log_sink(LogLevel at_least, LogFormat format) {
  return std::make_shared<ConsoleSink>(at_least, format);
}

std::shared_ptr<LogSink> make_file_log_sink(const std::string& path, const LogFileOptions& options) {
  if (options.max_files < 1 || options.max_files > kMostFiles) {
    throw std::runtime_error("max_files: " + std::to_string(options.max_files) + " is out of range; 1 to " +
                             std::to_string(kMostFiles) + " is right");
  }
  return std::make_shared<FileSink>(path, options);
}

std::shared_ptr<LogSink> make_json_log_sink(LogLevel at_least, const std::string& path) {
  if (path.empty()) return make_console_log_sink(at_least, LogFormat::json);
  return make_file_log_sink(path, {.at_least = at_least, .format = LogFormat::json, .max_bytes = 0});
}

}  // namespace kcl
