// An HTTP client for code on a strand, over libcurl.
//
// send() answers by about its deadline, whatever libcurl, a name server or the other side does: the strand's own timer
// sees to that. It never answers inline. Destroying its frame cancels the transfer; what comes for it later is dropped.
//
// HTTP/1.1 with connections kept alive (or, on demand, HTTP/2 over TLS), TLS 1.2 or later, always verified. Redirects
// are answers like others, cookies and .netrc are not looked at, bodies come as they are (no compression). Proxies are
// those of the environment, as libcurl reads it: http_proxy, https_proxy, all_proxy, no_proxy. It is read with each
// request, on a reactor: a program that changes its environment meanwhile races with that.
//
// A request whose connection was kept alive and died before the first byte of the answer is sent again by libcurl, once
// the connection is made anew: a write can be refused because of its own first copy. `Error::sent` counts both.
// Request::send_once forbids it.
//
// Lives on the strand of `loop`, which outlives it. Owns its threads (reactors); several clients keep their traffic
// apart. Any number of requests may be under way: each has a deadline.
#pragma once

#include <chrono>
#include <cstddef>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <kcl/result.h>

#include "base/loop.h"
#include "base/task.h"
#include "http/body_stream.h"
#include "http/message.h"
#include "ports/answer.h"

namespace kcl::http {

class Reactor;
class Transfer;
class UnderWay;

struct ClientOptions {
  /// Threads, each with connections of its own. At least 1.
  int reactors = 1;
  /// Of each reactor. Requests above it wait for a free connection until their deadline. At least 1.
  std::size_t max_connections_per_host = 128;
  /// Certificates of the authorities to trust, PEM, instead of the system's. Empty: the system's. Clients do not look
  /// at SSL_CERT_FILE or AWS_CA_BUNDLE: whoever makes them does.
  std::string ca_file;
  /// Name look-up, connection and TLS handshake together.
  std::chrono::milliseconds connect_timeout{3'000};
  /// A connection that was idle for longer is not used again. Shorter than the shortest patience on the way: AWS load
  /// balancers hang up after 60 s (Elastic Load Balancing, "Idle timeout"), where the AWS SDK for Java 2 lets go, too.
  std::chrono::seconds max_idle{50};
  /// HTTP/2 over TLS where the server speaks it. No two transfers share a connection all the same.
  bool http2 = false;
  std::string user_agent = "kclpp";
};

class Client {
 public:
  using Reply = base::Task<ports::Answer<Result<Response, Error>>>;

  /// Throws std::system_error or std::runtime_error when threads or libcurl cannot be started, std::invalid_argument
  /// for options that cannot work.
  Client(base::Loop& loop, const ClientOptions& options);
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  /// On the strand. Every send() that has not answered answers `cancelled`, through the loop: its task may outlive the
  /// client, not the loop. Joins the reactors, which takes no longer than a turn of each.
  ~Client();

  /// `timing.sent` is right before the hand-over to a reactor, `timing.received` when the answer is on the strand;
  /// `server_time` is left empty: reading it takes knowing whose clock `date` is. Nothing goes out before the task is
  /// awaited, nor after the deadline.
  Reply send(Request request, base::BootTime deadline);

  using Opening = base::Task<ports::Answer<Result<std::unique_ptr<BodyStream>, Error>>>;
  /// As send(), but it answers as soon as status and headers are there; the body is taken from the stream (see there),
  /// however long it is. `window`: bytes that may wait there.
  Opening open(Request request, std::size_t window, base::BootTime deadline);

 private:
  /// Knows nothing of the client, which may be gone whenever it goes on.
  static Reply answer_of(base::Loop& loop, std::unique_ptr<UnderWay> under_way, base::BootTime deadline);
  static Opening head_of(base::Loop& loop, std::unique_ptr<UnderWay> under_way, base::BootTime deadline);
  std::unique_ptr<UnderWay> under_way(Request request, std::optional<std::size_t> window);
  Reactor& next_reactor();

  base::Loop& loop_;
  std::vector<std::unique_ptr<Reactor>> reactors_;
  std::size_t next_reactor_ = 0;
  std::list<std::shared_ptr<Transfer>> under_way_;
};

}  // namespace kcl::http
