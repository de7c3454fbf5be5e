// One client's connection: reads a request, lets the handler answer, writes the answer, and so on. See server.h.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/poll_loop.h"
#include "server/http.h"
#include "server/request_reader.h"
#include "server/server.h"

namespace kcl::server {

class Connection {
 public:
  /// Takes `fd` over. `retire` is called once, when the connection is at its end: it may destroy the connection later,
  /// but not inside that call. `scratch` is a buffer to receive into that connections share.
  Connection(base::PollLoop& loop, int fd, const ServerOptions& options, Handler& handler, std::string& scratch,
             std::function<void()> retire);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  /// Since when its client has neither sent nor taken anything; nothing while a request is in hand.
  std::optional<base::BootTime> idle_since() const;

 private:
  class Exchange;

  void on_ready(base::Readiness readiness);
  void receive();
  void feed(std::string_view bytes);
  void serve();
  void hand_over(Request request);
  void refuse(int status, std::string why = {});

  // Of the exchange in hand.
  void begin_answer(const Response& head, std::string_view framing);
  void put(std::string bytes);
  void end_answer(bool close);

  void flush();
  void break_off();
  bool wants_to_read() const;
  /// Goes on with whatever is due now that something was read, answered or written.
  void proceed();
  void set_deadline();
  void on_deadline();
  void begin_close();
  void close(bool reset = false);

  base::PollLoop& loop_;
  const int fd_;
  const ServerOptions& options_;
  Handler& handler_;
  std::string& scratch_;
  std::function<void()> retire_;

  RequestReader reader_;
  /// Received and not yet taken by the reader.
  std::string input_;
  std::deque<std::string> output_;
  /// Of output_'s first string, so much is on its way.
  std::size_t sent_ = 0;
  /// The request in hand; null between requests.
  Exchange* exchange_ = nullptr;
  bool serving_ = false;
  bool head_only_ = false;
  /// Part of a request has come, and its deadline is set.
  bool reading_ = false;
  bool close_after_output_ = false;
  /// Our side is closed; what still comes is thrown away, so that the peer gets to read our last words.
  bool lingering_ = false;
  bool closed_ = false;
  base::BootTime active_;

  base::Timer deadline_;
  std::unique_ptr<base::DescriptorWatch> watch_;
};

}  // namespace kcl::server
