#include "base/spawn.h"

#include <dirent.h>
#include <fcntl.h>
#include <spawn.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string_view>

#include "base/descriptor.h"

namespace kcl::base {

namespace {

/// char* of texts that live elsewhere, ended by a null pointer: what exec takes.
std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

bool has_nul(const std::vector<std::string>& texts) {
  return std::any_of(texts.begin(), texts.end(),
                     [](const std::string& t) { return t.find('\0') != std::string::npos; });
}

int add_standard_stream(posix_spawn_file_actions_t& files, int fd, int as) {
  return fd < 0 ? 0 : ::posix_spawn_file_actions_adddup2(&files, fd, as);
}

}  // namespace

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

int spawn(Spawn request, pid_t& pid) {
  if (has_nul(request.argv) || has_nul(request.environment)) return EINVAL;

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

  int error = add_standard_stream(files, request.stdin_fd, STDIN_FILENO);
  if (error == 0) error = add_standard_stream(files, request.stdout_fd, STDOUT_FILENO);
  if (error == 0) error = add_standard_stream(files, request.stderr_fd, STDERR_FILENO);
  if (error == 0) error = ::posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
  if (error != 0) return error;

  std::vector<char*> argv = pointers_to(request.argv);
  std::vector<char*> envp = pointers_to(request.environment);
  return ::posix_spawnp(&pid, argv[0], &files, &attributes, argv.data(), envp.data());
}

}  // namespace kcl::base
