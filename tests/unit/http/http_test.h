// A strand with a client on it, for tests that wait on their own thread.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <exception>
#include <functional>
#include <latch>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/event_loop.h"
#include "base/task_scope.h"
#include "http/client.h"
#include "unit/http/scripted_server.h"

namespace kcl::http {

class HttpTest : public ::testing::Test {
 public:
  using Answer = ports::Answer<Result<Response, Error>>;
  /// Far longer than anything here takes: only a hang reaches it.
  static constexpr std::chrono::seconds kPatience{10};

  /// A request under way.
  struct Sending {
    std::optional<Answer> answer;
    std::latch done{1};
  };

 protected:
  HttpTest() {
    // Whoever runs these tests behind a proxy: they speak to this host.
    for (const char* name : {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"}) ::unsetenv(name);
    start_client({});
  }
  ~HttpTest() override {
    loop_.run_and_wait([this] {
      scope_.reset();
      client_.reset();
    });
  }

  /// The one before is gone first, with its threads: the environment may be changed between the two.
  void start_client(ClientOptions options) {
    loop_.run_and_wait([&] {
      client_.reset();
      if (!scope_) scope_ = make_scope();
      client_ = std::make_unique<Client>(loop_, std::move(options));
    });
  }

  std::unique_ptr<base::TaskScope> make_scope() {
    return std::make_unique<base::TaskScope>(
        loop_, [](const std::string& task, const std::exception_ptr&) { ADD_FAILURE() << task << " threw"; });
  }

  /// From any thread.
  std::shared_ptr<Sending> start(Request request, base::Duration timeout = kPatience) {
    auto sending = std::make_shared<Sending>();
    loop_.run_and_wait([&] { spawn(sending, std::move(request), timeout); });
    return sending;
  }

  Answer send(Request request, base::Duration timeout = kPatience) {
    const auto sending = start(std::move(request), timeout);
    sending->done.wait();
    return *std::move(sending->answer);
  }

  /// The error, or a made-up one that fits no expectation.
  Error failure(Request request, base::Duration timeout = kPatience) {
    auto answer = send(std::move(request), timeout);
    if (!answer.value) return answer.value.error();
    ADD_FAILURE() << "answered with status " << answer.value->status;
    return {.kind = Error::Kind::cancelled, .sent = false, .message = "an answer"};
  }

  /// Destroys the frames of all requests under way.
  void abandon() {
    loop_.run_and_wait([this] { scope_ = make_scope(); });
  }

  static Request get(std::string url) {
    Request request;
    request.method = "GET";
    request.url = std::move(url);
    return request;
  }
  static Request post(std::string url, std::string body) {
    Request request;
    request.url = std::move(url);
    request.body = std::move(body);
    return request;
  }

  /// Runs `begin()`, which makes a task, on the strand, and waits for what it answers.
  template <class Begin>
  auto wait_for(Begin begin) {
    return wait_for_answer(std::function(begin));
  }

  void spawn(std::shared_ptr<Sending> sending, Request request, base::Duration timeout) {
    scope_->spawn("request", keep(client_->send(std::move(request), loop_.now() + timeout), std::move(sending)));
  }

  base::EventLoop loop_;
  std::unique_ptr<base::TaskScope> scope_;
  std::unique_ptr<Client> client_;

 private:
  template <class T>
  T wait_for_answer(std::function<base::Task<T>()> begin) {
    std::optional<T> answer;
    std::latch done{1};
    loop_.run_and_wait([&] { scope_->spawn("call", keep_answer(begin(), answer, done)); });
    done.wait();
    return *std::move(answer);
  }
  template <class T>
  static base::Task<void> keep_answer(base::Task<T> call, std::optional<T>& into, std::latch& done) {
    auto answer = co_await std::move(call);
    into.emplace(std::move(answer));
    done.count_down();
  }
  static base::Task<void> keep(Client::Reply reply, std::shared_ptr<Sending> into) {
    auto answer = co_await std::move(reply);
    into->answer.emplace(std::move(answer));
    into->done.count_down();
  }
};

}  // namespace kcl::http
