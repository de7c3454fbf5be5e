#include "base/subprocess.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace kcl::base {
namespace {

using Kind = Outcome::Kind;
using std::chrono::milliseconds;

/// Long enough that only what hangs gets there.
constexpr milliseconds kLong{10'000};

Command shell(std::string script) {
  Command command;
  command.shell = std::move(script);
  command.capture_stdout = true;
  command.timeout = kLong;
  return command;
}

/// Of this process, its pipes, sockets and files, by number.
std::set<std::string> open_descriptors() {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) names.insert(entry.path().filename());
  return names;
}

/// No child of ours is left, neither alive nor as a zombie.
bool childless() { return ::waitpid(-1, nullptr, WNOHANG) == -1 && errno == ECHILD; }

/// A file for a child to tell us something that survives it.
class Note {
 public:
  Note() {
    std::string pattern = ::testing::TempDir() + "kclpp-subprocess-XXXXXX";
    ::close(::mkstemp(pattern.data()));
    path_ = pattern;
  }
  Note(const Note&) = delete;
  Note& operator=(const Note&) = delete;
  ~Note() { std::filesystem::remove(path_); }
  const std::string& path() const { return path_; }
  std::string text() const {
    std::ostringstream text;
    text << std::ifstream(path_).rdbuf();
    return text.str();
  }

 private:
  std::string path_;
};

/// Requests a stop as soon as a child has written its note, so that no test depends on how fast children are.
class StopAfter {
 public:
  explicit StopAfter(const Note& note)
      : thread_([this, &note](const std::stop_token& enough) {
          while (note.text().empty() && !enough.stop_requested()) ::poll(nullptr, 0, 5);
          stop_.request_stop();
        }) {}
  std::stop_token token() const { return stop_.get_token(); }

