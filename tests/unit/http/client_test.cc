#include "http/client.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstddef>
#include <filesystem>
#include <iterator>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "unit/http/http_test.h"

namespace kcl::http {
namespace {

using std::chrono::milliseconds;
using test::answer;
using test::ReceivedRequest;
using test::ScriptedServer;
using test::Wire;

class HttpClient : public HttpTest {};

ScriptedServer::Script always(std::string what) {
  return ScriptedServer::answering([what = std::move(what)](const ReceivedRequest&) { return what; });
}

TEST_F(HttpClient, AnswersWithStatusHeadersAndBody) {
  ScriptedServer server(always(answer(200, "hello", "X-Amzn-RequestId: 7\r\nDate: \t today \r\nEmpty:\r\n")));
  const auto before = loop_.now();
  auto got = send(post(server.url("/path?query"), "question"));
  ASSERT_TRUE(got.value) << got.value.error().message;
  EXPECT_EQ(got.value->status, 200);
  ASSERT_TRUE(got.value->body);
  EXPECT_EQ(*got.value->body, "hello");
  ASSERT_TRUE(got.value->header("x-amzn-requestid"));
  EXPECT_EQ(*got.value->header("x-amzn-requestid"), "7");
  EXPECT_EQ(*got.value->header("date"), "today");
  EXPECT_EQ(*got.value->header("empty"), "");
  EXPECT_FALSE(got.value->header("x-absent"));
  EXPECT_EQ(got.value->headers.size(), 4U);
  EXPECT_LE(before, got.timing.sent);
  EXPECT_LT(got.timing.sent, got.timing.received);
  EXPECT_FALSE(got.timing.server_time);

  const auto seen = server.requests();
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].method, "POST");
  EXPECT_EQ(seen[0].target, "/path?query");
  EXPECT_EQ(seen[0].body, "question");
}

TEST_F(HttpClient, SendsTheHeadersItIsGivenAndNoMoreThanNeeded) {
  ScriptedServer server(always(answer(200, "")));
  Request request = post(server.url(), "four");
  request.headers = {{"X-Amz-Target", "Kinesis_20131202.GetRecords"}, {"X-Empty", ""}, {"Accept", "a/b"}};
  ASSERT_TRUE(send(request).value);
  ASSERT_TRUE(send(get(server.url())).value);
  Request named = post(server.url(), "");
  named.headers = {{"host", "elsewhere.example"}, {"Content-Type", "application/x-amz-cbor-1.1"}};
  ASSERT_TRUE(send(named).value);

  using Pairs = std::set<std::pair<std::string, std::string>>;
  const auto pairs = [](const ReceivedRequest& seen) { return Pairs(seen.headers.begin(), seen.headers.end()); };
  const std::string host = "127.0.0.1:" + std::to_string(server.port());
  const auto seen = server.requests();
  EXPECT_EQ(pairs(seen[0]), (Pairs{{"host", host},
                                   {"user-agent", "kclpp"},
                                   {"x-amz-target", "Kinesis_20131202.GetRecords"},
                                   {"x-empty", ""},
                                   {"accept", "a/b"},
                                   {"content-length", "4"}}));
  EXPECT_EQ(pairs(seen[1]), (Pairs{{"host", host}, {"user-agent", "kclpp"}}));
  EXPECT_EQ(pairs(seen[2]), (Pairs{{"host", "elsewhere.example"},
                                   {"user-agent", "kclpp"},
                                   {"content-type", "application/x-amz-cbor-1.1"},
                                   {"content-length", "0"}}));
}

TEST_F(HttpClient, SpeaksTheMethodsThatServicesAskFor) {
  ScriptedServer server(ScriptedServer::answering([](const ReceivedRequest& request) {
    return request.method == "HEAD" ? "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n" : answer(200, "ok");
  }));
  for (const std::string method : {"GET", "PUT", "POST", "DELETE", "HEAD", "PATCH"}) {
    for (const std::string body : {"", "body"}) {
      if (method == "HEAD" && !body.empty()) continue;
      Request request = post(server.url(), body);
      request.method = method;
      const auto got = send(request);
      ASSERT_TRUE(got.value) << method << ": " << got.value.error().message;
      const auto seen = server.requests().back();
      EXPECT_EQ(seen.method, method);
      EXPECT_EQ(seen.body, body);
    }
  }
}

