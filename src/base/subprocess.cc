#include "base/subprocess.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <memory>

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

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() { close(); }

  void close() noexcept {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  int get() const noexcept { return fd_; }
  bool open() const noexcept { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

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

/// Takes `fd` to a number above 0 to 2, which it may have when those are closed in this process, and which the child's
/// own are dup'ed to. Not open, and errno set, when that fails.
Descriptor above_stdio(int fd) {
  if (fd < 0 || fd > STDERR_FILENO) return Descriptor(fd);
  const Descriptor low(fd);
  return Descriptor(::fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
}

struct Pipe {
  Descriptor read;
  Descriptor write;

  /// An error number, or 0.
  int open() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return errno;
    read = above_stdio(ends[0]);
    const int error = errno;
    write = above_stdio(ends[1]);
    if (!read.open()) return error;
    return write.open() ? 0 : errno;
  }
};

void make_non_blocking(const Descriptor& end) { ::fcntl(end.get(), F_SETFL, ::fcntl(end.get(), F_GETFL) | O_NONBLOCK); }

/// char* of texts that live elsewhere, ended by a null pointer: what exec takes.
std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::vector<std::string> environment_with(const std::vector<std::pair<std::string, std::string>>& extra) {
  std::vector<std::string> all;
  for (char** entry = ::environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const auto replaced = [&](const auto& pair) { return text.substr(0, text.find('=')) == pair.first; };
    if (std::none_of(extra.begin(), extra.end(), replaced)) all.emplace_back(text);
  }
  for (const auto& [name, value] : extra) {
    std::string& entry = all.emplace_back(name);
    entry += '=';
    entry += value;
  }
  return all;
}

std::vector<std::string> arguments_of(const Command& command) {
  if (command.shell) return {"/bin/sh", "-c", *command.shell};
  return command.argv;
}

bool has_nul(const std::vector<std::string>& texts) {
  return std::any_of(texts.begin(), texts.end(),
                     [](const std::string& t) { return t.find('\0') != std::string::npos; });
}

/// Whether a process of the group is still alive; a zombie is not. True when that cannot be told.
bool group_lives(pid_t group) {
  const std::unique_ptr<DIR, int (*)(DIR*)> processes(::opendir("/proc"), [](DIR* d) { return ::closedir(d); });
  if (!processes) return true;
  while (const dirent* entry = ::readdir(processes.get())) {
    if (entry->d_name[0] < '1' || entry->d_name[0] > '9') continue;
    const std::string path = "/proc/" + std::string(entry->d_name) + "/stat";
    const Descriptor stat(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    std::array<char, 512> text{};
    if (!stat.open() || ::read(stat.get(), text.data(), text.size() - 1) <= 0) continue;
    // "pid (name) state parent group ...": the name may hold anything, so what follows its last parenthesis counts.
    const char* after_name = std::strrchr(text.data(), ')');
    char state = 0;
    int parent = 0;
    int its_group = 0;
    if (after_name == nullptr || std::sscanf(after_name, ") %c %d %d", &state, &parent, &its_group) != 3) continue;
    if (its_group == group && state != 'Z' && state != 'X') return true;
  }
  return false;
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
  if (!command_.input.empty()) {
    if (const int error = stdin_.open()) return error;
    make_non_blocking(stdin_.write);
  }
  if (command_.capture_stdout) {
    if (const int error = stdout_.open()) return error;
    make_non_blocking(stdout_.read);
  }
  if (command_.stop.stop_possible()) {
    stop_ = Descriptor(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!stop_.open()) return errno;
  }
  return 0;
}

int Child::spawn() {
  std::vector<std::string> arguments = arguments_of(command_);
  std::vector<std::string> environment = environment_with(command_.extra_environment);
  if (has_nul(arguments) || has_nul(environment)) return EINVAL;

  posix_spawn_file_actions_t files;
  if (const int error = ::posix_spawn_file_actions_init(&files)) return error;
  const std::unique_ptr<posix_spawn_file_actions_t, int (*)(posix_spawn_file_actions_t*)> files_owner(
      &files, ::posix_spawn_file_actions_destroy);
  posix_spawnattr_t attributes;
  if (const int error = ::posix_spawnattr_init(&attributes)) return error;
  const std::unique_ptr<posix_spawnattr_t, int (*)(posix_spawnattr_t*)> attributes_owner(&attributes,
                                                                                         ::posix_spawnattr_destroy);

  sigset_t none;
  ::sigemptyset(&none);
  sigset_t all;
  ::sigfillset(&all);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setsigdefault(&attributes, &all);
  ::posix_spawnattr_setpgroup(&attributes, 0);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);

  int error = ::posix_spawn_file_actions_adddup2(&files, stdin_.read.open() ? stdin_.read.get() : null_.get(), 0);
  if (error == 0 && stdout_.write.open()) {
    error = ::posix_spawn_file_actions_adddup2(&files, stdout_.write.get(), STDOUT_FILENO);
  }
  if (error == 0 && command_.discard_stderr) {
    error = ::posix_spawn_file_actions_adddup2(&files, null_.get(), STDERR_FILENO);
  }
  if (error == 0) error = ::posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
  if (error != 0) return error;

  std::vector<char*> argv = pointers_to(arguments);
  std::vector<char*> envp = pointers_to(environment);
  pid_t pid = -1;
  error = ::posix_spawnp(&pid, argv[0], &files, &attributes, argv.data(), envp.data());
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
  while (stdin_.write.open() && !unwritten_.empty()) {
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
