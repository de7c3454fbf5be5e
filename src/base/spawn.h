// Starts a child process, the way that all of kclpp's are: it gets stdin, stdout and stderr and no other descriptor, an
// empty signal mask, default dispositions and a process group of its own. Returns as soon as the program runs. Who
// starts one reaps it. Do not change the process' environment meanwhile.
#pragma once

#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

namespace kcl::base {

struct Spawn {
  /// The program, looked up in PATH, and its arguments. Not empty.
  std::vector<std::string> argv;
  std::vector<std::string> environment;
  /// The child's; below zero: ours.
  int stdin_fd = -1;
  int stdout_fd = -1;
  int stderr_fd = -1;
};

/// An error number, or 0 and the child's process id, which is also that of its group.
int spawn(Spawn request, pid_t& pid);

/// This process' environment, with `extra` names and values over it.
std::vector<std::string> environment_with(const std::vector<std::pair<std::string, std::string>>& extra);

/// Whether a process of the group is still alive; a zombie is not. True when that cannot be told.
bool group_lives(pid_t group);

}  // namespace kcl::base
