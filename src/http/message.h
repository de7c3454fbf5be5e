// One HTTP exchange as values: what goes out, what comes back, what went wrong.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace kcl::http {

struct Header {
  std::string name;
  std::string value;
  friend bool operator==(const Header&, const Header&) = default;
};
using Headers = std::vector<Header>;

struct Request {
  std::string method = "POST";
  /// http:// or https://, without user and password.
  std::string url;
  /// Host is derived from the url (with its port, unless that is the scheme's own) unless it is given here.
  /// Content-Length is the client's to set. Nothing else is added but User-Agent.
  Headers headers;
  std::string body;
  /// A longer answer is an error (too_large), and is cut off while it arrives.
  std::size_t max_body_bytes = 16UL << 20;
  /// False: no proxy, whatever the environment says. For metadata addresses, which only this host can reach.
  bool use_proxy = true;
  /// Never repeated by libcurl either (see client.h): what is lost with a kept connection is then an Error (broken,
  /// sent). For writes, which must not meet their own first copy.
  bool send_once = false;
};

struct Response {
  int status = 0;
  /// In the order of arrival, names in lower case. Of the answer itself: not of a proxy's CONNECT, nor of a 100, nor
  /// trailers.
  Headers headers;
  /// Never null. Complete: a body that was cut short is an Error, and so is one whose only end is the connection's. The
  /// transport's chunks were copied once, into this.
  std::shared_ptr<std::string> body;

  /// The first of that name; null without one.
  const std::string* header(std::string_view lower_case_name) const noexcept;
};

struct Error {
  enum class Kind : std::uint8_t {
    bad_request,  ///< the url, the method or a header cannot be sent: repeating is useless
    unresolved,   ///< no address for the host's name, or none in time (ClientOptions::connect_timeout)
    unreachable,  ///< no connection, or none in time (connect_timeout), or the proxy did not make one
    untrusted,    ///< the peer's certificate is not one we trust: repeating is useless until a person has looked
    tls,          ///< CA file or protocol; also a peer that hung up during the handshake, which may pass
    timeout,      ///< the deadline came first
    broken,       ///< reset, cut short, or not HTTP
    too_large,    ///< more than Request::max_body_bytes
    cancelled,    ///< the Client is gone
  };
  Kind kind = Kind::broken;
  /// False only when it is certain that no byte of the request went out, nor will, on any connection.
  bool sent = false;
  /// One line for people: what happened with which host and port, and what to look at. No secrets, no headers.
  std::string message;
};

std::string_view name_of(Error::Kind kind) noexcept;

}  // namespace kcl::http
