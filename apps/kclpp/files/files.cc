#include "files/files.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/text.h"

namespace kclpp {

namespace {

/// A descriptor of ours, closed at the end.
class File {
 public:
  explicit File(int fd) : fd_(fd) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  int fd() const noexcept { return fd_; }

 private:
  int fd_;
};

bool write_all(int fd, const std::string& text) {
  std::size_t done = 0;
  while (done < text.size()) {
    const auto written = ::write(fd, text.data() + done, text.size() - done);
    if (written < 0 && errno != EINTR) return false;
    if (written > 0) done += static_cast<std::size_t>(written);
  }
  return true;
}

std::string about(const std::string& path, int error) { return path + ": " + kcl::base::error_text(error); }

}  // namespace

std::string write_stdout(const std::string& text) {
  return write_all(STDOUT_FILENO, text) ? std::string() : about("stdout", errno);
}

std::string write_new_file(const std::string& path, const std::string& text) {
  const File file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (file.fd() < 0) return about(path, errno);
  if (write_all(file.fd(), text) && ::fsync(file.fd()) == 0) return {};
  const int error = errno;
  ::unlink(path.c_str());
  return about(path, error);
}

kcl::Result<std::string, std::string> read_file(const std::string& path) {
  const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.fd() < 0) return kcl::Failure{about(path, errno)};
  std::string text;
  std::array<char, 65'536> block{};
  for (;;) {
    const auto got = ::read(file.fd(), block.data(), block.size());
    if (got == 0) return text;
    if (got < 0 && errno != EINTR) return kcl::Failure{about(path, errno)};
    if (got > 0) text.append(block.data(), static_cast<std::size_t>(got));
  }
}

}  // namespace kclpp
