#include "server/server.h"

#include <gtest/gtest.h>

#include <functional>
#include <latch>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/poll_loop.h"
#include "base/run_on.h"
#include "http_client.h"

namespace kcl::server {
namespace {

using Answering = std::function<void(Request, std::shared_ptr<Reply>)>;

class Scripted final : public Handler {
 public:
  explicit Scripted(Answering answering) : answering_(std::move(answering)) {}
  void handle(Request request, std::shared_ptr<Reply> reply) override {
    answering_(std::move(request), std::move(reply));
  }

 private:
  Answering answering_;
};

class ServerTest : public ::testing::Test {
 protected:
  ~ServerTest() override {
    base::run_on(loop_, [&] {
      held_ = nullptr;
      server_.reset();
    });
  }

  std::uint16_t serve(Answering answering, ServerOptions options = {}) {
    handler_.emplace(std::move(answering));
    base::run_on(loop_, [&] { server_.emplace(loop_, options, *handler_); });
    return server_->port();
  }

  /// The body comes back.
  std::uint16_t serve_echo(ServerOptions options = {}) {
    return serve(
        [](Request request, const std::shared_ptr<Reply>& reply) {
          reply->send({.status = 200, .headers = {{"X-Path", std::string(request.path())}}, .body = request.body});
        },
        std::move(options));
  }

