// Stands between a worker and a server, in a process of its own, and notes when what it looks for is put on the
// worker's socket. Made before this process has threads.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace kcl::bench {

class SocketTap {
 public:
  /// Looks for so many marks in what comes from `port`.
  SocketTap(std::uint16_t port, std::size_t marks);
  SocketTap(const SocketTap&) = delete;
  SocketTap& operator=(const SocketTap&) = delete;
  ~SocketTap();

  std::uint16_t port() const noexcept { return port_; }
  /// Right before mark `number` was written: a time of Clock. 0: it was not.
  std::int64_t written(std::size_t number) const { return times_[number]; }

  /// Text that it looks for.
  static std::string mark(std::size_t number);
  static constexpr std::size_t kMarkBytes = 16;
  /// Of a text that ends with one.
  static std::size_t number_of(std::string_view text);

 private:
  /// Shared with the process.
  std::span<std::atomic<std::int64_t>> times_;
  pid_t pid_ = 0;
  std::uint16_t port_ = 0;
};

}  // namespace kcl::bench
