// One child process, as the thread of the children sees it. See children.h for what it guarantees.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <variant>

#include "base/descriptor.h"
#include "multilang/children.h"
#include "multilang/line_splitter.h"
#include "multilang/stderr_writer.h"
#include "wire/multilang.h"

namespace kcl::multilang {

/// Where the thread of the children writes: never waits, and loses what there is no room for.
struct ChildLog {
  StderrWriter& writer;
  LogLevel at_least;
  void write(const LogEvent& event) const;
};

class ChildProcess {
 public:
  /// What it waits on; `id * kStreams + stream` is what epoll is told.
  enum class Stream : std::uint8_t { input, output, errors, exit, timer };
  static constexpr std::uint64_t kStreams = 8;

  ChildProcess(std::uint64_t id, int epoll, ChildLog log, ChildStart start);
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;
  ~ChildProcess() = default;

  void start();
  void write(std::string line);
  void write(RecordBatch batch);
  void go_on();
  void end();
  /// Nobody listens any more.
  void let_go();
  /// There is room on stderr again.
  void forward_errors();
  void on_ready(Stream stream);
  bool ended() const noexcept { return stage_ == Stage::ended; }

 private:
  /// How far its end has come.
  enum class Stage : std::uint8_t { running, ending, terminated, killed, ended };
  using Unwritten = std::variant<std::string, wire::MultilangRecords>;

  int spawn();
  bool watch(int fd, Stream stream, std::uint32_t events);
  void unwatch(base::Descriptor& fd);
  void arm(std::chrono::milliseconds after);
  void feed();
  void write_on();
  bool refill();
  void close_input();
  void listen_again();
  void read_output();
  void output_ended();
  void read_errors();
  void tell(std::vector<std::string> lines);
  void on_exit();
  void on_timer();
  void finish_when_read();
  void finish();
  void log(LogLevel level, std::string event, std::string what) const;
  void signal_group(int signal) const noexcept;

  const std::uint64_t id_;
  const int epoll_;
  const ChildLog log_;
  ChildStart start_;
  std::string tag_;

  pid_t pid_ = -1;
  base::Descriptor input_;
  base::Descriptor output_;
  base::Descriptor errors_;
  base::Descriptor exit_;
  base::Descriptor timer_;

  std::deque<Unwritten> unwritten_;
  /// Bytes of the lines among it. Batches do not count: there is one at a time, and the budget has it.
  std::size_t unwritten_lines_ = 0;
  /// What the child has not taken yet of what is encoded.
  std::string buffer_;
  std::size_t written_ = 0;
  bool input_watched_ = false;

  LineSplitter lines_{kLongestLine};
  /// Lines were handed on: nothing more is read before they are dealt with, and before it takes what it asked for.
  bool held_back_ = false;
  bool dealt_with_ = true;
  bool told_unread_ = false;
  /// Read from stderr, and refused by the writer.
  std::string refused_errors_;

  Stage stage_ = Stage::running;
  bool let_go_ = false;
  std::optional<std::string> how_;
};

}  // namespace kcl::multilang
