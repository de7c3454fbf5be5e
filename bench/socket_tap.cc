#include "socket_tap.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <memory>
#include <string_view>
#include <thread>
#include <vector>

#include "base/check.h"
#include "figures.h"

namespace kcl::bench {

using base::check;

namespace {

constexpr std::string_view kMagic = "@mark:";
constexpr std::size_t kDigits = SocketTap::kMarkBytes - kMagic.size();
constexpr std::size_t kPiece = 64 << 10;

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

void at_once(int socket) {
  const int yes = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
}

bool write_all(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

/// One direction of a connection.
void copy(int from, int to, std::span<std::atomic<std::int64_t>> times) {
  // What could be the beginning of a mark stays in front of the next piece.
  std::vector<char> buffer(SocketTap::kMarkBytes + kPiece);
  std::size_t kept = 0;
  for (;;) {
    const ssize_t size = ::recv(from, buffer.data() + kept, kPiece, 0);
    if (size <= 0) break;
    const std::string_view all(buffer.data(), kept + static_cast<std::size_t>(size));
    const std::int64_t now = Clock::now().time_since_epoch().count();
    if (!times.empty()) {
      for (std::size_t at = 0; (at = all.find(kMagic, at)) != all.npos && at + SocketTap::kMarkBytes <= all.size();
           at += SocketTap::kMarkBytes) {
        const std::size_t number = SocketTap::number_of(all.substr(at, SocketTap::kMarkBytes));
        check(number < times.size(), "only marks that were put come");
        std::int64_t none = 0;
        times[number].compare_exchange_strong(none, now);
      }
    }
    if (!write_all(to, all.substr(kept))) break;
    const std::size_t keep = std::min(all.size(), SocketTap::kMarkBytes - 1);
    std::memmove(buffer.data(), all.data() + all.size() - keep, keep);
    kept = keep;
  }
  ::shutdown(to, SHUT_RDWR);
  ::shutdown(from, SHUT_RDWR);
}

[[noreturn]] void forward(int listener, std::uint16_t port, std::span<std::atomic<std::int64_t>> times) {
  // They end with the process; sockets that are done stay open until then.
  std::vector<std::jthread> copies;
  for (;;) {
    const int client = ::accept(listener, nullptr, nullptr);
    if (client < 0) ::_exit(0);
    const int server = ::socket(AF_INET, SOCK_STREAM, 0);
    const sockaddr_in address = loopback(port);
    check(::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0, "the server answers");
    at_once(client);
    at_once(server);
    copies.emplace_back([=] { copy(client, server, {}); });
    copies.emplace_back([=] { copy(server, client, times); });
  }
}

}  // namespace

SocketTap::SocketTap(std::uint16_t port, std::size_t marks) {
  using Time = std::atomic<std::int64_t>;
  void* memory = ::mmap(nullptr, marks * sizeof(Time), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  check(memory != MAP_FAILED, "memory can be shared");
  times_ = {static_cast<Time*>(memory), marks};
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = loopback(0);
  auto* any = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof address;
  check(::bind(listener, any, size) == 0 && ::listen(listener, 1'000) == 0 && ::getsockname(listener, any, &size) == 0,
        "a port is free");
  port_ = ntohs(address.sin_port);
  pid_ = ::fork();
  check(pid_ >= 0, "a process can be made");
  if (pid_ == 0) forward(listener, port, times_);
  ::close(listener);
}

SocketTap::~SocketTap() {
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  ::munmap(times_.data(), times_.size_bytes());
}

std::string SocketTap::mark(std::size_t number) {
  std::string digits = std::to_string(number);
  digits.insert(0, kDigits - digits.size(), '0');
  return std::string(kMagic) + digits;
}

std::size_t SocketTap::number_of(std::string_view text) {
  const std::string_view digits = text.substr(text.size() - kDigits);
  std::size_t number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number;
}

}  // namespace kcl::bench
