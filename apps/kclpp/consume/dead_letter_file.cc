#include "consume/dead_letter_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <stdexcept>
#include <string_view>
#include <utility>

#include <kcl/errors.h>

#include "base/text.h"
#include "base/wall_clock.h"
#include "consume/output.h"

namespace kclpp::consume {

namespace {

// Of a new file: it holds whole records.
constexpr mode_t kMode = 0600;

class File {
 public:
  /// O_NONBLOCK: a pipe that nobody reads is an error, not a wait.
  File(const std::string& path, int flags)
      : path_(path), fd_(::open(path.c_str(), flags | O_NONBLOCK | O_CLOEXEC | O_NOCTTY, kMode)) {
    if (fd_ < 0) fail(errno);
  }
  ~File() { ::close(fd_); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  int fd() const noexcept { return fd_; }
  struct stat look() const {
    struct stat about{};
    if (::fstat(fd_, &about) != 0) fail(errno);
    return about;
  }
  /// True: ours until it is closed.
  bool lock() const {
    if (::flock(fd_, LOCK_EX | LOCK_NB) == 0) return true;
    if (errno != EWOULDBLOCK) fail(errno);
    return false;
  }
  void write(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t written = ::write(fd_, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) fail(errno);
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
  }
  void sync() const {
    if (::fsync(fd_) != 0) fail(errno);
  }
  [[noreturn]] void fail(int error) const {
    throw std::runtime_error("the dead-letter file " + path_ + ": " + kcl::base::error_text(error));
  }

 private:
  const std::string& path_;
  int fd_;
};

bool ends_in_a_cut_line(const File& file, off_t size) {
  char last = 0;
  return size > 0 && ::pread(file.fd(), &last, 1, size - 1) == 1 && last != '\n';
}

/// A file that was just made survives a power cut only once its directory is on the disk.
void sync_directory(const std::string& path) {
  const std::string directory = std::filesystem::path(path).parent_path().string();
  const std::string name = directory.empty() ? "." : directory;
  const File opened(name, O_RDONLY | O_DIRECTORY);
  opened.sync();
}

}  // namespace

DeadLetterFile::DeadLetterFile(std::string path, bool names_stream)
    : path_(std::move(path)), names_stream_(names_stream) {
  const File file(path_, O_RDWR | O_APPEND | O_CREAT);
  if (!S_ISREG(file.look().st_mode)) {
    throw std::runtime_error("the dead-letter file " + path_ + ": no regular file, so nothing would be safe there");
  }
}

void DeadLetterFile::take(const kcl::DeadLetter& letter) {
  std::string line = dead_letter_line(
      {.stream = names_stream_ ? letter.shard.stream() : std::string_view(), .shard_id = letter.shard.shard_id()},
      letter.record, {.error = letter.error, .attempts = letter.attempts, .time = kcl::base::wall_now()});
  const File file(path_, O_RDWR | O_APPEND | O_CREAT);
  if (!file.lock()) throw kcl::RetryLater(std::chrono::milliseconds(50));
  const off_t size = file.look().st_size;
  if (ends_in_a_cut_line(file, size)) line.insert(0, 1, '\n');
  file.write(line);
  file.sync();
  if (size == 0) sync_directory(path_);
}

}  // namespace kclpp::consume
