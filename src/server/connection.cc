#include "server/connection.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <exception>
#include <utility>

#include "server/local_host.h"
#include "server/status.h"

namespace kcl::server {

namespace {

constexpr std::size_t kBuffersPerWrite = 16;
constexpr std::chrono::milliseconds kLinger{2'000};

std::string chunk_head(std::size_t size) {
  std::array<char, 32> text{};
  const int length = std::snprintf(text.data(), text.size(), "%zx\r\n", size);
  return {text.data(), static_cast<std::size_t>(length)};
}

}  // namespace

/// Outlives the connection if its owner keeps it; `connection` is null from the end of either on.
class Connection::Exchange final : public Reply {
 public:
  explicit Exchange(Connection& connection) : connection_(&connection) {}
  ~Exchange() override {
    if (connection_ == nullptr) return;
    Connection& connection = *std::exchange(connection_, nullptr);
    connection.exchange_ = nullptr;
    connection.close();
  }

  void send(Response response) override {
    const std::size_t size = response.body.size();
    answer(std::move(response), size, false);
  }
  void send_part(Response response, std::size_t body_bytes) override { answer(std::move(response), body_bytes, true); }
  void begin(Response head) override {
    begun_ = true;
    if (connection_ != nullptr) connection_->begin_answer(head, "Transfer-Encoding: chunked\r\n");
  }
  void write(std::string bytes) override {
    if (connection_ == nullptr || bytes.empty()) return;
    connection_->put(chunk_head(bytes.size()));
    connection_->put(std::move(bytes));
    connection_->put("\r\n");
    connection_->flush();
  }
  void finish() override {
    if (connection_ == nullptr) return;
    connection_->put("0\r\n\r\n");
    done(false);
  }
  void watch(std::function<void()> on_drained, std::function<void()> on_closed) override {
    on_drained_ = std::move(on_drained);
    on_closed_ = std::move(on_closed);
  }
  bool drained() const override { return connection_ == nullptr || connection_->output_.empty(); }
  void close() override {
    if (connection_ != nullptr) done(true);
  }
  void reset() override {
    on_closed_ = nullptr;
    if (connection_ != nullptr) connection_->close(true);
  }

  /// The handler broke.
  void fail() {
    if (begun_) return reset();
    send({.status = 500, .headers = {}, .body = {}});
  }

  void tell_drained() {
    if (const auto call = on_drained_) call();
  }
  void tell_closed() {
    connection_ = nullptr;
    if (const auto call = std::exchange(on_closed_, nullptr)) call();
  }

 private:
  void answer(Response response, std::size_t body_bytes, bool close) {
    if (connection_ == nullptr) return;
    connection_->begin_answer(response, "Content-Length: " + std::to_string(response.body.size()) + "\r\n");
    response.body.resize(connection_->head_only_ ? 0 : std::min(body_bytes, response.body.size()));
    if (!response.body.empty()) connection_->put(std::move(response.body));
    done(close);
  }

  void done(bool close) {
    Connection& connection = *std::exchange(connection_, nullptr);
    connection.exchange_ = nullptr;
    connection.end_answer(close);
  }