  base::PollLoop loop_;
  std::optional<Scripted> handler_;
  std::optional<Server> server_;
  std::shared_ptr<Reply> held_;
};

TEST_F(ServerTest, AnswersOneRequestAfterTheOtherOnAConnection) {
  HttpClient client(serve_echo());
  for (const std::string body : {"first", "", "third"}) {
    client.post("", body);
    const auto answer = client.answer();
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, body);
  }
}

TEST_F(ServerTest, AnswersRequestsThatCameTogetherInTheirOrder) {
  HttpClient client(serve_echo());
  std::string requests;
  for (int i = 0; i < 20; ++i) {
    const std::string body = std::to_string(i);
    requests += "POST / HTTP/1.1\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }
  client.send(requests);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(client.answer().body, std::to_string(i));
}

TEST_F(ServerTest, TakesAndGivesBodiesLargerThanAnySocketBuffer) {
  HttpClient client(serve_echo());
  std::string body(20 << 20, 'x');
  for (std::size_t i = 0; i < body.size(); i += 997) body[i] = static_cast<char>('a' + i % 26);
  std::thread writer([&] { client.post("", body); });
  const auto answer = client.answer();
  writer.join();
  EXPECT_TRUE(answer.body == body);
}

TEST_F(ServerTest, AsksForABodyThatWaits) {
  HttpClient client(serve_echo());
  client.send("POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(client.answer().status, 100);
  client.send("ok");
  EXPECT_EQ(client.answer().body, "ok");
}

TEST_F(ServerTest, ClosesWhenAskedTo) {
  HttpClient client(serve_echo());
  client.send("GET /path HTTP/1.1\r\nConnection: close\r\n\r\n");
  const auto answer = client.answer();
  EXPECT_NE(answer.head.find("X-Path: /path"), std::string::npos);
  EXPECT_NE(answer.head.find("Connection: close"), std::string::npos);
  EXPECT_FALSE(client.receive());
  EXPECT_FALSE(client.was_reset());
}

TEST_F(ServerTest, LetsTheClientReadWhyItsRequestIsRefused) {
  HttpClient client(serve_echo({.limits = {.body_bytes = 100}}));
  client.post("", std::string(1 << 20, 'x'));
  EXPECT_EQ(client.answer().status, 413);
  EXPECT_FALSE(client.receive());
}

// A client that says nothing keeps nobody out, however many of it there are.
TEST_F(ServerTest, WhoHasBeenSilentForLongestMakesRoom) {
  const std::uint16_t port = serve_echo({.max_connections = 4});
  std::vector<std::unique_ptr<HttpClient>> silent;
  for (int i = 0; i < 20; ++i) {
    silent.push_back(std::make_unique<HttpClient>(port));
    silent.back()->send("POST / HTTP/1.1\r\nContent-Le");
  }
  HttpClient client(port);
  client.post("", "hello");
  EXPECT_EQ(client.answer().body, "hello");
  EXPECT_FALSE(silent.front()->receive()) << "closed";
}

TEST_F(ServerTest, ARequestInHandIsNotPutOut) {
  std::latch asked(1);
  const std::uint16_t port = serve(
      [&](const Request&, std::shared_ptr<Reply> reply) {
        held_ = std::move(reply);
        asked.count_down();
      },
      {.max_connections = 1});
  HttpClient first(port);
  first.post("", "");
  asked.wait();
  HttpClient second(port);
  second.post("", "");
  base::run_on(loop_, [&] { std::exchange(held_, nullptr)->send({.body = "first"}); });
  EXPECT_EQ(first.answer().body, "first");
}

TEST_F(ServerTest, OnLoopbackOnlyThisMachineIsAskedFor) {
  const std::uint16_t port = serve_echo();
  const auto status_of = [&](const std::string& host) {
    HttpClient client(port);
    client.send("GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
    return client.answer().status;
  };
  for (const std::string own : {"localhost", "LocalHost:4567", "kinesis.localhost:1", "127.0.0.1:80", "[::1]:80", ""})
    EXPECT_EQ(status_of(own), 200) << own;
  for (const std::string other : {"evil.example", "evil.example:4567", "localhost.evil.example", "notlocalhost"})
    EXPECT_EQ(status_of(other), 403) << other;
}

TEST_F(ServerTest, AnswersHeadWithoutABody) {
  HttpClient client(serve([](const Request&, const std::shared_ptr<Reply>& reply) { reply->send({.body = "body"}); }));
  client.send("HEAD / HTTP/1.1\r\nConnection: close\r\n\r\n");
  const std::string all = client.rest();
  EXPECT_NE(all.find("Content-Length: 4"), std::string::npos);
  EXPECT_TRUE(all.ends_with("\r\n\r\n"));
}

TEST_F(ServerTest, AnswersAHandlerThatThrows) {
  HttpClient client(serve([](const Request&, const std::shared_ptr<Reply>&) { throw std::runtime_error("broken"); }));
  client.post("", "");
  EXPECT_EQ(client.answer().status, 500);
  client.post("", "");
  EXPECT_EQ(client.answer().status, 500);
}

TEST_F(ServerTest, ClosesWhenNobodyWillAnswer) {
  HttpClient client(serve([](const Request&, const std::shared_ptr<Reply>&) {}));
  client.post("", "");
  EXPECT_EQ(client.answer().status, 0);
}

TEST_F(ServerTest, AnswersLater) {
  const std::uint16_t port = serve([&](const Request&, std::shared_ptr<Reply> reply) { held_ = std::move(reply); });
  HttpClient client(port);
  client.post("", "");
  HttpClient other(port);  // is not held up, nor does it find the first one's answer
  while (true) {
    bool arrived = false;
    base::run_on(loop_, [&] { arrived = held_ != nullptr; });
    if (arrived) break;
  }
  base::run_on(loop_, [&] { held_->send({.body = "late"}); });
  EXPECT_EQ(client.answer().body, "late");
}

TEST_F(ServerTest, BreaksOffInTheMiddleOfAnAnswer) {
  HttpClient client(
      serve([](const Request&, const std::shared_ptr<Reply>& reply) { reply->send_part({.body = "0123456789"}, 4); }));
  client.post("", "");
  const auto answer = client.answer();
  EXPECT_NE(answer.head.find("Content-Length: 10"), std::string::npos);
  EXPECT_EQ(answer.body, "0123");
}

TEST_F(ServerTest, ResetsAConnection) {
  HttpClient client(serve([](const Request&, const std::shared_ptr<Reply>& reply) { reply->reset(); }));
  client.post("", "");
  EXPECT_FALSE(client.receive());
  EXPECT_TRUE(client.was_reset());
}

TEST_F(ServerTest, StreamsAnAnswerAndGoesOnBehindIt) {
  HttpClient client(serve([](const Request&, const std::shared_ptr<Reply>& reply) {
    reply->begin({.headers = {{"X-Stream", "1"}}});
    reply->write("abc");
    reply->write(std::string(16, 'z'));
    reply->finish();
  }));
  client.post("", "");
  client.send("GET / HTTP/1.1\r\nConnection: close\r\n\r\n");
  const std::string all = client.rest();
  const std::string body = "\r\n\r\n3\r\nabc\r\n10\r\nzzzzzzzzzzzzzzzz\r\n0\r\n\r\n";
  EXPECT_NE(all.find("Transfer-Encoding: chunked"), std::string::npos);
  EXPECT_NE(all.find(body), std::string::npos);
  EXPECT_TRUE(all.ends_with(body));
}

TEST_F(ServerTest, TellsAStreamWhenItIsDrainedAndWhenItsClientHasGone) {
  std::latch drained(1);
  std::latch closed(1);
  bool first = true;
  const std::uint16_t port = serve([&](const Request&, std::shared_ptr<Reply> reply) {
    reply->begin({});
    reply->watch(
        [&] {
          if (std::exchange(first, false)) drained.count_down();
        },
        [&] { closed.count_down(); });
    reply->write(std::string(32 << 20, 'x'));
    EXPECT_FALSE(reply->drained());
    held_ = std::move(reply);
  });
  HttpClient client(port);
  client.post("", "");
  std::size_t received = 0;
  while (received < (32U << 20)) {
    ASSERT_TRUE(client.receive());
    received = client.received().size();
  }
  drained.wait();
  base::run_on(loop_, [&] { EXPECT_TRUE(held_->drained()); });
  client.close();
  closed.wait();
  // Its owner may still call it.
  base::run_on(loop_, [&] {
    held_->write("more");
    held_->finish();
  });
}

TEST_F(ServerTest, SurvivesClientsThatGoAwayWhenTheyLike) {
  const std::uint16_t port = serve([&](const Request& request, const std::shared_ptr<Reply>& reply) {
    reply->send({.body = std::string(request.body.size() * 1'000, 'y')});
  });
  for (int i = 0; i < 50; ++i) {
    HttpClient client(port);
    client.send(
        std::string("POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n123456789").substr(0, static_cast<std::size_t>(i)));
    if (i % 2 == 0) client.close();
  }
  HttpClient client(port);
  client.post("", "1");
  EXPECT_EQ(client.answer().body.size(), 1'000U);
}

TEST_F(ServerTest, ListensOnlyWhereItIsTold) {
  const ServerOptions nowhere{.address = "localhost"};
  std::string said;
  Scripted handler([](const Request&, const std::shared_ptr<Reply>&) {});
  base::run_on(loop_, [&] {
    try {
      const Server server(loop_, nowhere, handler);
    } catch (const std::invalid_argument& error) {
      said = error.what();
    }
  });
  EXPECT_EQ(said, "'localhost' is no IP address");
}

TEST_F(ServerTest, SaysWhichPortIsTaken) {
  const std::uint16_t port = serve_echo();
  std::string said;
  base::run_on(loop_, [&] {
    try {
      const Server second(loop_, {.port = port}, *handler_);
    } catch (const std::system_error& error) {
      said = error.what();
    }
  });
  EXPECT_NE(said.find("127.0.0.1 port " + std::to_string(port)), std::string::npos) << said;
}

}  // namespace
}  // namespace kcl::server
