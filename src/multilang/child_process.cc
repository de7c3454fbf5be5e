#include "multilang/child_process.h"

#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <utility>

#include "base/spawn.h"
#include "base/text.h"
#include "base/wall_clock.h"
#include "sinks/log_lines.h"

namespace kcl::multilang {

namespace {

using std::chrono::milliseconds;

/// What a pipe holds by default.
constexpr std::size_t kPiece = 1UL << 16;
/// Of replies, some hundreds.
constexpr std::size_t kUnreadAtMost = kPiece;
/// SIGKILL does not end what hangs in the kernel.
constexpr milliseconds kGiveUpAfter{5'000};

bool is_for_good(int error) {
  return error == ENOENT || error == EACCES || error == ENOEXEC || error == ENOTDIR || error == ELOOP ||
         error == E2BIG || error == EINVAL;
}

std::string how_of(int status) {
  if (WIFSIGNALED(status)) return "was killed by signal " + std::to_string(WTERMSIG(status));
  return "exited with code " + std::to_string(WEXITSTATUS(status));
}

}  // namespace

void ChildLog::write(const LogEvent& event) const {
  if (event.level >= at_least) writer.offer("", sinks::console_line(event) + '\n');
}

ChildProcess::ChildProcess(std::uint64_t id, int epoll, ChildLog log, ChildStart start)
    : id_(id),
      epoll_(epoll),
      log_(log),
      start_(std::move(start)),
      tag_('[' + start_.stream + ' ' + start_.shard_id + "] ") {}

void ChildProcess::log(LogLevel level, std::string event, std::string what) const {
  LogEvent told{.time = base::wall_now(), .level = level, .name = std::move(event), .fields = {}};
  told.fields = {{"pid", pid_},
                 {"worker", start_.worker_id},
                 {"stream", start_.stream},
                 {"shard", start_.shard_id},
                 {"epoch", start_.epoch}};
  if (!what.empty()) told.fields.emplace(told.fields.begin(), "what", std::move(what));
  log_.write(told);
}

void ChildProcess::start() {
  if (const int error = spawn()) {
    stage_ = Stage::ended;
    start_.on_event(ChildNotStarted{"'" + start_.argv.front() + "' could not be started: " + base::error_text(error),
                                    is_for_good(error)});
    return;
  }
  // Arguments may hold what the properties took from the environment.
  const std::size_t arguments = start_.argv.size() - 1;
  log(LogLevel::info, "child_started",
      start_.argv.front() + (arguments == 0 ? "" : " and " + std::to_string(arguments) + " arguments"));
  watch(exit_.get(), Stream::exit, EPOLLIN);
  watch(timer_.get(), Stream::timer, EPOLLIN);
  watch(output_.get(), Stream::output, EPOLLIN);
  watch(errors_.get(), Stream::errors, EPOLLIN);
}

/// An error number, or 0.
int ChildProcess::spawn() {
  base::Pipe input;
  base::Pipe output;
  base::Pipe errors;
  for (base::Pipe* pipe : {&input, &output, &errors}) {
    if (const int error = pipe->open()) return error;
  }
  timer_ = base::Descriptor(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
  if (!timer_.open()) return errno;
  base::Spawn request;
  request.argv = start_.argv;
  request.environment = base::environment_with({});
  request.stdin_fd = input.read.get();
  request.stdout_fd = output.write.get();
  request.stderr_fd = errors.write.get();
  pid_t pid = -1;
  if (const int error = base::spawn(std::move(request), pid)) return error;
  pid_ = pid;
  exit_ = base::Descriptor(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  if (!exit_.open()) {
    const int error = errno;
    signal_group(SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    return error;
  }
  input_ = std::move(input.write);
  output_ = std::move(output.read);
  errors_ = std::move(errors.read);
  for (const base::Descriptor* end : {&input_, &output_, &errors_}) end->make_non_blocking();
  return 0;
}

bool ChildProcess::watch(int fd, Stream stream, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = id_ * kStreams + static_cast<std::uint64_t>(stream);
  return ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) == 0;
}

void ChildProcess::unwatch(base::Descriptor& fd) { ::epoll_ctl(epoll_, EPOLL_CTL_DEL, fd.get(), nullptr); }

void ChildProcess::arm(milliseconds after) {
  const auto whole = std::max(after, milliseconds(1));
  itimerspec when{};
  when.it_value.tv_sec = whole.count() / 1'000;
  when.it_value.tv_nsec = whole.count() % 1'000 * 1'000'000;
  ::timerfd_settime(timer_.get(), 0, &when, nullptr);
}

/// What a round of events tells may be past by now.
void ChildProcess::on_ready(Stream stream) {
  if (stage_ == Stage::ended) return;
  switch (stream) {
    case Stream::input:
      return feed();
    case Stream::output:
      return read_output();
    case Stream::errors:
      return read_errors();
    case Stream::exit:
      return on_exit();
    case Stream::timer:
      return on_timer();
  }
}

// ---- stdin

void ChildProcess::write(std::string line) {
  line += '\n';
  unwritten_lines_ += line.size();
  unwritten_.emplace_back(std::move(line));
  feed();
}

void ChildProcess::write(RecordBatch batch) {
  unwritten_.emplace_back(wire::MultilangRecords(std::move(batch)));
  feed();
}

/// The next piece, once the last one is written. False when there is none.
bool ChildProcess::refill() {
  buffer_.clear();
  written_ = 0;
  while (!unwritten_.empty() && buffer_.size() < kPiece) {
    if (auto* line = std::get_if<std::string>(&unwritten_.front())) {
      buffer_ += *line;
      unwritten_lines_ -= line->size();
    } else {
      auto& records = std::get<wire::MultilangRecords>(unwritten_.front());
      if (records.write_some(buffer_, kPiece)) break;
      buffer_ += '\n';
    }
    unwritten_.pop_front();
  }
  return !buffer_.empty();
}

void ChildProcess::feed() {
  write_on();
  listen_again();
}

void ChildProcess::write_on() {
  while (input_.open() && (written_ < buffer_.size() || refill())) {
    const ssize_t written = ::write(input_.get(), buffer_.data() + written_, buffer_.size() - written_);
    if (written >= 0) {
      written_ += static_cast<std::size_t>(written);
      continue;
    }
    if (errno == EINTR) continue;
    if (errno == EAGAIN) {
      if (!input_watched_) input_watched_ = watch(input_.get(), Stream::input, EPOLLOUT);
      return;
    }
    close_input();
    // Whoever has ended closed it, too: that tells more.
    if (!let_go_ && !how_) arm(kOutputGrace);
    return;
  }
  if (input_.open() && std::exchange(input_watched_, false)) unwatch(input_);
  // A 13 MB line is no reason to keep as much.
  if (buffer_.capacity() > 4 * kPiece) buffer_ = std::string();
}

void ChildProcess::close_input() {
  unwritten_.clear();
  unwritten_lines_ = 0;
  buffer_ = std::string();
  written_ = 0;
  input_watched_ = false;
  input_.close();
  listen_again();
}

// ---- stdout and stderr

void ChildProcess::read_output() {
  if (!output_.open() || held_back_) return;
  std::array<char, kPiece> block;  // NOLINT: read() fills it
  const ssize_t got = ::read(output_.get(), block.data(), block.size());
  if (got < 0 && (errno == EINTR || errno == EAGAIN)) return;
  if (got <= 0) return output_ended();
  tell(lines_.feed({block.data(), static_cast<std::size_t>(got)}));
}

void ChildProcess::tell(std::vector<std::string> lines) {
  if (lines.empty() || let_go_) return;
  dealt_with_ = false;
  if (output_.open() && !std::exchange(held_back_, true)) unwatch(output_);
  start_.on_event(ChildLines{std::move(lines)});
}

void ChildProcess::go_on() {
  dealt_with_ = true;
  listen_again();
}

/// A child that asks without end and reads no reply is not listened to any more: it waits in its own pipe, not here.
void ChildProcess::listen_again() {
  if (!held_back_ || !dealt_with_) return;
  if (unwritten_lines_ > kUnreadAtMost) {
    if (std::exchange(told_unread_, true)) return;
    return log(LogLevel::warning, "child_does_not_read",
               "it asks for checkpoints and reads no reply: until it does it is not listened to");
  }
  held_back_ = false;
  if (output_.open()) watch(output_.get(), Stream::output, EPOLLIN);
}

void ChildProcess::output_ended() {
  output_.close();
  tell(lines_.finish());
  // Whoever has ended closed it, too: that tells more, and comes in a moment.
  if (!let_go_ && !how_) arm(kOutputGrace);
  finish_when_read();
}

void ChildProcess::read_errors() {
  if (!errors_.open() || !refused_errors_.empty()) return;
  std::array<char, kPiece> block;  // NOLINT: read() fills it
  const ssize_t got = ::read(errors_.get(), block.data(), block.size());
  if (got < 0 && (errno == EINTR || errno == EAGAIN)) return;
  if (got <= 0) {
    errors_.close();
    return finish_when_read();
  }
  const std::string_view bytes(block.data(), static_cast<std::size_t>(got));
  if (log_.writer.offer(tag_, bytes)) return;
  refused_errors_ = bytes;
  unwatch(errors_);
}

void ChildProcess::forward_errors() {
  if (refused_errors_.empty() || !log_.writer.offer(tag_, refused_errors_)) return;
  refused_errors_.clear();
  if (errors_.open()) watch(errors_.get(), Stream::errors, EPOLLIN);
}

// ---- its end

void ChildProcess::let_go() {
  if (std::exchange(let_go_, true)) return;
  close_input();
  go_on();
  if (how_ || stage_ != Stage::running) return;
  stage_ = Stage::ending;
  arm(start_.grace);
}

void ChildProcess::end() {
  if (how_ || stage_ >= Stage::terminated) return;
  close_input();
  signal_group(SIGTERM);
  stage_ = Stage::terminated;
  arm(kKillGrace);
}

void ChildProcess::signal_group(int signal) const noexcept { ::kill(-pid_, signal); }

void ChildProcess::on_timer() {
  std::uint64_t times = 0;
  [[maybe_unused]] const ssize_t got = ::read(timer_.get(), &times, sizeof times);
  if (how_) return finish();
  switch (stage_) {
    case Stage::running:
      start_.on_event(ChildBroken{output_.open() ? "it closed its stdin" : "it closed its stdout"});
      return;
    case Stage::ending:
      log(LogLevel::warning, "child_ignores_end_of_input",
          "it still runs " + std::to_string(start_.grace.count()) + " ms after its stdin was closed: it gets SIGTERM");
      return end();
    case Stage::terminated:
      log(LogLevel::warning, "child_ignores_sigterm", "it gets SIGKILL");
      signal_group(SIGKILL);
      stage_ = Stage::killed;
      return arm(kGiveUpAfter);
    case Stage::killed:
      how_ = "did not end even by SIGKILL, and is left to itself";
      return finish();
    case Stage::ended:
      return;
  }
}

void ChildProcess::on_exit() {
  if (how_) return;
  // Its number is its group's as long as it is not reaped: nobody else can be hit.
  if (stage_ >= Stage::terminated) signal_group(SIGKILL);
  int status = 0;
  const pid_t reaped = ::waitpid(pid_, &status, WNOHANG);
  if (reaped == 0) return;
  how_ = reaped == pid_ ? how_of(status) : "ended, but its status went to someone else: is SIGCHLD ignored?";
  exit_.close();
  close_input();
  arm(kOutputGrace);
  finish_when_read();
}

/// What it wrote before it ended is worth a moment.
void ChildProcess::finish_when_read() {
  if (how_ && !output_.open() && !errors_.open()) finish();
}

void ChildProcess::finish() {
  if (stage_ == Stage::ended) return;
  const bool asked_to = stage_ != Stage::running;
  stage_ = Stage::ended;
  output_.close();
  errors_.close();
  tell(lines_.finish());
  log(asked_to ? LogLevel::info : LogLevel::warning, "child_ended", *how_);
  start_.on_event(ChildEnded{pid_, *how_});
}

}  // namespace kcl::multilang
