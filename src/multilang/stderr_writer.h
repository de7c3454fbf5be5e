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

#include "base/descriptor.h"

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

  /// Throws std::system_error.
  explicit StderrWriter(int fd);
  StderrWriter(const StderrWriter&) = delete;
  StderrWriter& operator=(const StderrWriter&) = delete;
  /// Waits a second for what was taken to be written; what nobody reads by then is lost.
  ~StderrWriter();

  /// Called after an offer was refused, when there is room: from another thread, and not to call the writer. With
  /// nullptr nobody is called any more.
  void set_on_room(std::function<void()> on_room);
  /// Takes all of it, or nothing when there is no room.
  bool offer(std::string_view tag, std::string_view bytes);
  /// Waits a second for room; without any the line is lost.
  void write_line(std::string_view line);

 private:
  void run();
  bool fits(std::size_t bytes) const { return pending_.empty() || pending_.size() + bytes <= kCapacity; }
  void write_all(std::string_view bytes) const;

  const int fd_;
  /// Readable once the thread is to end, whatever is left.
  base::Descriptor end_;
  std::mutex mutex_;
  std::condition_variable changed_;
  TaggedLines lines_;
  std::string pending_;
  std::function<void()> on_room_;
  bool refused_ = false;
  bool closing_ = false;
  bool idle_ = true;
  std::thread thread_;
};

/// The daemon's log, by the same way.
std::shared_ptr<LogSink> log_sink(StderrWriter& writer, LogLevel at_least);

}  // namespace kcl::multilang
