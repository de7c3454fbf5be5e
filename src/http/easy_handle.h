// One of libcurl's handles: turns a request into libcurl's options, and what libcurl calls back with into an answer.
// Used again and again: it keeps its TLS sessions. On the reactor's thread only.
#pragma once

#include <curl/curl.h>

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "http/body_pool.h"
#include "http/client.h"
#include "http/errors.h"
#include "http/transfer.h"

namespace kcl::http {

class EasyHandle {
 public:
  /// Throws std::runtime_error when libcurl does not know an option.
  /// `news`: where it puts transfers whose inflow the strand has to look at. `bodies`: memory for answers.
  EasyHandle(const ClientOptions& options, std::vector<std::shared_ptr<Transfer>>& news, BodyPool& bodies);
  EasyHandle(const EasyHandle&) = delete;
  EasyHandle& operator=(const EasyHandle&) = delete;

  CURL* get() const noexcept { return curl_.get(); }
  const std::shared_ptr<Transfer>& transfer() const noexcept { return transfer_; }

  /// Makes it ready to be added to a multi handle.
  void begin(std::shared_ptr<Transfer> transfer);
  /// The strand has made room. Calls libcurl, which calls back.
  void resume();
  /// Once it is done.
  Transfer::Outcome outcome(CURLcode code);
  /// Once it is removed from its multi handle.
  void end() noexcept;

 private:
  template <class Value>
  void set(CURLoption option, Value value);
  void set_common();
  void set_trust();
  void set_method();
  void set_headers();
  void add_header(const std::string& line);

  bool take_header_line(std::string_view line);
  bool take_body(std::string_view chunk);
  bool stream_body(std::string_view chunk);
  void reserve_body();
  bool has_known_end() const;

  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self) noexcept;
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self) noexcept;
  static int on_resolving(void* resolver, void* reserved, void* self) noexcept;
  static curl_socket_t on_socket(void* self, curlsocktype purpose, curl_sockaddr* address) noexcept;
  static int on_sending(void* self, char* to, char* from, int to_port, int from_port) noexcept;

  using Curl = std::unique_ptr<CURL, decltype(&curl_easy_cleanup)>;
  using List = std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)>;

  const ClientOptions& options_;
  std::vector<std::shared_ptr<Transfer>>& news_;
  BodyPool& bodies_;
  const Curl curl_;
  List request_headers_{nullptr, &curl_slist_free_all};
  std::shared_ptr<Transfer> transfer_;

  Response response_;
  bool headers_ended_ = false;
  std::size_t header_bytes_ = 0;
  Cut cut_ = Cut::none;
  std::array<char, CURL_ERROR_SIZE> words_{};
};

}  // namespace kcl::http