TEST_F(HttpClient, KeepsBytesOfAnyKindAndSize) {
  std::string body(3UL << 20, '\0');
  for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>(i * 31 % 251);
  ScriptedServer server(ScriptedServer::answering([](const ReceivedRequest& got) { return answer(200, got.body); }));
  const auto got = send(post(server.url(), body));
  ASSERT_TRUE(got.value) << got.value.error().message;
  EXPECT_TRUE(*got.value->body == body);
}

TEST_F(HttpClient, ErrorsAndRedirectsOfTheServerAreAnswers) {
  ScriptedServer server(ScriptedServer::answering([](const ReceivedRequest& request) {
    return answer(std::stoi(request.target.substr(1)), "why", "Location: /200\r\nSet-Cookie: a=b\r\n");
  }));
  for (const int status : {301, 400, 403, 404, 413, 500, 503}) {
    const auto got = send(get(server.url("/" + std::to_string(status))));
    ASSERT_TRUE(got.value);
    EXPECT_EQ(got.value->status, status);
    EXPECT_EQ(*got.value->body, "why");
  }
  EXPECT_EQ(server.requests().size(), 7U);
  EXPECT_EQ(server.requests().back().header("cookie"), "");
}

TEST_F(HttpClient, UnderstandsEveryWayToEndABody) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"chunked",
       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nX-Trailer: t\r\n\r\n"},
      {"HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nabcde"},
      {"after a 100", "HTTP/1.1 100 Continue\r\nX-Not: mine\r\n\r\n" + answer(200, "abcde")},
      {"folded header", "HTTP/1.1 200 OK\r\nX-Long: a\r\n  b\r\nContent-Length: 5\r\n\r\nabcde"},
  };
  for (const auto& [name, text] : cases) {
    ScriptedServer server([&whole = text](Wire& wire) {
      if (wire.read_request()) wire.write(whole);
    });
    const auto got = send(get(server.url()));
    ASSERT_TRUE(got.value) << name << ": " << got.value.error().message;
    EXPECT_EQ(got.value->status, 200) << name;
    EXPECT_EQ(*got.value->body, "abcde") << name;
    EXPECT_FALSE(got.value->header("x-not")) << name;
    EXPECT_FALSE(got.value->header("x-trailer")) << name;
    if (const auto* folded = got.value->header("x-long")) {
      EXPECT_EQ(*folded, "a b");
    }
  }
}

TEST_F(HttpClient, KeepsItsConnectionsAlive) {
  ScriptedServer server(always(answer(200, "ok")));
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(send(post(server.url(), "x")).value);
  EXPECT_EQ(server.connections(), 1U);
}

TEST_F(HttpClient, ManyRequestsAtOnceUseManyConnections) {
  constexpr std::size_t kRequests = 64;
  // Each answer waits for the last request: one that queued behind another would never get one.
  const auto last = std::make_shared<std::latch>(kRequests);
  ScriptedServer server(ScriptedServer::answering([last](const ReceivedRequest& request) {
    last->arrive_and_wait();
    return answer(200, request.body);
  }));
  std::vector<std::shared_ptr<Sending>> sendings;
  for (std::size_t i = 0; i < kRequests; ++i) sendings.push_back(start(post(server.url(), std::to_string(i))));
  for (std::size_t i = 0; i < kRequests; ++i) {
    sendings[i]->done.wait();
    ASSERT_TRUE(sendings[i]->answer->value) << sendings[i]->answer->value.error().message;
    EXPECT_EQ(*sendings[i]->answer->value->body, std::to_string(i));
  }
  EXPECT_EQ(server.connections(), kRequests);
}

TEST_F(HttpClient, MoreRequestsThanConnectionsTakeTurns) {
  ClientOptions options;
  options.max_connections_per_host = 2;
  start_client(options);
  ScriptedServer server(always(answer(200, "ok")));
  std::vector<std::shared_ptr<Sending>> sendings;
  for (int i = 0; i < 50; ++i) sendings.push_back(start(post(server.url(), "x")));
  for (const auto& sending : sendings) {
    sending->done.wait();
    EXPECT_TRUE(sending->answer->value);
  }
  EXPECT_LE(server.connections(), 2U);
}