 private:
  std::stop_source stop_;
  std::jthread thread_;
};

/// Dead or a zombie that somebody else is to reap; waits for it.
bool gone(pid_t pid) {
  for (int tries = 0; tries < 1'000; ++tries) {
    std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
    std::string line;
    if (!std::getline(stat, line) || line.substr(line.rfind(')') + 2, 1) == "Z") return true;
    ::poll(nullptr, 0, 10);
  }
  return false;
}

TEST(Subprocess, TellsTheExitCodeAndTheOutput) {
  const Outcome outcome = run(shell("printf hello; exit 3"));
  EXPECT_EQ(outcome.kind, Kind::exited);
  EXPECT_EQ(outcome.status, 3);
  EXPECT_EQ(outcome.output, "hello");
  EXPECT_EQ(outcome.message, "exited with code 3");
  EXPECT_FALSE(outcome.ok());
  EXPECT_TRUE(run(shell("true")).ok());
}

TEST(Subprocess, PassesArgumentsAsTheyAre) {
  Command command;
  command.argv = {"printf", "%s|", "a b", "$HOME", "", "'"};
  command.capture_stdout = true;
  EXPECT_EQ(run(command).output, "a b|$HOME||'|");
}

TEST(Subprocess, TellsTheSignal) {
  const Outcome outcome = run(shell("kill -USR1 $$"));
  EXPECT_EQ(outcome.kind, Kind::signalled);
  EXPECT_EQ(outcome.status, SIGUSR1);
}

TEST(Subprocess, TellsWhyItWasNotStarted) {
  Command command;
  EXPECT_EQ(run(command).kind, Kind::not_started);
  command.argv = {"/nowhere/at-all"};
  Outcome outcome = run(command);
  EXPECT_EQ(outcome.kind, Kind::not_started);
  EXPECT_EQ(outcome.message, "was not started: No such file or directory");
  command.argv = {"/"};
  EXPECT_EQ(run(command).message, "was not started: Permission denied");
  command.argv = {"echo", std::string("a\0b", 3)};
  EXPECT_EQ(run(command).kind, Kind::not_started);
  EXPECT_TRUE(childless());
}

TEST(Subprocess, AddsToTheEnvironmentAndReplacesWhatIsThere) {
  Command command = shell("printf '%s,%s,%s' \"$ONE\" \"$HOME\" \"$(env | grep -c ^HOME=)\"");
  command.extra_environment = {{"ONE", "1=1"}, {"HOME", "/elsewhere"}};
  EXPECT_EQ(run(command).output, "1=1,/elsewhere,1");
}

TEST(Subprocess, FeedsAndDrainsMoreThanThePipesHoldAtOnce) {
  const std::string input(3'000'000, 'x');
  Command command = shell("cat");
  command.input = input;
  command.max_output = input.size();
  const Outcome outcome = run(command);
  EXPECT_TRUE(outcome.ok());
  EXPECT_EQ(outcome.output, input);
  EXPECT_FALSE(outcome.stdin_closed_early);
}

TEST(Subprocess, AsksForMoreInputWhenThereIsRoom) {
  Command command = shell("cat");
  command.input = "first ";
  command.max_output = 2'000'000;
  std::string expected = "first ";
  std::string piece;
  int left = 20;
  command.more_input = [&]() -> std::string_view {
    if (left-- == 0) return {};
    piece.assign(70'000, static_cast<char>('a' + left));
    expected += piece;
    return piece;
  };
  const Outcome outcome = run(command);
  EXPECT_TRUE(outcome.ok());
  EXPECT_EQ(outcome.output, expected);
  EXPECT_EQ(left, -1);
}

TEST(Subprocess, MoreInputThatThrowsEndsTheChild) {
  Command command = shell("cat; sleep 100");
  command.more_input = []() -> std::string_view { throw std::runtime_error("no more"); };
  EXPECT_THROW(run(command), std::runtime_error);
  EXPECT_TRUE(childless());
}

TEST(Subprocess, EndsStdinWhereTheInputEnds) {
  Command command = shell("cat; echo end");
  command.input = "abc";
  EXPECT_EQ(run(command).output, "abcend\n");
  command.input = "";
  EXPECT_EQ(run(command).output, "end\n");
}

TEST(Subprocess, SaysWhenItsInputWasNotTaken) {
  const std::string input(3'000'000, 'x');
  for (const char* script : {"exit 0", "exec 0<&-; sleep 0.05", "head -c 10 >/dev/null"}) {
    Command command = shell(script);
    command.input = input;
    const Outcome outcome = run(command);
    EXPECT_TRUE(outcome.ok()) << script << ": " << outcome.message;
    EXPECT_TRUE(outcome.stdin_closed_early) << script;
  }
}

TEST(Subprocess, EndsAChildThatTakesTooLong) {
  Command command = shell("sleep 100");
  command.timeout = milliseconds(100);
  const Outcome outcome = run(command);
  EXPECT_EQ(outcome.kind, Kind::timed_out);
  EXPECT_EQ(outcome.message, "was ended: it took longer than 100 ms");
  EXPECT_TRUE(childless());
}

TEST(Subprocess, EndsAChildThatNeitherReadsNorWrites) {
  const std::string input(3'000'000, 'x');
  Command command = shell("exec sleep 100");
  command.input = input;
  command.timeout = milliseconds(50);
  const Outcome outcome = run(command);
  EXPECT_EQ(outcome.kind, Kind::timed_out);
  EXPECT_TRUE(outcome.stdin_closed_early);
}

TEST(Subprocess, EndsTheWholeGroupAndTheDeafWithIt) {
  const Note note;
  Command command = shell("sh -c 'trap \"\" TERM; echo $$ > " + note.path() + "; sleep 100; sleep 100' & wait");
  const StopAfter stop(note);
  command.stop = stop.token();
  EXPECT_EQ(run(command).kind, Kind::stopped);
  EXPECT_TRUE(childless());
  EXPECT_TRUE(gone(std::stoi(note.text())));
}

TEST(Subprocess, GivesTheGroupTimeToTidyUp) {
  const Note ready;
  const Note tidy;
  // The shell in front dies of SIGTERM at once, the one behind it tidies up.
  Command command = shell("(trap 'sleep 0.2; echo tidy > " + tidy.path() + "; exit' TERM; echo up > " + ready.path() +
                          "; while :; do sleep 0.01; done) & wait");
  command.discard_stderr = true;
  const StopAfter stop(ready);
  command.stop = stop.token();
  EXPECT_EQ(run(command).kind, Kind::stopped);
  EXPECT_EQ(tidy.text(), "tidy\n");
}

TEST(Subprocess, EndsAtAStop) {
  const Note note;
  Command command = shell("printf before; echo up > " + note.path() + "; exec sleep 100");
  const StopAfter stop(note);
  command.stop = stop.token();
  const Outcome outcome = run(command);
  EXPECT_EQ(outcome.kind, Kind::stopped);
  EXPECT_EQ(outcome.output, "before");
  EXPECT_TRUE(childless());
  // And starts nothing after it.
  EXPECT_EQ(run(command).message, "was not started: we are stopping");
}

TEST(Subprocess, EndsAChildThatWritesTooMuch) {
  Command command = shell("yes");
  command.max_output = 1'000;
  const Outcome outcome = run(command);
  EXPECT_EQ(outcome.kind, Kind::too_much_output);
  EXPECT_EQ(outcome.output.size(), 1'000U);
  EXPECT_TRUE(childless());
}

TEST(Subprocess, TakesExactlyAsMuchOutputAsIsAllowed) {
  Command command = shell("head -c 1000 /dev/zero");
  command.max_output = 1'000;
  EXPECT_TRUE(run(command).ok());
  command.max_output = 999;
  EXPECT_EQ(run(command).kind, Kind::too_much_output);
}

TEST(Subprocess, DoesNotWaitForAGrandchildThatKeepsStdoutOpen) {
  const Note note;
  const Outcome outcome = run(shell("printf out; sleep 100 & echo $! > " + note.path()));
  EXPECT_TRUE(outcome.ok()) << outcome.message;
  EXPECT_EQ(outcome.output, "out");
  // It ended by itself, so what it left behind is left alone.
  const pid_t grandchild = std::stoi(note.text());
  EXPECT_EQ(::kill(grandchild, SIGKILL), 0);
}

TEST(Subprocess, TakesWhatAGrandchildWritesShortlyAfter) {
  EXPECT_EQ(run(shell("(sleep 0.05; printf late) &")).output, "late");
}

TEST(Subprocess, GivesTheChildItsThreeDescriptorsOnly) {
  const int inherited = ::open("/dev/null", O_RDONLY);  // without O_CLOEXEC
  Command command = shell("ls /proc/self/fd | tr '\\n' ' '");
  command.input = "something";
  // 3 is the folder that ls reads.
  EXPECT_EQ(run(command).output, "0 1 2 3 ");
  ::close(inherited);
}

TEST(Subprocess, WorksWhenOurOwnStdioIsClosed) {
  // In a process of its own: this one's stdin is needed.
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        ::close(0);
        ::close(1);
        Command command = shell("cat; echo >&2 gone");
        command.input = "through";
        command.discard_stderr = true;
        const Outcome outcome = run(command);
        std::_Exit(outcome.ok() && outcome.output == "through" ? 0 : 1);
      },
      ::testing::ExitedWithCode(0), "^$");
}

TEST(Subprocess, StartsTheChildWithDefaultSignals) {
  struct sigaction ignore{};
  ignore.sa_handler = SIG_IGN;
  struct sigaction before{};
  ::sigaction(SIGUSR2, &ignore, &before);
  sigset_t blocked;
  ::sigemptyset(&blocked);
  ::sigaddset(&blocked, SIGUSR2);
  ::pthread_sigmask(SIG_BLOCK, &blocked, nullptr);
  const Outcome outcome = run(shell("kill -USR2 $$"));
  ::pthread_sigmask(SIG_UNBLOCK, &blocked, nullptr);
  ::sigaction(SIGUSR2, &before, nullptr);
  EXPECT_EQ(outcome.kind, Kind::signalled);
  EXPECT_EQ(outcome.status, SIGUSR2);
  // A writer whose reader left dies of SIGPIPE, as in every shell.
  EXPECT_EQ(run(shell("sh -c 'kill -PIPE $$'; echo $?")).output, std::to_string(128 + SIGPIPE) + "\n");
}

TEST(Subprocess, NeverLetsSigpipeReachUs) {
  struct sigaction fatal{};
  fatal.sa_handler = SIG_DFL;
  struct sigaction before{};
  ::sigaction(SIGPIPE, &fatal, &before);
  const std::string input(1'000'000, 'x');
  Command command = shell("exec 0<&-; sleep 0.05");
  command.input = input;
  EXPECT_TRUE(run(command).stdin_closed_early);
  sigset_t pending;
  ::sigpending(&pending);
  EXPECT_FALSE(::sigismember(&pending, SIGPIPE));
  sigset_t mask;
  ::pthread_sigmask(SIG_BLOCK, nullptr, &mask);
  EXPECT_FALSE(::sigismember(&mask, SIGPIPE));
  ::sigaction(SIGPIPE, &before, nullptr);
}

TEST(Subprocess, ClaimsNoSuccessWhenSomeoneElseTookTheStatus) {
  struct sigaction ignore{};
  ignore.sa_handler = SIG_IGN;
  struct sigaction before{};
  ::sigaction(SIGCHLD, &ignore, &before);
  const Outcome outcome = run(shell("true"));
  ::sigaction(SIGCHLD, &before, nullptr);
  EXPECT_EQ(outcome.kind, Kind::exited);
  EXPECT_EQ(outcome.status, -1);
  EXPECT_FALSE(outcome.ok());
}

TEST(Subprocess, LeavesNoDescriptorAndNoZombie) {
  const auto before = open_descriptors();
  const std::string input(200'000, 'x');
  std::stop_source stop;
  for (const char* script : {"cat", "exit 1", "kill -9 $$", "sleep 100", "yes"}) {
    Command command = shell(script);
    command.input = input;
    command.stop = stop.get_token();
    command.max_output = 300'000;
    command.timeout = milliseconds(100);
    (void)run(command);
  }
  Command missing;
  missing.argv = {"/nowhere/at-all"};
  missing.capture_stdout = true;
  missing.input = input;
  (void)run(missing);
  EXPECT_EQ(open_descriptors(), before);
  EXPECT_TRUE(childless());
}

TEST(Subprocess, ManyAtOnceKeepTheirInputsAndOutputsApart) {
  constexpr int kThreads = 5;
  constexpr int kRuns = 10;
  std::atomic<int> wrong{0};
  std::vector<std::jthread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&wrong, t] {
      for (int i = 0; i < kRuns; ++i) {
        const std::string input(100'000 + static_cast<std::size_t>(t * kRuns + i), static_cast<char>('a' + t));
        std::stop_source stop;
        Command command = shell("cat");
        command.input = input;
        command.stop = stop.get_token();
        if (run(command).output != input) ++wrong;
      }
    });
  }
  threads.clear();
  EXPECT_EQ(wrong, 0);
  EXPECT_TRUE(childless());
}

}  // namespace
}  // namespace kcl::base
