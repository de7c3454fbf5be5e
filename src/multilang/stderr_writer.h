// What the daemon writes to stderr: what its children write there, at once and tagged, and its own log, from one place,
// so that neither ends up in the middle of the other's lines.
//
// A reader of stderr that stands still holds nobody up but those who write: what is taken is bounded, and offers are
// refused until there is room. Thread-safe.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include <kcl/log_sink.h>

namespace kcl::multilang {

/// Puts a tag before each line of several streams that share an output, whatever pieces they come in. A line that
/// another stream interrupts is ended, and goes on under its tag. Pure.
class TaggedLines {
 public:
  void append(std::string& out, std::string_view tag, std::string_view bytes);

 private:
  bool line_open_ = false;
  std::string last_tag_;
};

class StderrWriter {
 public:
  static constexpr std::size_t kCapacity = 1UL << 20;

  explicit StderrWriter(int fd);
  StderrWriter(const StderrWriter&) = delete;
  StderrWriter& operator=(const StderrWriter&) = delete;
  /// Waits a second for what was taken to be written. A write that hangs is left to itself: it ends with the process.
  ~StderrWriter();

  /// Called after an offer was refused, when there is room: from another thread, and not to call the writer. With
  /// nullptr nobody is called any more.
  void set_on_room(std::function<void()> on_room);
  /// Takes all of it, or nothing when there is no room.
  bool offer(std::string_view tag, std::string_view bytes);
  /// Waits for room. With an empty tag the text stands for itself.
  void write_line(std::string_view line);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

/// The daemon's log, by the same way.
std::shared_ptr<LogSink> log_sink(StderrWriter& writer, LogLevel at_least);

}  // namespace kcl::multilang
