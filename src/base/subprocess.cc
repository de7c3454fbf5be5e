#include "base/subprocess.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>

#include "base/descriptor.h"
#include "base/spawn.h"
#include "base/text.h"

namespace kcl::base {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// How often we look where nothing can wake us.
constexpr milliseconds kLookAgain{20};
/// What is longer is as good as no timeout, and would not fit into the clock.
constexpr std::chrono::hours kLongestTimeout{24 * 365};
/// Reads of one round: more than a pipe holds, few enough that the deadlines are looked at.
constexpr int kReadsPerRound = 16;

/// Holds SIGPIPE back on this thread, and swallows the one that we caused.
class NoSigpipe {
 public:
  NoSigpipe() {
    ::sigemptyset(&sigpipe_);
    ::sigaddset(&sigpipe_, SIGPIPE);
    was_pending_ = pending();
    ::pthread_sigmask(SIG_BLOCK, &sigpipe_, &before_);
  }
  NoSigpipe(const NoSigpipe&) = delete;
  NoSigpipe& operator=(const NoSigpipe&) = delete;
  ~NoSigpipe() {
    const timespec at_once{};
    if (!was_pending_ && pending()) ::sigtimedwait(&sigpipe_, nullptr, &at_once);
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

 private:
  static bool pending() {
    sigset_t set;
    ::sigemptyset(&set);
    ::sigpending(&set);
    return ::sigismember(&set, SIGPIPE) == 1;
  }

  sigset_t sigpipe_{};
  sigset_t before_{};
  bool was_pending_ = false;
};

std::vector<std::string> arguments_of(const Command& command) {
  if (command.shell) return {"/bin/sh", "-c", *command.shell};
  return command.argv;
}

class Child {
 public:
  explicit Child(const Command& command) : command_(command), unwritten_(command.input) {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    // Only when an exception passes by: run() reaps.
    if (!running()) return;
    signal_group(SIGKILL);
    reap();
  }

  /// An error number, or 0.
  int start();
  Outcome finish();

 private:
  using Kind = Outcome::Kind;

  bool running() const noexcept { return pid_ > 0; }
  int prepare();
  int spawn();
  void signal_group(int signal) const noexcept { ::kill(-pid_, signal); }

  bool has_exited() const;
  void feed();
  void drain();
  bool step(bool exited);
  void end(Kind why);
  void wait_for_something(bool exited);
  std::optional<int> reap();
  Outcome outcome();
  void say_how_it_ended(Outcome& outcome);

  const Command& command_;
  std::string_view unwritten_;
  Pipe stdin_;
  Pipe stdout_;
  Descriptor null_;
  Descriptor exit_;
  Descriptor stop_;
  pid_t pid_ = -1;

