#include "base/first_process.h"

#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <optional>

namespace kcl::base {

namespace {

constexpr int kKilled = 128;

/// Waits for all that have ended: with what the one did, if that is among them.
std::optional<int> reap(pid_t one) {
  std::optional<int> code;
  int status = 0;
  for (pid_t ended = 0; (ended = ::waitpid(-1, &status, WNOHANG)) > 0;) {
    if (ended == one) code = WIFSIGNALED(status) ? kKilled + WTERMSIG(status) : WEXITSTATUS(status);
  }
  return code;
}

}  // namespace

int as_first_process(const std::function<int()>& work) { return ::getpid() == 1 ? as_init_of(work) : work(); }

int as_init_of(const std::function<int()>& work) {
  // An ignored end of a child is told to nobody.
  ::signal(SIGCHLD, SIG_DFL);
  // Blocked signals wait to be taken, also those that the system would keep from a first process.
  sigset_t all;
  ::sigfillset(&all);
  sigset_t before;
  ::sigprocmask(SIG_SETMASK, &all, &before);
  const pid_t child = ::fork();
  if (child <= 0) {
    // Without a second process there is no init, which is worth less than the work.
    ::sigprocmask(SIG_SETMASK, &before, nullptr);
    return work();
  }
  for (;;) {
    const int signal = ::sigwaitinfo(&all, nullptr);
    if (signal > 0 && signal != SIGCHLD) ::kill(child, signal);
    if (const auto code = reap(child)) return *code;
  }
}

}  // namespace kcl::base
