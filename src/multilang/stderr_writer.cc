#include "multilang/stderr_writer.h"

#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <utility>

#include "sinks/log_lines.h"

namespace kcl::multilang {

namespace {

constexpr std::chrono::seconds kLastWords{1};

/// What cannot be written is lost, as a log's lines are.
void write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

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

/// Outlives the writer when its thread is stuck in a write.
struct StderrWriter::State {
  explicit State(int output) : fd(output) {}

  void run();
  bool fits(std::size_t bytes) const { return pending.empty() || pending.size() + bytes <= kCapacity; }

  const int fd;
  std::mutex mutex;
  std::condition_variable changed;
  TaggedLines lines;
  std::string pending;
  std::function<void()> on_room;
  bool refused = false;
  bool closing = false;
  bool idle = true;
};

void StderrWriter::State::run() {
  std::unique_lock lock(mutex);
  for (;;) {
    changed.wait(lock, [this] { return closing || !pending.empty(); });
    if (pending.empty()) return;
    const std::string bytes = std::exchange(pending, {});
    idle = false;
    // Under the lock, so that nobody is called who has asked not to be.
    if (std::exchange(refused, false) && on_room) on_room();
    lock.unlock();
    write_all(fd, bytes);
    lock.lock();
    idle = true;
    changed.notify_all();
  }
}

StderrWriter::StderrWriter(int fd) : state_(std::make_shared<State>(fd)) {
  std::thread([state = state_] { state->run(); }).detach();
}

StderrWriter::~StderrWriter() {
  std::unique_lock lock(state_->mutex);
  state_->closing = true;
  state_->on_room = nullptr;
  state_->changed.notify_all();
  state_->changed.wait_for(lock, kLastWords, [this] { return state_->idle && state_->pending.empty(); });
}

void StderrWriter::set_on_room(std::function<void()> on_room) {
  const std::lock_guard lock(state_->mutex);
  state_->on_room = std::move(on_room);
}

bool StderrWriter::offer(std::string_view tag, std::string_view bytes) {
  const std::lock_guard lock(state_->mutex);
  if (!state_->fits(bytes.size())) {
    state_->refused = true;
    return false;
  }
  state_->lines.append(state_->pending, tag, bytes);
  state_->changed.notify_all();
  return true;
}

void StderrWriter::write_line(std::string_view line) {
  std::unique_lock lock(state_->mutex);
  state_->changed.wait(lock, [&] { return state_->closing || state_->fits(line.size()); });
  if (state_->closing) return;
  state_->lines.append(state_->pending, "", std::string(line) + '\n');
  state_->changed.notify_all();
}

std::shared_ptr<LogSink> log_sink(StderrWriter& writer, LogLevel at_least) {
  return std::make_shared<WriterLog>(writer, at_least);
}

}  // namespace kcl::multilang
