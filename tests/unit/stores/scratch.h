// What tests of stores on files need: a directory of their own, and child processes that they talk with, so that no
// test waits for a length of time.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>

#include <kcl/item_stores.h>

namespace kcl::scratch {

/// In memory where there is such a file system: thousands of synced commits are no test of our code's patience with
/// disks.
class TempDirectory {
 public:
  TempDirectory() {
    const bool has_memory = ::access("/dev/shm", W_OK) == 0;
    std::string pattern = (has_memory ? "/dev/shm/" : ::testing::TempDir()) + "kclpp-stores-XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr) std::abort();
    path_ = pattern;
  }
  TempDirectory(const TempDirectory&) = delete;
  TempDirectory& operator=(const TempDirectory&) = delete;
  ~TempDirectory() { std::filesystem::remove_all(path_); }

  const std::string& path() const { return path_; }
  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

/// The child's end of a Child: says that it got somewhere, and waits to be let on.
class Parent {
 public:
  Parent(int out, int in) : out_(out), in_(in) {}
  void tell(char word) {
    if (::write(out_, &word, 1) != 1) ::_exit(90);
  }
  void wait() {
    char word = 0;
    if (::read(in_, &word, 1) != 1) ::_exit(91);
  }

 private:
  int out_;
  int in_;
};

/// A forked process that runs `body` and exits with its result. Killed, if need be, when this ends.
class Child {
 public:
  explicit Child(const std::function<int(Parent&)>& body) {
    int up[2];
    int down[2];
    if (::pipe2(up, O_CLOEXEC) != 0 || ::pipe2(down, O_CLOEXEC) != 0) std::abort();
    pid_ = ::fork();
    if (pid_ == 0) {
      ::close(up[0]);
      ::close(down[1]);
      Parent parent(up[1], down[0]);
      ::_exit(body(parent));
    }
    ::close(up[1]);
    ::close(down[0]);
    in_ = up[0];
    out_ = down[1];
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      wait();
    }
    ::close(in_);
    ::close(out_);
  }

  /// The next word of the child; 0 when it has ended.
  char hear() {
    char word = 0;
    return ::read(in_, &word, 1) == 1 ? word : '\0';
  }
  void let_on() { ASSERT_EQ(::write(out_, "", 1), 1); }
  void signal(int number) { ASSERT_EQ(::kill(pid_, number), 0); }
  /// Until the kernel reports the child stopped.
  void wait_until_stopped() {
    int status = 0;
    ASSERT_EQ(::waitpid(pid_, &status, WUNTRACED), pid_);
    ASSERT_TRUE(WIFSTOPPED(status));
  }
  /// Its exit code, or minus the signal that ended it.
  int wait() {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

 private:
  pid_t pid_ = -1;
  int in_ = -1;
  int out_ = -1;
};

inline SqliteOptions options_for(const std::string& path) { return {.path = path, .table = "app"}; }

/// A store that is ready for use; fails the test when it is not.
inline std::shared_ptr<ItemStore> ready_store(const SqliteOptions& options) {
  auto store = open_sqlite_item_store(options);
  if (!store) {
    ADD_FAILURE() << store.error().message;
    return nullptr;
  }
  const auto ensured = (*store)->ensure(CreateTable::if_missing, Call{});
  if (!ensured) ADD_FAILURE() << ensured.error().message;
  return *store;
}

}  // namespace kcl::scratch
