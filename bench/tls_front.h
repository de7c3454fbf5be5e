// TLS before a port of this machine: nghttpx, in a process of its own, with a certificate made for it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>

namespace kcl::bench {

class TlsFront {
 public:
  TlsFront(std::uint16_t port, bool http2);
  TlsFront(const TlsFront&) = delete;
  TlsFront& operator=(const TlsFront&) = delete;
  ~TlsFront();

  std::string url() const { return "https://localhost:" + std::to_string(port_); }
  /// The file of the certificate, which is its own authority.
  std::string certificate() const { return folder_ / "cert.pem"; }

 private:
  std::filesystem::path folder_;
  std::uint16_t port_ = 0;
  pid_t pid_ = 0;
};

}  // namespace kcl::bench
