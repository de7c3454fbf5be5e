#include "http/blocking_send.h"

#include <exception>
#include <future>
#include <memory>
#include <optional>
#include <utility>

#include "base/event_loop.h"
#include "base/task_scope.h"

namespace kcl::http {

namespace {

using Outcome = Result<Response, Error>;

base::Task<void> forward(Client::Reply reply, std::promise<Outcome>& into) {
  auto answer = co_await std::move(reply);
  into.set_value(std::move(answer.value));
}

/// What lives on the strand.
struct Strand {
  Strand(base::Loop& loop, const ClientOptions& options)
      : client(std::in_place, loop, options), scope(loop, [](const std::string&, const std::exception_ptr&) {}) {}
  /// Absent once it is to end early.
  std::optional<Client> client;
  base::TaskScope scope;
};

class Exchange {
 public:
  explicit Exchange(const ClientOptions& options) {
    std::exception_ptr failure;
    loop_.run_and_wait([&] {
      try {
        strand_ = std::make_unique<Strand>(loop_, options);
      } catch (...) {
        failure = std::current_exception();
      }
    });
    if (failure) std::rethrow_exception(failure);
  }
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;
  ~Exchange() {
    loop_.run_and_wait([this] { strand_.reset(); });
  }

  Outcome run(Request request, std::chrono::milliseconds timeout, const std::stop_token& stop) {
    loop_.run_and_wait([&] {
      Client::Reply reply = strand_->client->send(std::move(request), loop_.now() + timeout);
      strand_->scope.spawn("exchange", forward(std::move(reply), answer_));
    });
    // A client that goes away answers what is under way as cancelled.
    const std::stop_callback cancel(stop, [this] {
      loop_.post([this] {
        if (strand_) strand_->client.reset();
      });
    });
    return answer_.get_future().get();
  }

 private:
  std::promise<Outcome> answer_;
  base::EventLoop loop_;
  std::unique_ptr<Strand> strand_;
};

}  // namespace

Outcome send_and_wait(Request request, const ClientOptions& options, std::chrono::milliseconds timeout,
                      const std::stop_token& stop) {
  return Exchange(options).run(std::move(request), timeout, stop);
}

}  // namespace kcl::http
