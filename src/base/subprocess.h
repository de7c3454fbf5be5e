// One child process: starts it, feeds it, takes its output and waits for it, all bounded in time and bytes.
//
// Blocking, from any thread but a strand; several at once are fine.
//  - The child gets stdin, stdout and stderr and no other descriptor, an empty signal mask, default dispositions and a
//    process group of its own: Ctrl-C at our terminal does not reach it.
//  - A timeout, a stop or too much output ends the whole group: SIGTERM, then SIGKILL for what is still there after
//    kTerminationGrace. run() returns when the child is reaped: no zombie, no descriptor is left. (Unless not even
//    SIGKILL ends it, as on a dead network file system: run() gives up after kKillGrace.)
//  - Children of the child that outlive a child which ended by itself are its own business. They may hold its stdout
//    open: run() reads on for kOutputGrace, then returns with what came.
//  - SIGPIPE never reaches this process, whatever its disposition.
// Do not change the process' environment while this runs.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kcl::base {

inline constexpr std::chrono::milliseconds kTerminationGrace{1'000};
inline constexpr std::chrono::milliseconds kKillGrace{5'000};
inline constexpr std::chrono::milliseconds kOutputGrace{500};

struct Command {
  /// The program, looked up in PATH, and its arguments. Ignored when `shell` is given.
  std::vector<std::string> argv;
  /// Run as `sh -c` instead.
  std::optional<std::string> shell;
  /// What the child finds on stdin, then end of file. The caller keeps the bytes.
  std::string_view input;
  /// What follows that, piece by piece, each good until the next call; an empty one is the end. Called on the thread of
  /// run(), which lets through what it throws, and ends the child then.
  std::function<std::string_view()> more_input = {};
  /// Otherwise the child writes where we write.
  bool capture_stdout = false;
  /// Bytes of captured stdout; one more ends the child.
  std::size_t max_output = 1U << 20U;
  /// stderr to /dev/null; otherwise the child writes where we write.
  bool discard_stderr = false;
  std::optional<std::chrono::milliseconds> timeout;
  std::stop_token stop;
  /// Names and values, over those of this process.
  std::vector<std::pair<std::string, std::string>> extra_environment;
};

struct Outcome {
  enum class Kind : std::uint8_t {
    exited,           ///< by itself, with `status`
    signalled,        ///< by a signal that was not ours: `status`
    timed_out,        ///< ended by us
    stopped,          ///< ended by us, or not started, because of Command::stop
    too_much_output,  ///< ended by us; `output` holds the first max_output bytes
    not_started,
  };
  Kind kind = Kind::not_started;
  /// Exit code or signal number. -1 when the child's status went to someone else: the process ignores SIGCHLD, or waits
  /// for any child.
  int status = -1;
  std::string output;
  /// What happened, to follow the command's name: "exited with code 3". Holds nothing of the command or its output.
  std::string message;
  /// The child closed stdin, or ended, before it was given all of the input. A child may do so without an error; that
  /// the input was given does not mean that it was read.
  bool stdin_closed_early = false;

  bool ok() const noexcept { return kind == Kind::exited && status == 0; }
};

Outcome run(const Command& command);

}  // namespace kcl::base
