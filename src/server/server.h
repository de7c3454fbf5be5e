// The one HTTP server: HTTP/1.1 with keep-alive, whole answers and streamed ones, on one strand.
//
// It is for loopback and for trusted networks: no TLS, no HTTP/2; put a proxy (nghttpx) in front for those. A handler's
// answers are written without copying their bodies. Bounded: headers, bodies, connections, and the time that a client
// may take over a request or over taking an answer; how much of a streamed answer waits is its handler's business
// (Reply::drained). Handlers are called on the strand and must not block it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "base/poll_loop.h"
#include "server/http.h"
#include "server/request_reader.h"

namespace kcl::server {

struct ServerOptions {
  /// An IPv4 or IPv6 address of this host.
  std::string address = "127.0.0.1";
  /// 0: a free one.
  std::uint16_t port = 0;
  ReadLimits limits;
  /// When there are so many, a new one takes the place of the one that has been without a request for longest.
  std::size_t max_connections = 10'000;
  /// Answers only requests whose Host is this machine. Set by the server where `address` is a loopback one.
  bool local_only = false;
  /// Of a connection without a request.
  std::chrono::milliseconds idle_timeout{75'000};
  /// From a request's first byte to its last, and for each time that a client takes no byte of an answer.
  std::chrono::milliseconds stall_timeout{60'000};
};

class Connection;

class Server {
 public:
  /// On the strand, as everything else. Listens at once. Throws std::system_error, or std::invalid_argument when
  /// `address` is none. `loop` and `handler` outlive the server.
  Server(base::PollLoop& loop, ServerOptions options, Handler& handler);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  /// Closes every connection, whatever is under way on it.
  ~Server();

  std::uint16_t port() const noexcept { return port_; }
  /// "http://127.0.0.1:4567".
  std::string url() const;

 private:
  using Connections = std::unordered_map<std::uint64_t, std::unique_ptr<Connection>>;

  void accept_some();
  /// The end when every connection has a request in hand.
  Connections::iterator longest_idle();
  void pause_accepting();

  base::PollLoop& loop_;
  const ServerOptions options_;
  struct State;
  std::shared_ptr<State> state_;
  std::uint64_t accepted_ = 0;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::unique_ptr<base::DescriptorWatch> watch_;
  /// Out of descriptors: accept again later, instead of being told all the time.
  base::Timer accept_again_;
};

}  // namespace kcl::server
