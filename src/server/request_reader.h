// Bytes of a connection in, requests out: HTTP/1.1 by Boost.Beast, without its sockets. Takes any bytes.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>

#include "server/http.h"

namespace kcl::server {

struct ReadLimits {
  /// Of all that is no body, each by itself: the headers, the head of a chunk, the trailers.
  std::size_t header_bytes = 64 << 10;
  std::size_t body_bytes = 32 << 20;
};

class RequestReader {
 public:
  explicit RequestReader(ReadLimits limits);
  RequestReader(const RequestReader&) = delete;
  RequestReader& operator=(const RequestReader&) = delete;
  ~RequestReader();

  /// Takes some of `bytes` and says how many. 0: what came is not enough to go on; give it again with what follows it.
  /// Precondition: no request is ready, nothing has failed.
  std::size_t take(std::string_view bytes);

  /// Whether part of a request has been taken.
  bool has_begun() const;
  /// Whether the client waits for "100 Continue" before it sends the body. Told once.
  bool take_expectation();

  /// Whether a whole request has been read.
  bool ready() const;
  /// Precondition: ready(). The reader goes on to the next request.
  Request take_request();
  /// Whether the connection may be used on behind the request that was taken last.
  bool keep_alive() const;

  /// The status to answer with, when what came is no request: 400, 413 or 431. Empty otherwise.
  std::optional<int> failure() const;

 private:
  struct State;
  void start();

  const ReadLimits limits_;
  std::unique_ptr<State> state_;
  bool keep_alive_ = true;
};

}  // namespace kcl::server