TEST_F(HttpClient, TurnsComeInTheOrderOfArrival) {
  ClientOptions options;
  options.max_connections_per_host = 1;
  start_client(options);
  ScriptedServer server(always(answer(200, "ok")));
  std::vector<std::shared_ptr<Sending>> sendings;
  for (int i = 0; i < 20; ++i) sendings.push_back(start(post(server.url(), std::to_string(i))));
  for (const auto& sending : sendings) sending->done.wait();
  const auto seen = server.requests();
  ASSERT_EQ(seen.size(), 20U);
  for (std::size_t i = 0; i < seen.size(); ++i) EXPECT_EQ(seen[i].body, std::to_string(i));
  EXPECT_EQ(server.connections(), 1U);
}

TEST_F(HttpClient, SeveralReactorsShareTheWork) {
  ClientOptions options;
  options.reactors = 3;
  start_client(options);
  ScriptedServer server(always(answer(200, "ok")));
  for (int i = 0; i < 9; ++i) ASSERT_TRUE(send(post(server.url(), "x")).value);
  EXPECT_EQ(server.connections(), 3U);
}

TEST_F(HttpClient, AnIdleConnectionThatTheServerClosedIsReplacedUnnoticed) {
  // With a request already on its way or not: either way libcurl takes a new connection.
  ScriptedServer server([](Wire& wire) {
    if (wire.read_request()) wire.write(answer(200, "ok"));
  });
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(send(post(server.url(), "x")).value);
  EXPECT_EQ(server.connections(), 10U);
}

std::ptrdiff_t open_files() {
  const std::filesystem::directory_iterator files("/proc/self/fd");
  return std::distance(begin(files), end(files));
}

TEST_F(HttpClient, AThousandRequestsLeaveNoFilesOpen) {
  ScriptedServer server([](Wire& wire) {
    // Every tenth request costs the connection.
    for (int i = 0; i < 10 && wire.read_request(); ++i) wire.write(answer(200, "ok"));
  });
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(send(post(server.url(), "x")).value);
  const auto before = open_files();
  for (int i = 0; i < 1'000; ++i) ASSERT_TRUE(send(post(server.url(), "x")).value);
  // The server's ends close a little later.
  EXPECT_LE(open_files(), before + 8);
  EXPECT_EQ(server.connections(), 102U);
}

/// Descriptors of this process that are connected to `port` of this host.
std::vector<int> connected_to(int port) {
  std::vector<int> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    const int fd = std::stoi(entry.path().filename().string());
    sockaddr_in peer{};
    socklen_t size = sizeof peer;
    if (::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) != 0) continue;
    if (peer.sin_family == AF_INET && ntohs(peer.sin_port) == port) found.push_back(fd);
  }
  return found;
}

TEST_F(HttpClient, ChildrenDoNotInheritConnections) {
  ScriptedServer server(always(answer(200, "ok")));
  ASSERT_TRUE(send(post(server.url(), "x")).value);
  const auto connections = connected_to(server.port());
  ASSERT_EQ(connections.size(), 1U);
  EXPECT_NE(::fcntl(connections[0], F_GETFD) & FD_CLOEXEC, 0);
}

TEST_F(HttpClient, RefusesOptionsThatCannotWork) {
  ClientOptions none;
  none.reactors = 0;
  EXPECT_THROW(Client(loop_, none), std::invalid_argument);
  ClientOptions closed;
  closed.max_connections_per_host = 0;
  EXPECT_THROW(Client(loop_, closed), std::invalid_argument);
  ClientOptions hasty;
  hasty.connect_timeout = milliseconds(0);
  EXPECT_THROW(Client(loop_, hasty), std::invalid_argument);
  ClientOptions forgetful;
  forgetful.max_idle = std::chrono::seconds(0);
  EXPECT_THROW(Client(loop_, forgetful), std::invalid_argument);
}

}  // namespace
}  // namespace kcl::http
