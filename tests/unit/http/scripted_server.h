// A server on 127.0.0.1 that does with each connection what a script says, however rude: for the tests of whatever
// speaks HTTP. Raw sockets, a thread per connection, TLS on demand; it can stand in for a proxy.
//
//   ScriptedServer server([](Wire& wire) {
//     while (wire.read_request()) wire.write(answer(200, "hello"));
//   });
//
// The connection is closed in the orderly way when the script returns. The destructor ends all scripts: their reads
// come back empty, their pauses end.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace kcl::test {

/// A certificate that is its own authority, and its key. Both PEM.
struct Certificate {
  std::string certificate;
  std::string key;
};

struct CertificateWish {
  /// Subject alternative names, as OpenSSL writes them.
  std::string names = "DNS:localhost,IP:127.0.0.1";
  bool expired = false;
};
Certificate make_certificate(const CertificateWish& wish = {});

struct ReceivedRequest {
  std::string method;
  /// As it was sent: a path, or with a proxy a url, or "host:port" of a CONNECT.
  std::string target;
  /// Names in lower case, in the order of arrival.
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  /// 1 is the server's first connection.
  std::size_t connection = 0;

  /// The first of that name; empty without one.
  std::string header(std::string_view lower_case_name) const;
};

/// A whole answer with a Content-Length. `headers` are lines that end in "\r\n".
std::string answer(int status, std::string_view body, std::string_view headers = "");

class ScriptedServer;

/// One connection, as its script sees it.
class Wire {
 public:
  /// Empty when the other side hung up, or the server stops.
  std::optional<ReceivedRequest> read_request();
  /// False when the other side is gone.
  bool write(std::string_view bytes);
  /// False when the server stops.
  bool pause(std::chrono::milliseconds time);
  /// Until the other side hangs up, or the server stops. Reads nothing else.
  void wait_for_end();
  /// Ends the connection with a reset, at once.
  void reset();
  /// Copies both ways to a port of 127.0.0.1 until either side hangs up: what a proxy does after CONNECT.
  void tunnel_to(int port);

  /// 1 is the server's first.
  std::size_t number() const noexcept { return number_; }
  ScriptedServer& server() noexcept { return server_; }

 private:
  friend class ScriptedServer;
  struct Tls;
  Wire(ScriptedServer& server, int fd, std::size_t number);
  ~Wire();
  bool handshake();
  bool read_more();

  ScriptedServer& server_;
  int fd_;
  const std::size_t number_;
  std::unique_ptr<Tls> tls_;
  std::string unread_;
};

class ScriptedServer {
 public:
  using Script = std::function<void(Wire&)>;

  explicit ScriptedServer(Script script, std::optional<Certificate> tls = std::nullopt);
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;
  ~ScriptedServer();

  /// For every request on every connection: what comes back. Keeps connections alive.
  static Script answering(std::function<std::string(const ReceivedRequest&)> reply);

  int port() const noexcept { return port_; }
  /// http:// or https://, with 127.0.0.1.
  std::string url(std::string_view path = "/") const;

  /// From now on connections are refused. Scripts may call it.
  void stop_listening();

  /// Every request that was read to its end, in order.
  std::vector<ReceivedRequest> requests() const;
  std::size_t connections() const noexcept { return connections_.load(); }
  std::size_t open_connections() const;

 private:
  friend class Wire;
  struct TlsContext;
  void listen();
  void serve(int fd, std::size_t number);
  void note(const ReceivedRequest& request);

  const Script script_;
  const std::unique_ptr<TlsContext> tls_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<std::size_t> connections_{0};

  mutable std::mutex mutex_;
  std::condition_variable stop_;
  bool stopping_ = false;
  std::vector<int> open_;
  std::vector<ReceivedRequest> requests_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

/// A port of 127.0.0.1 on which connecting never ends: its queue is full and nobody accepts.
class FullPort {
 public:
  FullPort();
  FullPort(const FullPort&) = delete;
  FullPort& operator=(const FullPort&) = delete;
  ~FullPort();
  std::string url() const;

 private:
  std::vector<int> sockets_;
  int port_ = 0;
};

/// A port of 127.0.0.1 that refuses connections for as long as this lives: taken, and nobody listens.
class RefusingPort {
 public:
  RefusingPort();
  RefusingPort(const RefusingPort&) = delete;
  RefusingPort& operator=(const RefusingPort&) = delete;
  ~RefusingPort();
  int port() const noexcept { return port_; }
  std::string url() const;

 private:
  int socket_ = -1;
  int port_ = 0;
};

}  // namespace kcl::test
