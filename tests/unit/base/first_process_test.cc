// The first process of a container, but for its number: a process to which the system gives those that lose their
// parent.
#include "base/first_process.h"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <functional>

#include "base/descriptor.h"

namespace kcl::base {
namespace {

/// An init in a process of its own.
class Init {
 public:
  explicit Init(const std::function<int()>& work) : pid_(::fork()) {
    if (pid_ != 0) return;
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    // Both of its processes come here.
    ::_exit(as_init_of(work));
  }
  void signal(int number) const { ::kill(pid_, number); }
  int wait() const {
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) continue;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

 private:
  pid_t pid_;
};

/// A process whose parent has ended by now, and which ends when the pipe has no writer any more.
pid_t orphan(Pipe& told, Pipe& ends) {
  const pid_t parent = ::fork();
  if (parent == 0) {
    const pid_t child = ::fork();
    if (child == 0) {
      ends.write.close();
      char byte = 0;
      while (::read(ends.read.get(), &byte, 1) > 0) continue;
      ::_exit(0);
    }
    [[maybe_unused]] const ssize_t written = ::write(told.write.get(), &child, sizeof child);
    ::_exit(0);
  }
  ::waitpid(parent, nullptr, 0);
  pid_t child = 0;
  [[maybe_unused]] const ssize_t got = ::read(told.read.get(), &child, sizeof child);
  return child;
}

TEST(FirstProcess, EndsAsTheWorkDoes) {
  EXPECT_EQ(Init([] { return 3; }).wait(), 3);
  EXPECT_EQ(Init([] { return ::kill(::getpid(), SIGKILL); }).wait(), 128 + SIGKILL);
}

TEST(FirstProcess, HandsSignalsOn) {
  Pipe ready;
  ASSERT_EQ(ready.open(), 0);
  const Init init([&] {
    sigset_t term;
    ::sigemptyset(&term);
    ::sigaddset(&term, SIGTERM);
    ::sigprocmask(SIG_BLOCK, &term, nullptr);
    [[maybe_unused]] const ssize_t written = ::write(ready.write.get(), "x", 1);
    int got = 0;
    ::sigwait(&term, &got);
    return got == SIGTERM ? 7 : 1;
  });
  char byte = 0;
  ASSERT_EQ(::read(ready.read.get(), &byte, 1), 1);
  init.signal(SIGTERM);
  EXPECT_EQ(init.wait(), 7);
}

TEST(FirstProcess, WaitsForThoseThatHaveLostTheirParent) {
  const Init init([] {
    Pipe told;
    Pipe ends;
    if (told.open() != 0 || ends.open() != 0) return 1;
    const pid_t child = orphan(told, ends);
    if (::kill(child, 0) != 0) return 2;
    ends.write.close();
    // Else it stays a zombie for ever, and this test does not end.
    while (::kill(child, 0) == 0) ::usleep(1'000);
    return 0;
  });
  EXPECT_EQ(init.wait(), 0);
}

TEST(FirstProcess, IsNothingElseWhereItIsNotTheFirst) {
  const pid_t self = ::getpid();
  EXPECT_EQ(as_first_process([&] { return ::getpid() == self ? 5 : 6; }), 5);
}

}  // namespace
}  // namespace kcl::base
