// `kclpp local` without limits in a process of its own, so that what is measured here is the client alone. Made before
// this process has threads.
#pragma once

#include <cstddef>
#include <cstdint>

#include <sys/types.h>

namespace kcl::bench {

class ServerProcess {
 public:
  /// With one stream, "bench".
  explicit ServerProcess(std::size_t shards);
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;
  ~ServerProcess();

  std::uint16_t port() const noexcept { return port_; }

 private:
  pid_t pid_ = 0;
  /// Closed when this process ends in whatever way: the server ends with it.
  int lifeline_ = -1;
  std::uint16_t port_ = 0;
};

}  // namespace kcl::bench