  std::string output_;
  bool too_much_ = false;
  bool stdin_closed_early_ = false;
  Clock::time_point deadline_ = Clock::time_point::max();
  /// Set when the child ended by itself and others hold its stdout.
  std::optional<Clock::time_point> read_until_;
  /// Set when we end it.
  std::optional<Kind> why_;
  bool killed_ = false;
  Clock::time_point next_measure_{};
};

int Child::prepare() {
  null_ = above_stdio(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null_.open()) return errno;
  if (!command_.input.empty() || command_.more_input) {
    if (const int error = stdin_.open()) return error;
    stdin_.write.make_non_blocking();
  }
  if (command_.capture_stdout) {
    if (const int error = stdout_.open()) return error;
    stdout_.read.make_non_blocking();
  }
  if (command_.stop.stop_possible()) {
    stop_ = Descriptor(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!stop_.open()) return errno;
  }
  return 0;
}

int Child::spawn() {
  Spawn request;
  request.argv = arguments_of(command_);
  request.environment = environment_with(command_.extra_environment);
  request.stdin_fd = stdin_.read.open() ? stdin_.read.get() : null_.get();
  if (stdout_.write.open()) request.stdout_fd = stdout_.write.get();
  if (command_.discard_stderr) request.stderr_fd = null_.get();
  pid_t pid = -1;
  const int error = base::spawn(std::move(request), pid);
  if (error == 0) pid_ = pid;
  return error;
}

int Child::start() {
  if (command_.timeout) deadline_ = Clock::now() + std::min<milliseconds>(*command_.timeout, kLongestTimeout);
  if (const int error = prepare()) return error;
  if (const int error = spawn()) return error;
  stdin_.read.close();
  stdout_.write.close();
  null_.close();
  // Where the kernel has none, step() looks again and again.
  exit_ = Descriptor(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  return 0;
}

/// Leaves it a zombie: as long as it is one, no other process or group can get its number, and signal_group() can hit
/// no stranger.
bool Child::has_exited() const {
  siginfo_t info{};
  const int result = ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT);
  return result == 0 ? info.si_pid != 0 : errno == ECHILD;
}

void Child::feed() {
  while (stdin_.write.open()) {
    if (unwritten_.empty() && command_.more_input) unwritten_ = command_.more_input();
    if (unwritten_.empty()) break;
    const ssize_t written = ::write(stdin_.write.get(), unwritten_.data(), unwritten_.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && errno == EAGAIN) return;
    if (written < 0) {
      stdin_closed_early_ = true;
      break;
    }
    unwritten_.remove_prefix(static_cast<std::size_t>(written));
  }
  stdin_.write.close();
}

void Child::drain() {
  std::array<char, 65'536> block;  // NOLINT: read() fills it
  for (int reads = 0; stdout_.read.open() && reads < kReadsPerRound;) {
    const ssize_t got = ::read(stdout_.read.get(), block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) return stdout_.read.close();
    const std::size_t room = command_.max_output - output_.size();
    output_.append(block.data(), std::min(room, static_cast<std::size_t>(got)));
    if (static_cast<std::size_t>(got) > room) {
      too_much_ = true;
      return stdout_.read.close();
    }
    ++reads;
  }
}

void Child::end(Kind why) {
  why_ = why;
  signal_group(SIGTERM);
  next_measure_ = Clock::now() + kTerminationGrace;
}

/// False when there is nothing more to wait for.
bool Child::step(bool exited) {
  const auto now = Clock::now();
  if (!why_) {
    if (too_much_) {
      end(Kind::too_much_output);
    } else if (exited) {
      if (!stdout_.read.open() || command_.stop.stop_requested()) return false;
      if (!read_until_) read_until_ = now + kOutputGrace;
      return now < *read_until_;
    } else if (command_.stop.stop_requested()) {
      end(Kind::stopped);
    } else if (now >= deadline_) {
      end(Kind::timed_out);
    }
    return true;
  }
  if (exited && (killed_ || !group_lives(pid_))) return false;
  if (now < next_measure_) return true;
  if (killed_) return false;
  signal_group(SIGKILL);
  killed_ = true;
  next_measure_ = now + kKillGrace;
  return true;
}

void Child::wait_for_something(bool exited) {
  std::array<pollfd, 4> set{};
  nfds_t count = 0;
  const auto watch = [&](const Descriptor& fd, short events) {
    if (fd.open()) set[count++] = {.fd = fd.get(), .events = events, .revents = 0};
  };
  watch(stdin_.write, POLLOUT);
  watch(stdout_.read, POLLIN);
  if (!exited) watch(exit_, POLLIN);
  if (!why_) watch(stop_, POLLIN);

  auto until = why_ ? next_measure_ : read_until_.value_or(deadline_);
  // A group says nothing when it is empty, nor a child without a pidfd when it has ended.
  if ((why_ && exited) || (!exited && !exit_.open())) until = std::min(until, Clock::now() + kLookAgain);
  int wait_ms = -1;
  if (until != Clock::time_point::max()) {
    const auto left = std::chrono::ceil<milliseconds>(until - Clock::now());
    wait_ms = static_cast<int>(std::clamp(left, milliseconds{0}, milliseconds{60'000}).count());
  }
  ::poll(set.data(), count, wait_ms);
}

/// The status as waitpid() gives it; nothing when there is none, or none yet.
std::optional<int> Child::reap() {
  const pid_t pid = std::exchange(pid_, -1);
  int status = 0;
  pid_t reaped = 0;
  do {
    reaped = ::waitpid(pid, &status, killed_ ? WNOHANG : 0);
  } while (reaped < 0 && errno == EINTR);
  if (reaped != pid) return std::nullopt;
  return status;
}

Outcome Child::finish() {
  const std::stop_callback wake(command_.stop, [this] {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = ::write(stop_.get(), &one, sizeof one);
  });
  for (;;) {
    const bool exited = has_exited();
    if (exited || why_) {
      stdin_closed_early_ = stdin_closed_early_ || !unwritten_.empty();
      stdin_.write.close();
    }
    feed();
    // After the look at the child: then what it wrote before it ended is there to be read.
    drain();
    if (!step(exited)) break;
    wait_for_something(exited);
  }
  return outcome();
}

void Child::say_how_it_ended(Outcome& outcome) {
  switch (outcome.kind) {
    case Kind::exited:
      outcome.message = outcome.status < 0 ? "ended, but its status went to someone else: is SIGCHLD ignored?"
                                           : "exited with code " + std::to_string(outcome.status);
      break;
    case Kind::signalled:
      outcome.message = "was killed by signal " + std::to_string(outcome.status);
      break;
    case Kind::timed_out:
      outcome.message = "was ended: it took longer than " + std::to_string(command_.timeout->count()) + " ms";
      break;
    case Kind::stopped:
      outcome.message = "was ended: we are stopping";
      break;
    case Kind::too_much_output:
      outcome.message = "was ended: it wrote more than " + std::to_string(command_.max_output) + " bytes";
      break;
    case Kind::not_started:
      break;
  }
}

Outcome Child::outcome() {
  Outcome outcome;
  const std::optional<int> status = reap();
  outcome.kind = why_.value_or(status && WIFSIGNALED(*status) ? Kind::signalled : Kind::exited);
  if (status) outcome.status = WIFSIGNALED(*status) ? WTERMSIG(*status) : WEXITSTATUS(*status);
  outcome.output = std::move(output_);
  outcome.stdin_closed_early = stdin_closed_early_;
  say_how_it_ended(outcome);
  return outcome;
}

}  // namespace

Outcome run(const Command& command) {
  Outcome not_started;
  if (command.stop.stop_requested()) {
    not_started.kind = Outcome::Kind::stopped;
    not_started.message = "was not started: we are stopping";
    return not_started;
  }
  if (!command.shell && command.argv.empty()) {
    not_started.message = "was not started: the command is empty";
    return not_started;
  }
  const NoSigpipe no_sigpipe;
  Child child(command);
  if (const int error = child.start()) {
    not_started.message = "was not started: " + error_text(error);
    return not_started;
  }
  return child.finish();
}

}  // namespace kcl::base
