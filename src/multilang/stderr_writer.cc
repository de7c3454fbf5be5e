#include "multilang/stderr_writer.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <system_error>
#include <utility>

#include "sinks/log_lines.h"

namespace kcl::multilang {

namespace {

constexpr std::chrono::seconds kLastWords{1};
/// Of who writes a line of the log: a log never stops a worker.
constexpr std::chrono::seconds kPatience{1};

/// As much as a pipe takes without waiting once it has any room (POSIX: PIPE_BUF).
constexpr std::size_t kAtOnce = 4096;

class WriterLog final : public LogSink {
 public:
  WriterLog(StderrWriter& writer, LogLevel at_least) : writer_(writer), at_least_(at_least) {}
  void write(const LogEvent& event) override {
    if (event.level >= at_least_) writer_.write_line(sinks::console_line(event));
  }

 private:
  StderrWriter& writer_;
  LogLevel at_least_;
};

}  // namespace

void TaggedLines::append(std::string& out, std::string_view tag, std::string_view bytes) {
  while (!bytes.empty()) {
    if (line_open_ && last_tag_ != tag) {
      out += '\n';
      line_open_ = false;
    }
    if (!line_open_) out += tag;
    const std::size_t end = bytes.find('\n');
    const std::size_t taken = end == std::string_view::npos ? bytes.size() : end + 1;
    out += bytes.substr(0, taken);
    bytes.remove_prefix(taken);
    line_open_ = end == std::string_view::npos;
    last_tag_ = tag;
  }
}

StderrWriter::StderrWriter(int fd) : fd_(fd), end_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!end_.open()) throw std::system_error(errno, std::generic_category(), "eventfd");
  thread_ = std::thread([this] { run(); });
}

StderrWriter::~StderrWriter() {
  {
    std::unique_lock lock(mutex_);
    closing_ = true;
    on_room_ = nullptr;
    changed_.notify_all();
    changed_.wait_for(lock, kLastWords, [this] { return idle_ && pending_.empty(); });
  }
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(end_.get(), &one, sizeof one);
  thread_.join();
}

void StderrWriter::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return closing_ || !pending_.empty(); });
    if (pending_.empty()) return;
    const std::string bytes = std::exchange(pending_, {});
    idle_ = false;
    // Under the lock, so that nobody is called who has asked not to be.
    if (std::exchange(refused_, false) && on_room_) on_room_();
    lock.unlock();
    write_all(bytes);
    lock.lock();
    idle_ = true;
    changed_.notify_all();
  }
}

/// What cannot be written is lost, as a log's lines are.
void StderrWriter::write_all(std::string_view bytes) const {
  while (!bytes.empty()) {
    std::array<pollfd, 2> waits{pollfd{.fd = fd_, .events = POLLOUT, .revents = 0},
                                pollfd{.fd = end_.get(), .events = POLLIN, .revents = 0}};
    if (::poll(waits.data(), waits.size(), -1) < 0 && errno != EINTR) return;
    if (waits[1].revents != 0) return;
    if (waits[0].revents == 0) continue;
    const ssize_t written = ::write(fd_, bytes.data(), std::min(bytes.size(), kAtOnce));
    if (written < 0 && errno != EINTR && errno != EAGAIN) return;
    if (written > 0) bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

void StderrWriter::set_on_room(std::function<void()> on_room) {
  const std::lock_guard lock(mutex_);
  on_room_ = std::move(on_room);
}

bool StderrWriter::offer(std::string_view tag, std::string_view bytes) {
  const std::lock_guard lock(mutex_);
  if (!fits(bytes.size())) {
    refused_ = true;
    return false;
  }
  lines_.append(pending_, tag, bytes);
  changed_.notify_all();
  return true;
}

void StderrWriter::write_line(std::string_view line) {
  std::unique_lock lock(mutex_);
  if (!changed_.wait_for(lock, kPatience, [&] { return fits(line.size()); })) return;
  lines_.append(pending_, "", std::string(line) + '\n');
  changed_.notify_all();
}

std::shared_ptr<LogSink> log_sink(StderrWriter& writer, LogLevel at_least) {
  return std::make_shared<WriterLog>(writer, at_least);
}

}  // namespace kcl::multilang
