// A client for benches, on a socket of its own: it costs next to nothing beside what is measured.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"
#include "wire/document_writer.h"
#include "wire/kinesis_answers.h"

namespace kcl::bench {

using wire::DocumentWriter;
using wire::Protocol;

class Client {
 public:
  explicit Client(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int connected = ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    base::check(connected == 0, "the server can be reached");
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client() { ::close(socket_); }

  /// The answer's body; only its size is looked at unless `keep`.
  std::size_t call(Protocol protocol, std::string_view operation, std::string_view body, std::string* keep = nullptr) {
    std::string head = "POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: Kinesis_20131202.";
    head.append(operation).append("\r\nContent-Type: ").append(wire::content_type(protocol));
    return exchange(std::move(head), body, keep);
  }

  /// What the server does wrong from now on (docs/local.md).
  void faults(std::string_view plan) { exchange("PUT /_kclpp/faults HTTP/1.1\r\nHost: localhost", plan, nullptr); }

 private:
  std::size_t exchange(std::string request, std::string_view body, std::string* keep) {
    request += "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n";
    request += body;
    for (std::string_view rest = request; !rest.empty();) {
      const ssize_t sent = ::send(socket_, rest.data(), rest.size(), MSG_NOSIGNAL);
      base::check(sent > 0, "the server takes what is sent");
      rest.remove_prefix(static_cast<std::size_t>(sent));
    }
    std::string head;
    std::size_t end = 0;
    while ((end = head.find("\r\n\r\n")) == std::string::npos) head += receive();
    base::check(head.starts_with("HTTP/1.1 200"), head);
    const auto size = static_cast<std::size_t>(std::atoll(head.c_str() + head.find("Content-Length: ") + 16));
    std::size_t received = head.size() - end - 4;
    if (keep != nullptr) *keep = head.substr(end + 4);
    while (received < size) {
      const std::string_view more = receive();
      received += more.size();
      if (keep != nullptr) *keep += more;
    }
    return size;
  }

  std::string_view receive() {
    const ssize_t size = ::recv(socket_, buffer_.data(), buffer_.size(), 0);
    base::check(size > 0, "the server answers");
    return {buffer_.data(), static_cast<std::size_t>(size)};
  }

  int socket_;
  std::array<char, 256 << 10> buffer_{};
};

struct Put {
  std::string partition_key;
  std::string data;
  /// Empty: by the key.
  std::string hash_key;
};

inline std::string put_body(Protocol protocol, const std::vector<Put>& records) {
  std::string body;
  DocumentWriter out(protocol, body);
  out.begin_map();
  out.name("StreamName");
  out.text("bench");
  out.name("Records");
  out.begin_array();
  for (const Put& record : records) {
    out.begin_map();
    out.name("PartitionKey");
    out.text(record.partition_key);
    if (!record.hash_key.empty()) {
      out.name("ExplicitHashKey");
      out.text(record.hash_key);
    }
    out.name("Data");
    out.bytes(record.data);
    out.end_map();
  }
  out.end_array();
  out.end_map();
  return body;
}

/// So many records of other keys and the same data.
inline std::string put_body(Protocol protocol, std::size_t records, const std::string& data,
                            const std::string& hash_key = {}) {
  std::vector<Put> puts;
  puts.reserve(records);
  for (std::size_t i = 0; i < records; ++i)
    puts.push_back({.partition_key = "key " + std::to_string(i), .data = data, .hash_key = hash_key});
  return put_body(protocol, puts);
}

inline std::string body_of(Protocol protocol,
                           std::initializer_list<std::pair<std::string_view, std::string_view>> members) {
  std::string body;
  DocumentWriter out(protocol, body);
  out.begin_map();
  for (const auto& [name, value] : members) {
    out.name(name);
    out.text(value);
  }
  out.end_map();
  return body;
}

}  // namespace kcl::bench
