#include "tls_front.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <system_error>
#include <thread>
#include <vector>

#include "base/check.h"

namespace kcl::bench {

using base::check;
using namespace std::chrono_literals;

namespace {

std::uint16_t free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  // The sockets API takes every family through this type.
  auto* any = reinterpret_cast<sockaddr*>(&address);
  check(::bind(socket, any, size) == 0 && ::getsockname(socket, any, &size) == 0, "a port is free");
  ::close(socket);
  return ntohs(address.sin_port);
}

}  // namespace

TlsFront::TlsFront(std::uint16_t port, bool http2)
    : folder_(std::filesystem::temp_directory_path() / "kclpp-bench-XXXXXX") {
  std::string name = folder_;
  check(::mkdtemp(name.data()) != nullptr, "a folder can be made");
  folder_ = name;
  const std::string make =
      "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext "
      "subjectAltName=DNS:localhost -keyout " +
      name + "/key.pem -out " + name + "/cert.pem 2>/dev/null";
  check(std::system(make.c_str()) == 0, "openssl makes a certificate (scripts/setup --full installs it)");
  port_ = free_port();
  std::vector<std::string> arguments{"nghttpx",
                                     "--frontend=127.0.0.1," + std::to_string(port_),
                                     "--backend=127.0.0.1," + std::to_string(port),
                                     "--conf=/dev/null",
                                     "--workers=1",
                                     "--single-process",
                                     "--errorlog-file=" + name + "/nghttpx.log",
                                     std::string("--npn-list=") + (http2 ? "h2,http/1.1" : "http/1.1"),
                                     name + "/key.pem",
                                     name + "/cert.pem"};
  pid_ = ::fork();
  check(pid_ >= 0, "a process can be made");
  if (pid_ == 0) {
    std::vector<char*> pointers;
    for (std::string& argument : arguments) pointers.push_back(argument.data());
    pointers.push_back(nullptr);
    ::execvp("nghttpx", pointers.data());
    ::_exit(127);
  }
  std::this_thread::sleep_for(1s);
  check(::waitpid(pid_, nullptr, WNOHANG) == 0, "nghttpx starts (scripts/setup --full installs it)");
}

TlsFront::~TlsFront() {
  ::kill(pid_, SIGTERM);
  ::waitpid(pid_, nullptr, 0);
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

}  // namespace kcl::bench
