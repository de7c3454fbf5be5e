// Measures in a process of its own, which starts as small as this one is; and how large a process is.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <string>
#include <type_traits>

#include "base/check.h"

namespace kcl::bench {

/// Of this process.
inline double rss_megabytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) return std::stod(line.substr(6)) * 1024 / 1e6;
  }
  return 0;
}

/// What `run` gives in a child.
template <class Run>
auto in_a_child(const Run& run) {
  using Value = std::invoke_result_t<const Run&>;
  static_assert(std::is_trivially_copyable_v<Value>);
  std::array<int, 2> told{};
  base::check(::pipe(told.data()) == 0, "a pipe can be made");
  const pid_t pid = ::fork();
  base::check(pid >= 0, "a process can be made");
  if (pid == 0) {
    const Value value = run();
    base::check(::write(told[1], &value, sizeof value) == sizeof value, "the figures can be told");
    ::_exit(0);
  }
  ::close(told[1]);
  Value value{};
  base::check(::read(told[0], &value, sizeof value) == sizeof value, "the child measures");
  ::close(told[0]);
  ::waitpid(pid, nullptr, 0);
  return value;
}

}  // namespace kcl::bench