  Connection* connection_;
  bool begun_ = false;
  std::function<void()> on_drained_;
  std::function<void()> on_closed_;
};

Connection::Connection(base::PollLoop& loop, int fd, const ServerOptions& options, Handler& handler,
                       std::string& scratch, std::function<void()> retire)
    : loop_(loop),
      fd_(fd),
      options_(options),
      handler_(handler),
      scratch_(scratch),
      retire_(std::move(retire)),
      reader_(options.limits),
      active_(loop.now()),
      deadline_(loop, [this] { on_deadline(); }) {
  try {
    watch_ = std::make_unique<base::DescriptorWatch>(loop_, fd_, [this](base::Readiness r) { on_ready(r); });
    watch_->want(true, false);
  } catch (...) {
    watch_ = nullptr;
    ::close(fd_);
    throw;
  }
  set_deadline();
}

Connection::~Connection() {
  retire_ = nullptr;
  close();
}

std::optional<base::BootTime> Connection::idle_since() const {
  return exchange_ == nullptr ? std::optional(active_) : std::nullopt;
}

void Connection::on_ready(base::Readiness readiness) {
  active_ = loop_.now();
  if (readiness.writable) flush();
  if (!closed_ && readiness.readable) receive();
  // A client that closes its side waits for no answer any more. What it asked before has been received, or will be.
  if (!closed_ && readiness.hung_up && (exchange_ != nullptr || !output_.empty())) close();
  if (!closed_) proceed();
}

// --- reading ---

void Connection::receive() {
  const ssize_t size = ::recv(fd_, scratch_.data(), scratch_.size(), 0);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (size <= 0) return close();
  if (lingering_) return;
  const std::string_view bytes(scratch_.data(), static_cast<std::size_t>(size));
  if (!input_.empty()) {
    input_ += bytes;
    return;
  }
  feed(bytes);
}

/// Without a copy, as far as the reader takes it.
void Connection::feed(std::string_view bytes) {
  while (!bytes.empty() && !reader_.ready() && !reader_.failure()) {
    const std::size_t taken = reader_.take(bytes);
    if (taken == 0) break;
    bytes.remove_prefix(taken);
  }
  input_ = bytes;
}

void Connection::serve() {
  if (serving_) return;
  serving_ = true;
  while (!closed_ && !lingering_ && exchange_ == nullptr && output_.empty() && !close_after_output_) {
    if (!input_.empty() && !reader_.ready()) {
      const std::string bytes = std::exchange(input_, {});
      feed(bytes);
    }
    if (const auto status = reader_.failure()) {
      refuse(*status);
    } else if (reader_.ready()) {
      hand_over(reader_.take_request());
    } else {
      if (reader_.take_expectation()) put("HTTP/1.1 100 Continue\r\n\r\n");
      break;
    }
  }
  serving_ = false;
}

void Connection::hand_over(Request request) {
  if (options_.local_only && !names_this_host(request.header("host")))
    return refuse(403, "this server is for this machine alone: reach it by 127.0.0.1 or localhost\n");
  auto exchange = std::make_shared<Exchange>(*this);
  exchange_ = exchange.get();
  head_only_ = request.method == "HEAD";
  reading_ = false;
  deadline_.cancel();
  try {
    handler_.handle(std::move(request), exchange);
  } catch (const std::exception&) {
    exchange->fail();
  }
}

void Connection::refuse(int status, std::string why) {
  begin_answer({.status = status, .headers = {}, .body = {}},
               "Content-Length: " + std::to_string(why.size()) + "\r\nConnection: close\r\n");
  if (!why.empty()) put(std::move(why));
  end_answer(true);
}

// --- writing ---

void Connection::begin_answer(const Response& head, std::string_view framing) {
  std::string text = "HTTP/1.1 " + std::to_string(head.status) + ' ' + std::string(reason_of(head.status)) + "\r\n";
  for (const Header& header : head.headers) text += header.name + ": " + header.value + "\r\n";
  text += framing;
  if (exchange_ != nullptr && !reader_.keep_alive()) text += "Connection: close\r\n";
  put(text + "\r\n");
}

void Connection::put(std::string bytes) { output_.push_back(std::move(bytes)); }

void Connection::end_answer(bool close) {
  close_after_output_ = close || !reader_.keep_alive();
  flush();
  if (!closed_ && !serving_) proceed();
}

void Connection::flush() {
  bool sent_any = false;
  while (!closed_ && !output_.empty()) {
    std::array<iovec, kBuffersPerWrite> buffers{};
    const std::size_t count = std::min(output_.size(), buffers.size());
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t skipped = i == 0 ? sent_ : 0;
      buffers[i] = {output_[i].data() + skipped, output_[i].size() - skipped};
    }
    msghdr message{};
    message.msg_iov = buffers.data();
    message.msg_iovlen = count;
    const ssize_t size = ::sendmsg(fd_, &message, MSG_NOSIGNAL);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == EAGAIN) break;
    if (size < 0) return break_off();
    sent_any = true;
    sent_ += static_cast<std::size_t>(size);
    while (!output_.empty() && sent_ >= output_.front().size()) {
      sent_ -= output_.front().size();
      output_.pop_front();
    }
  }
  if (closed_) return;
  watch_->want(wants_to_read(), !output_.empty());
  if (sent_any && !output_.empty()) deadline_.arm(loop_.now() + options_.stall_timeout);
}

/// The peer is gone. The descriptor tells so, too, and that call closes: here we may be inside one of the handler's.
void Connection::break_off() {
  output_.clear();
  sent_ = 0;
  close_after_output_ = true;
}

bool Connection::wants_to_read() const { return lingering_ || (exchange_ == nullptr && output_.empty()); }

void Connection::proceed() {
  if (!output_.empty()) flush();
  if (closed_) return;
  if (output_.empty()) {
    if (exchange_ != nullptr) {
      exchange_->tell_drained();
    } else if (close_after_output_) {
      return begin_close();
    } else {
      serve();
      if (!output_.empty()) flush();
      if (!closed_ && close_after_output_ && output_.empty() && exchange_ == nullptr) return begin_close();
    }
  }
  if (closed_) return;
  watch_->want(wants_to_read(), !output_.empty());
  set_deadline();
}

// --- ends ---

void Connection::set_deadline() {
  if (!output_.empty()) {
    if (!deadline_.armed()) deadline_.arm(loop_.now() + options_.stall_timeout);
  } else if (exchange_ != nullptr) {
    deadline_.cancel();
  } else if (!reader_.has_begun()) {
    deadline_.arm(loop_.now() + options_.idle_timeout);
  } else if (!std::exchange(reading_, true)) {
    deadline_.arm(loop_.now() + options_.stall_timeout);
  }
}

void Connection::on_deadline() { close(); }

void Connection::begin_close() {
  if (lingering_ || closed_) return;
  lingering_ = true;
  ::shutdown(fd_, SHUT_WR);
  watch_->want(true, false);
  deadline_.arm(loop_.now() + kLinger);
}

void Connection::close(bool reset) {
  if (std::exchange(closed_, true)) return;
  deadline_.cancel();
  watch_ = nullptr;
  if (reset) {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  }
  ::close(fd_);
  if (exchange_ != nullptr) std::exchange(exchange_, nullptr)->tell_closed();
  if (const auto retire = std::exchange(retire_, nullptr)) retire();
}

}  // namespace kcl::server
