// The child processes of a daemon: one thread feeds them all, takes their output and waits for them, however many there
// are.
//
// Guarantees
//  - What is to be written is encoded as the child takes it, piece by piece: a batch costs no second copy.
//  - stdout is always drained, but for a while after each piece until Child::go_on() says that it was dealt with, and
//    while more than 64 KiB of lines wait for the child to read them: one that prints, or asks, without end is held
//    back, and costs no memory.
//  - stderr is forwarded as it comes.
//  - A child that is let go of ends: end of file on its stdin, after its grace SIGTERM to its process group, a second
//    later SIGKILL. Each is reaped. (Processes that it leaves behind when it ends by itself are its own business; they
//    may hold its stdout open, which nobody reads any more after kOutputGrace.)
//
// Thread-safe. Events come on the thread of the children: they must be handed on at once.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include <kcl/record.h>

#include "multilang/stderr_writer.h"

namespace kcl::multilang {

/// No message of the protocol is as long: of a longer line the rest is dropped.
inline constexpr std::size_t kLongestLine = 1UL << 18;
inline constexpr std::chrono::milliseconds kKillGrace{1'000};
inline constexpr std::chrono::milliseconds kOutputGrace{500};

/// What a child wrote to stdout; nothing more comes until Child::go_on().
struct ChildLines {
  std::vector<std::string> lines;
};
/// It lives, but there is no talking to it any more: "closed its stdout".
struct ChildBroken {
  std::string why;
};
/// It could not be started.
struct ChildNotStarted {
  std::string why;
  /// Starting it again will not help.
  bool for_good = false;
};
/// It ended. The last event.
struct ChildEnded {
  pid_t pid = -1;
  /// "exited with code 3", "was killed by signal 9".
  std::string how;
};
using ChildEvent = std::variant<ChildLines, ChildBroken, ChildNotStarted, ChildEnded>;

/// To a child; destroying it lets the child go.
class Child {
 public:
  Child() = default;
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  virtual ~Child() = default;

  /// A line, which ends with a newline then.
  virtual void write(std::string line) = 0;
  virtual void write(RecordBatch batch) = 0;
  /// The lines of the last event were dealt with.
  virtual void go_on() = 0;
  /// Ends it now: SIGTERM, then SIGKILL.
  virtual void end() = 0;
};

struct ChildStart {
  /// Not empty.
  std::vector<std::string> argv;
  /// What it works on: stand before each line that it writes to stderr.
  std::string stream;
  std::string shard_id;
  std::string worker_id = {};
  std::uint64_t epoch = 0;
  /// Between end of file on its stdin and SIGTERM.
  std::chrono::milliseconds grace{3'000};
  std::function<void(ChildEvent)> on_event;
};

class ChildrenReactor;

class Children {
 public:
  /// Throws std::system_error. The writer outlives it, and is also where it logs, events from this level on.
  Children(StderrWriter& errors, LogLevel log_level);
  Children(const Children&) = delete;
  Children& operator=(const Children&) = delete;
  /// Lets every child go, and waits until they have ended: at most a grace and two seconds.
  ~Children();

  /// Returns at once; whether it started is an event.
  std::unique_ptr<Child> start(ChildStart start);

 private:
  std::shared_ptr<ChildrenReactor> reactor_;
};

}  // namespace kcl::multilang
