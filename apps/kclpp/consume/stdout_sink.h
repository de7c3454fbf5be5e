// stdout, shared by the shards: what it took was written with write(2), and whole lines of different shards never mix.
//
// A reader that reads nothing is waited for, but never beyond the permit, and once the worker stops only as long as the
// reader goes on reading: no write blocks. (One exception: a pipe that cannot be opened a second time and has other
// writers, which may fill it between our look and our write.) A line that was cut when a permit ended is completed
// before anything else is written; only the very last one of the process can stay cut.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>

#include "consume/output.h"
#include "consume/sink.h"

namespace kclpp::consume {

/// A descriptor that several threads write whole records to.
class SharedOutput {
 public:
  /// Once the worker stops, a reader that takes nothing for so long is not waited for any longer.
  static constexpr std::chrono::milliseconds kPatience{2'000};

  /// `fd` stays the caller's, and its flags as they are. Throws OutputGone when it is not open for writing.
  explicit SharedOutput(int fd, std::chrono::milliseconds patience = kPatience);
  SharedOutput(const SharedOutput&) = delete;
  SharedOutput& operator=(const SharedOutput&) = delete;
  ~SharedOutput();

  /// All of `lines` and nothing in between. Writers take turns in the order in which they came. Throws as Sink::take.
  void write(const Lines& lines, const Permit& permit);

 private:
  class Turn;
  /// What tells how much may be written without blocking.
  enum class Kind : std::uint8_t {
    file,         ///< regular files and devices: a write may take a while, but ends
    nonblocking,  ///< our own description of a pipe or terminal
    socket,
    shared_pipe,  ///< a pipe or terminal that could not be opened a second time
  };

  /// `error`: 0 when all is written, or when the permit ended before that.
  struct Drained {
    std::size_t written = 0;
    int error = 0;
  };

  void open(int fd);
  Drained drain(std::string_view bytes, const Permit& permit);
  ssize_t write_some(std::string_view bytes) const;
  void wait_until_writable(std::chrono::milliseconds at_most) const;
  [[noreturn]] void fail(int error);

  const std::chrono::milliseconds patience_;
  int fd_;
  bool owned_ = false;
  Kind kind_ = Kind::file;
  std::atomic<bool> gone_{false};

  // Belong to whose turn it is.
  /// The worker stops and the reader did not read for as long as our patience was.
  bool stalled_ = false;
  /// What goes first: the rest of the record that was cut.
  std::string owed_;

  std::mutex mutex_;
  std::condition_variable turn_ended_;
  std::deque<std::uint64_t> queue_;
  std::uint64_t next_ticket_ = 0;
};

class StdoutSink final : public Sink {
 public:
  StdoutSink(SharedOutput& output, Format format) : output_(output), format_(format) {}
  void take(const Delivery& delivery) override;

 private:
  SharedOutput& output_;
  Format format_;
};

}  // namespace kclpp::consume
