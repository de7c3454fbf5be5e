// A client that shares no code with the server: a blocking socket, bytes out and bytes in. Every wait has an end.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace kcl::server {

class HttpClient {
 public:
  struct Answer {
    int status = 0;
    std::string head;
    std::string body;
  };

  explicit HttpClient(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    const timeval patience{.tv_sec = 20, .tv_usec = 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;
  ~HttpClient() { close(); }

  void close() {
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
  }

  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  void post(std::string_view headers, std::string_view body, std::string_view path = "/") {
    std::string request = "POST ";
    request.append(path).append(" HTTP/1.1\r\nHost: localhost\r\nContent-Length: ");
    send(request + std::to_string(body.size()) + "\r\n" + std::string(headers) + "\r\n" + std::string(body));
  }

  /// More bytes into the buffer; false at the end.
  bool receive() {
    std::array<char, 65'536> bytes{};
    const ssize_t size = ::recv(socket_, bytes.data(), bytes.size(), 0);
    was_reset_ = size < 0;
    if (size <= 0) return false;
    received_.append(bytes.data(), static_cast<std::size_t>(size));
    return true;
  }

  /// One answer with a Content-Length; of one that breaks off, what came. Status 0: none.
  Answer answer() {
    Answer answer;
    std::size_t end = 0;
    while ((end = received_.find("\r\n\r\n")) == std::string::npos) {
      if (!receive()) return answer;
    }
    answer.head = received_.substr(0, end + 2);
    answer.status = std::atoi(answer.head.c_str() + 9);
    received_.erase(0, end + 4);
    const std::size_t field = answer.head.find("Content-Length: ");
    const auto size =
        field == std::string::npos ? 0U : static_cast<std::size_t>(std::atoll(answer.head.c_str() + field + 16));
    while (received_.size() < size && receive()) {
    }
    answer.body = received_.substr(0, size);
    received_.erase(0, answer.body.size());
    return answer;
  }

  /// All that comes until the other side closes.
  std::string rest() {
    while (receive()) {
    }
    return received_;
  }

  const std::string& received() const { return received_; }
  /// Whether the last receive() ended by a reset rather than an end.
  bool was_reset() const { return was_reset_; }

 private:
  int socket_;
  std::string received_;
  bool was_reset_ = false;
};

}  // namespace kcl::server
