// The HTTP/1.1 server's side of the seam: what a handler is given and what it gives back.
//
// Everything here lives on the server's strand. A handler answers when it likes: at once, later, or bit by bit.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace kcl::server {

struct Header {
  std::string name;
  std::string value;
};

struct Request {
  /// "POST".
  std::string method;
  /// As in the request line: path, then '?' and a query if there is one.
  std::string target;
  /// In their order. Names are as they came.
  std::vector<Header> headers;
  std::string body;

  /// Of the first header of that name, whatever its case; empty when there is none. `lower_name` is in lower case.
  std::string_view header(std::string_view lower_name) const;
  /// The target without its query.
  std::string_view path() const;
};

/// Content-Length, Transfer-Encoding and Connection are the server's own business.
struct Response {
  int status = 200;
  std::vector<Header> headers;
  std::string body;
};

/// Where the answer to one request goes. A connection has one at a time, and reads the next request when it is done.
/// Calls after the connection has closed do nothing. When the last owner lets go of one that is not done, the
/// connection is closed.
class Reply {
 public:
  Reply() = default;
  Reply(const Reply&) = delete;
  Reply& operator=(const Reply&) = delete;
  virtual ~Reply() = default;

  // Once, one of:

  /// The whole answer.
  virtual void send(Response response) = 0;
  /// An answer that breaks off behind that many bytes of its body, though it announced all of them: the connection
  /// closes there. For tests of clients.
  virtual void send_part(Response response, std::size_t body_bytes) = 0;
  /// The beginning of an answer whose end is not known yet; its body is what write() brings.
  virtual void begin(Response head) = 0;

  // After begin():

  virtual void write(std::string bytes) = 0;
  virtual void finish() = 0;
  /// Calls `on_drained` whenever all that was written is on its way, and `on_closed` when the client has gone. Neither
  /// is called inside a call of the handler's.
  virtual void watch(std::function<void()> on_drained, std::function<void()> on_closed) = 0;

  // At any time:

  /// Whether all that was written is on its way.
  virtual bool drained() const = 0;
  /// Closes the connection when what was written is on its way.
  virtual void close() = 0;
  /// Breaks the connection off at once (RST).
  virtual void reset() = 0;
};

class Handler {
 public:
  Handler() = default;
  Handler(const Handler&) = delete;
  Handler& operator=(const Handler&) = delete;
  virtual ~Handler() = default;

  /// On the strand. An exception is answered by 500.
  virtual void handle(Request request, std::shared_ptr<Reply> reply) = 0;
};

}  // namespace kcl::server
