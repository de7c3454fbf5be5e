#include "server/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "server/connection.h"

namespace kcl::server {

namespace {

constexpr std::size_t kScratchBytes = 256 << 10;
constexpr int kAcceptsPerTurn = 32;
constexpr std::chrono::milliseconds kAcceptPause{100};

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
  bool is_v6 = false;

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

Address parse_address(const std::string& text, std::uint16_t port) {
  Address address;
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  if (::inet_pton(AF_INET, text.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    address.size = sizeof v4;
    std::memcpy(&address.storage, &v4, sizeof v4);
  } else if (::inet_pton(AF_INET6, text.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    address.size = sizeof v6;
    address.is_v6 = true;
    std::memcpy(&address.storage, &v6, sizeof v6);
  } else {
    throw std::invalid_argument("'" + text + "' is no IP address");
  }
  return address;
}

std::uint16_t port_of(int socket) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  ::getsockname(socket, reinterpret_cast<sockaddr*>(&storage), &size);
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  if (storage.ss_family == AF_INET) {
    std::memcpy(&v4, &storage, sizeof v4);
    return ntohs(v4.sin_port);
  }
  std::memcpy(&v6, &storage, sizeof v6);
  return ntohs(v6.sin6_port);
}

ServerOptions completed(ServerOptions options) {
  options.local_only |= options.address.starts_with("127.") || options.address == "::1";
  return options;
}

int listen_at(const ServerOptions& options) {
  const Address address = parse_address(options.address, options.port);
  const int socket = ::socket(address.is_v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (socket < 0) throw std::system_error(errno, std::generic_category(), "socket");
  const int on = 1;
  ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(socket, address.get(), address.size) < 0 || ::listen(socket, SOMAXCONN) < 0) {
    const std::system_error failure(errno, std::generic_category(),
                                    options.address + " port " + std::to_string(options.port));
    ::close(socket);
    throw failure;
  }
  return socket;
}

}  // namespace

struct Server::State {
  Handler& handler;
  std::string scratch = std::string(kScratchBytes, '\0');
  Connections connections;
};

Server::Server(base::PollLoop& loop, ServerOptions options, Handler& handler)
    : loop_(loop),
      options_(completed(std::move(options))),
      state_(std::make_shared<State>(State{.handler = handler, .connections = {}})),
      listener_(listen_at(options_)),
      port_(port_of(listener_)),
      accept_again_(loop, [this] { watch_->want(true, false); }) {
  try {
    watch_ = std::make_unique<base::DescriptorWatch>(loop_, listener_, [this](base::Readiness) { accept_some(); });
    watch_->want(true, false);
  } catch (...) {
    watch_ = nullptr;
    ::close(listener_);
    throw;
  }
}

Server::~Server() {
  watch_ = nullptr;
  ::close(listener_);
}

std::string Server::url() const {
  const bool is_v6 = options_.address.find(':') != std::string::npos;
  const std::string host = is_v6 ? "[" + options_.address + "]" : options_.address;
  return "http://" + host + ":" + std::to_string(port_);
}

Server::Connections::iterator Server::longest_idle() {
  auto& connections = state_->connections;
  auto longest = connections.end();
  base::BootTime since = base::kForever;
  for (auto it = connections.begin(); it != connections.end(); ++it) {
    const auto idle = it->second->idle_since();
    if (!idle || *idle >= since) continue;
    longest = it;
    since = *idle;
  }
  return longest;
}

void Server::accept_some() {
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    const bool full = state_->connections.size() >= options_.max_connections;
    const auto least = full ? longest_idle() : state_->connections.end();
    const bool has_room = !full || least != state_->connections.end();
    const int fd = !has_room ? -1 : ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) {
      if (has_room && (errno == EAGAIN || errno == ECONNABORTED || errno == EINTR)) return;
      return pause_accepting();
    }
    if (full) state_->connections.erase(least);
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    // The connection's own calls are on the stack when it retires: it goes later.
    const std::weak_ptr<State> state = state_;
    const std::uint64_t id = ++accepted_;
    const auto retire = [this_loop = &loop_, state, id] {
      this_loop->post([state, id] {
        if (const auto alive = state.lock()) alive->connections.erase(id);
      });
    };
    try {
      state_->connections.emplace(
          id, std::make_unique<Connection>(loop_, fd, options_, state_->handler, state_->scratch, retire));
    } catch (const std::system_error&) {
      return pause_accepting();  // out of watches: this client sees a closed connection, the next ones wait
    }
  }
}

void Server::pause_accepting() {
  watch_->want(false, false);
  accept_again_.arm(loop_.now() + kAcceptPause);
}

}  // namespace kcl::server
