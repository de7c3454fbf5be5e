#include "worker/monitor.h"

#include <cstdint>
#include <exception>
#include <map>
#include <optional>
#include <utility>

#include "base/poll_loop.h"
#include "base/run_on.h"
#include "server/server.h"
#include "sinks/prometheus_metrics.h"
#include "sinks/prometheus_text.h"
#include "worker/strand_link.h"

namespace kcl::worker {

namespace {

/// For the worker's event loop to answer. It never blocks: this long it only takes on a machine that is overwhelmed.
constexpr base::Duration kPatience = std::chrono::seconds(5);

server::Response answer(int status, std::string_view type, std::string body) {
  return {.status = status,
          .headers = {{"Content-Type", std::string(type)}, {"Cache-Control", "no-store"}},
          .body = std::move(body)};
}

server::Response plain(int status, std::string text) {
  return answer(status, "text/plain; charset=utf-8", std::move(text) + '\n');
}

}  // namespace

/// Lives on its own strand, but for its ends.
class Monitor::Pages final : public server::Handler {
 public:
  Pages(const server::ListenAddress& address, Identity identity, const Prometheus& prometheus, Ask ask)
      : identity_(std::move(identity)),
        metrics_(prometheus, identity_.application),
        ask_(std::move(ask)),
        link_(std::make_shared<StrandLink<Pages>>(loop_, *this)) {
    std::exception_ptr failure;
    base::run_on(loop_, [&] {
      try {
        // Whoever reaches it may only ask: short questions, and nobody keeps others from it for long.
        server_.emplace(loop_,
                        server::ServerOptions{.address = address.address,
                                              .port = address.port,
                                              .limits = {.header_bytes = 8 << 10, .body_bytes = 0},
                                              .max_connections = 64,
                                              .idle_timeout = std::chrono::seconds(10),
                                              .stall_timeout = std::chrono::seconds(10)},
                        *this);
        url_ = server_->url();
      } catch (...) {
        failure = std::current_exception();
      }
    });
    if (failure) std::rethrow_exception(failure);
  }
  ~Pages() override {
    base::run_on(loop_, [this] {
      link_->close();
      waiting_.clear();
      server_.reset();
    });
  }

  const std::string& url() const noexcept { return url_; }

  void handle(server::Request request, std::shared_ptr<server::Reply> reply) override {
    const Page page = page_at(request.path());
    if (page == nullptr)
      return reply->send(plain(404, "no such page; there are /metrics, /livez, /readyz, /status and /"));
    if (request.method != "GET" && request.method != "HEAD") return reply->send(plain(405, "GET is right"));
    const std::uint64_t number = ++asked_;
    auto patience = std::make_unique<base::Timer>(loop_, [this, number] {
      // In a turn of its own: a timer may not be destroyed by its own action.
      loop_.post([this, number] { send(number, plain(503, "the worker's event loop has not answered for 5 s")); });
    });
    patience->arm(loop_.now() + kPatience);
    waiting_.emplace(number, Waiting{.reply = std::move(reply), .patience = std::move(patience)});
    ask_([link = link_, number, page](Seen seen) {
      link->post([number, page, seen = std::move(seen)](Pages& self) { self.send(number, (self.*page)(seen)); });
    });
  }

 private:
  using Page = server::Response (Pages::*)(const Seen&);
  struct Waiting {
    std::shared_ptr<server::Reply> reply;
    std::unique_ptr<base::Timer> patience;
  };

  static Page page_at(std::string_view path) {
    if (path == "/metrics") return &Pages::metrics;
    if (path == "/livez") return &Pages::livez;
    if (path == "/readyz") return &Pages::readyz;
    if (path == "/status") return &Pages::status;
    if (path == "/") return &Pages::people;
    return nullptr;
  }

  /// The worker's answer, or that there was none: whichever comes first.
  void send(std::uint64_t number, server::Response response) {
    const auto waiting = waiting_.find(number);
    if (waiting == waiting_.end()) return;
    waiting->second.reply->send(std::move(response));
    waiting_.erase(waiting);
  }

  server::Response metrics(const Seen& seen) {
    return answer(200, sinks::kPrometheusContentType,
                  sinks::prometheus_text(metrics_.take(seen.metrics, loop_.wall())));
  }
  server::Response livez(const Seen&) { return plain(200, "alive"); }
  server::Response readyz(const Seen& seen) {
    if (seen.status.state == WorkerState::running) return plain(200, "ready");
    std::string text(name_of(seen.status.state));
    if (!seen.status.message.empty()) text += ": " + seen.status.message;
    return plain(503, std::move(text));
  }
  server::Response status(const Seen& seen) {
    return answer(200, "application/json", status_json(identity_, seen.status, loop_.wall()));
  }
  server::Response people(const Seen& seen) {
    return answer(200, "text/html; charset=utf-8", status_page(identity_, seen.status, loop_.wall()));
  }

  const Identity identity_;
  sinks::PrometheusMetrics metrics_;
  const Ask ask_;
  base::PollLoop loop_;
  std::shared_ptr<StrandLink<Pages>> link_;
  std::optional<server::Server> server_;
  std::string url_;
  std::map<std::uint64_t, Waiting> waiting_;
  std::uint64_t asked_ = 0;
};

Monitor::Monitor(const server::ListenAddress& address, Identity identity, const Prometheus& prometheus, Ask ask)
    : pages_(std::make_unique<Pages>(address, std::move(identity), prometheus, std::move(ask))) {}
Monitor::~Monitor() = default;

std::string Monitor::url() const { return pages_->url(); }

}  // namespace kcl::worker
