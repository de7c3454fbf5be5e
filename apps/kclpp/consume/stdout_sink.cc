#include "consume/stdout_sink.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <climits>
#include <iterator>
#include <stdexcept>

#include <kcl/errors.h>

#include "base/text.h"

namespace kclpp::consume {

namespace {

using std::chrono::milliseconds;

/// How often a writer that waits looks whether it still may.
constexpr milliseconds kLook{100};
/// What is formatted ahead of stdout, per shard. Batches of 10 MB from many shards would be much memory.
constexpr std::size_t kChunkBytes = 256UL << 10;

[[noreturn]] void give_up() { throw kcl::RetryLater(milliseconds(100)); }

bool is_writable(int fd) {
  const int flags = ::fcntl(fd, F_GETFL);
  return flags >= 0 && (flags & O_ACCMODE) != O_RDONLY;
}

std::string path_of(int fd) { return "/proc/self/fd/" + std::to_string(fd); }

/// O_NONBLOCK on `fd` itself would be seen by everyone who shares it, the user's shell for one.
int reopen_nonblocking(int fd) { return ::open(path_of(fd).c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY); }

/// Whether a regular file's last line, before where `fd` writes, lacks its newline. False when the file cannot be read.
bool ends_in_a_cut_line(int fd) {
  const int readable = ::open(path_of(fd).c_str(), O_RDONLY | O_CLOEXEC);
  if (readable < 0) return false;
  const bool appends = (::fcntl(fd, F_GETFL) & O_APPEND) != 0;
  const off_t position = appends ? ::lseek(readable, 0, SEEK_END) : ::lseek(fd, 0, SEEK_CUR);
  char last = '\n';
  const bool known = position > 0 && ::pread(readable, &last, 1, position - 1) == 1;
  ::close(readable);
  return known && last != '\n';
}

}  // namespace

/// A place in the queue of writers: the turn is ours when it is the first one.
class SharedOutput::Turn {
 public:
  Turn(SharedOutput& output, const Permit& permit) : output_(output) {
    std::unique_lock lock(output_.mutex_);
    ticket_ = output_.next_ticket_++;
    output_.queue_.push_back(ticket_);
    while (output_.queue_.front() != ticket_) {
      if (output_.gone_ || permit.withdrawn()) {
        leave();
        give_up();
      }
      output_.turn_ended_.wait_for(lock, kLook);
    }
  }
  ~Turn() {
    const std::lock_guard lock(output_.mutex_);
    leave();
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  void leave() {
    std::erase(output_.queue_, ticket_);
    output_.turn_ended_.notify_all();
  }

  SharedOutput& output_;
  std::uint64_t ticket_ = 0;
};

SharedOutput::SharedOutput(int fd, milliseconds patience) : patience_(patience), fd_(fd) {
  if (!is_writable(fd)) throw OutputGone("it is not open for writing");
  open(fd);
}

SharedOutput::~SharedOutput() {
  if (owned_) ::close(fd_);
}

void SharedOutput::open(int fd) {
  struct stat about{};
  if (::fstat(fd, &about) != 0) throw OutputGone(kcl::base::error_text(errno));
  if (S_ISSOCK(about.st_mode)) {
    kind_ = Kind::socket;
    return;
  }
  // An earlier run's full disk: what follows a cut line would be lost with it.
  if (S_ISREG(about.st_mode) && ends_in_a_cut_line(fd)) owed_ = "\n";
  if (!S_ISFIFO(about.st_mode) && ::isatty(fd) == 0) return;
  const int own = reopen_nonblocking(fd);
  if (own < 0) {
    kind_ = Kind::shared_pipe;
    return;
  }
  kind_ = Kind::nonblocking;
  fd_ = own;
  owned_ = true;
}

void SharedOutput::write(const Lines& lines, const Permit& permit) {
  const Turn turn(*this, permit);
  if (gone_) give_up();
  const Drained before = drain(owed_, permit);
  owed_.erase(0, before.written);
  if (before.error != 0) fail(before.error);
  if (!owed_.empty()) give_up();

  const Drained drained = drain(lines.bytes, permit);
  if (drained.written == lines.bytes.size()) return;
  const auto cut = std::upper_bound(lines.ends.begin(), lines.ends.end(), drained.written);
  const std::size_t begin = cut == lines.ends.begin() ? 0 : *std::prev(cut);
  if (drained.written > begin) owed_ = lines.bytes.substr(drained.written, *cut - drained.written);
  if (drained.error != 0) fail(drained.error);
  give_up();
}

SharedOutput::Drained SharedOutput::drain(std::string_view bytes, const Permit& permit) {
  Drained drained;
  // When the worker stops, the writers in the queue need not each find out that nobody reads.
  milliseconds quiet = stalled_ ? patience_ : milliseconds(0);
  while (drained.written < bytes.size() && !permit.withdrawn()) {
    const ssize_t written = write_some(bytes.substr(drained.written));
    if (written >= 0) {
      drained.written += static_cast<std::size_t>(written);
      quiet = milliseconds(0);
      stalled_ = false;
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN) {
      drained.error = errno;
      return drained;
    }
    if (permit.stopping() && quiet >= patience_) {
      stalled_ = true;
      return drained;
    }
    wait_until_writable(kLook);
    quiet += kLook;
  }
  return drained;
}

/// As ::write, but never blocks for long: EAGAIN.
ssize_t SharedOutput::write_some(std::string_view bytes) const {
  switch (kind_) {
    case Kind::socket:
      return ::send(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    case Kind::shared_pipe: {
      // What poll() calls writable takes this much without blocking (POSIX: PIPE_BUF).
      pollfd look{.fd = fd_, .events = POLLOUT, .revents = 0};
      if (::poll(&look, 1, 0) == 0) {
        errno = EAGAIN;
        return -1;
      }
      return ::write(fd_, bytes.data(), std::min<std::size_t>(bytes.size(), PIPE_BUF));
    }
    case Kind::file:
    case Kind::nonblocking:
      break;
  }
  return ::write(fd_, bytes.data(), bytes.size());
}

void SharedOutput::wait_until_writable(milliseconds at_most) const {
  pollfd writable{.fd = fd_, .events = POLLOUT, .revents = 0};
  ::poll(&writable, 1, static_cast<int>(at_most.count()));
}

void SharedOutput::fail(int error) {
  const std::string what = kcl::base::error_text(error);
  // Room can be made; a reader that went away never comes back.
  if (error == ENOSPC || error == EDQUOT || error == EFBIG) {
    throw std::runtime_error("stdout takes nothing more: " + what + "; make room, and the batch is written again");
  }
  gone_ = true;
  throw OutputGone(what);
}

void StdoutSink::take(const Delivery& delivery) {
  Lines lines;
  for (const kcl::Record& record : delivery.batch) {
    append(lines, format_, delivery.source(), record);
    if (lines.bytes.size() < kChunkBytes) continue;
    output_.write(lines, delivery.permit);
    lines.clear();
  }
  if (!lines.ends.empty()) output_.write(lines, delivery.permit);
}

}  // namespace kclpp::consume
