// What goes wrong, what it is called, and whether the request may have gone out.
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <vector>

#include "unit/http/http_test.h"
#include "unit/worker/eventually.h"

namespace kcl::http {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::answer;
using test::FullPort;
using test::ReceivedRequest;
using test::RefusingPort;
using test::ScriptedServer;
using test::Wire;
using Kind = Error::Kind;

class HttpFailures : public HttpTest {
 protected:
  static void expect(const Error& error, Kind kind, bool sent, const std::string& word) {
    EXPECT_EQ(name_of(error.kind), name_of(kind)) << error.message;
    EXPECT_EQ(error.sent, sent) << error.message;
    EXPECT_NE(error.message.find(word), std::string::npos) << error.message;
    EXPECT_EQ(error.message.find('\n'), std::string::npos);
  }
  static std::string at(int port) { return "127.0.0.1:" + std::to_string(port); }
  /// A server that answers with this, and then hangs up.
  void expect_broken(const std::string& text) {
    ScriptedServer server([&](Wire& wire) {
      wire.read_request();
      wire.write(text);
    });
    SCOPED_TRACE(text);
    expect(failure(post(server.url(), "x")), Kind::broken, true, at(server.port()));
  }
};

constexpr milliseconds kSoon{150};

TEST_F(HttpFailures, ARefusedConnectionIsUnreachableAndNothingWasSent) {
  const RefusingPort nobody;
  expect(failure(post(nobody.url(), "x")), Kind::unreachable, false, at(nobody.port()));
}

TEST_F(HttpFailures, ANameWithoutAddressIsUnresolved) {
  expect(failure(post("http://nowhere.invalid:81/", "x")), Kind::unresolved, false, "nowhere.invalid:81");
}

TEST_F(HttpFailures, ANameWithoutAddressMayBeAskedForAgain) {
  // The same of libcurl's handles serves again, with what is left in it of the request before.
  for (int i = 0; i < 3; ++i) {
    expect(failure(post("http://nowhere.invalid:81/", "x")), Kind::unresolved, false, "nowhere.invalid:81");
  }
}

TEST_F(HttpFailures, WithoutAConnectionByTheDeadlineNothingWasSent) {
  const FullPort full;
  expect(failure(post(full.url(), "x"), kSoon), Kind::timeout, false, "no connection yet");
}

TEST_F(HttpFailures, WithoutAConnectionInTimeItIsUnreachableLongBeforeTheDeadline) {
  ClientOptions options;
  options.connect_timeout = kSoon;
  start_client(options);
  const FullPort full;
  expect(failure(post(full.url(), "x")), Kind::unreachable, false, "within 0.150 s");
}

TEST_F(HttpFailures, WithoutAnAnswerByTheDeadlineItMayHaveBeenDone) {
  ScriptedServer server([](Wire& wire) {
    wire.read_request();
    wire.wait_for_end();
  });
  expect(failure(post(server.url(), "x"), kSoon), Kind::timeout, true, at(server.port()));
}

TEST_F(HttpFailures, ABodyThatTricklesIsCutOffByTheDeadline) {
  ScriptedServer server([](Wire& wire) {
    wire.read_request();
    wire.write("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
    while (wire.pause(milliseconds(5)) && wire.write("x")) {
    }
  });
  expect(failure(post(server.url(), "x"), kSoon), Kind::timeout, true, at(server.port()));
}

TEST_F(HttpFailures, ARequestThatNobodyReadsIsCutOffByTheDeadline) {
  ScriptedServer server([](Wire& wire) { wire.wait_for_end(); });
  expect(failure(post(server.url(), std::string(16UL << 20, 'x')), kSoon), Kind::timeout, true, at(server.port()));
}

TEST_F(HttpFailures, ADeadlineThatHasPassedSendsNothing) {
  std::atomic<int> seen{0};
  ScriptedServer server(ScriptedServer::answering([&](const ReceivedRequest&) {
    ++seen;
    return answer(200, "ok");
  }));
  expect(failure(post(server.url(), "x"), milliseconds(0)), Kind::timeout, false, at(server.port()));
  expect(failure(post(server.url(), "x"), seconds(-5)), Kind::timeout, false, at(server.port()));
  ASSERT_TRUE(send(post(server.url(), "x")).value);
  EXPECT_EQ(seen, 1);
}

TEST_F(HttpFailures, WhoWaitsForAFreeConnectionHasSentNothing) {
  ClientOptions options;
  options.max_connections_per_host = 1;
  start_client(options);
  ScriptedServer server([](Wire& wire) {
    wire.read_request();
    wire.wait_for_end();
  });
  const auto first = start(post(server.url(), "x"));
  const auto patient = start(post(server.url(), "patient"));
  expect(failure(post(server.url(), "y"), kSoon), Kind::timeout, false, "waited for a free connection");
  // Whoever gave up is passed over.
  loop_.run_and_wait([&] { EXPECT_FALSE(patient->answer); });
  abandon();
  EXPECT_TRUE(test::eventually([&] { return server.open_connections() == 0; }));
  for (const auto& request : server.requests()) EXPECT_NE(request.body, "y");
}

TEST_F(HttpFailures, AnAnswerThatIsCutShortIsNeverAShortSuccess) {
  const std::vector<std::string> cases{
      "",
      "HTT",
      "HTTP/1.1 200 OK\r\n",
      "HTTP/1.1 200 OK\r\nContent-Len",
      "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n",
      "HTTP/1.1 100 Continue\r\n\r\n",
      // These only end with the connection, for whatever reason that ends.
      "HTTP/1.1 200 OK\r\n\r\n",
      "HTTP/1.0 200 OK\r\nConnection: close\r\n\r\nhalf of",
      "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n123456789",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n",
  };
  for (const std::string& text : cases) expect_broken(text);
}

TEST_F(HttpFailures, WhatIsNotHttpIsBroken) {
  const std::vector<std::string> cases{
      "SSH-2.0-OpenSSH_9.2\r\n",
      "\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnot a number\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nabc",
      "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 5\r\n\r\nabc",
  };
  for (const std::string& text : cases) expect_broken(text);
}

TEST_F(HttpFailures, HeadersWithoutEndAreBroken) {
  ScriptedServer server([](Wire& wire) {
    wire.read_request();
    wire.write("HTTP/1.1 200 OK\r\n");
    while (wire.write("X-Again: " + std::string(1000, 'x') + "\r\n")) {
    }
  });
  expect(failure(post(server.url(), "x")), Kind::broken, true, at(server.port()));
  ScriptedServer one_line([](Wire& wire) {
    wire.read_request();
    wire.write("HTTP/1.1 200 OK\r\nX-Long: ");
    while (wire.write(std::string(10'000, 'x'))) {
    }
  });
  expect(failure(post(one_line.url(), "x")), Kind::broken, true, at(one_line.port()));
}

TEST_F(HttpFailures, AnAnswerTooLongIsCutOff) {
  ScriptedServer announced(
      ScriptedServer::answering([](const ReceivedRequest&) { return answer(200, "12345678901"); }));
  ScriptedServer endless([](Wire& wire) {
    wire.read_request();
    wire.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    while (wire.write("5\r\nabcde\r\n")) {
    }
  });
  for (const std::string& url : {announced.url(), endless.url()}) {
    Request request = post(url, "x");
    request.max_body_bytes = 10;
    expect(failure(request), Kind::too_large, true, "10 bytes");
  }
  Request fits = post(announced.url(), "x");
  fits.max_body_bytes = 11;
  EXPECT_TRUE(send(fits).value);
}

TEST_F(HttpFailures, AnAnswerThatAnnouncesToBeTooLongIsNotWaitedFor) {
  ScriptedServer server([](Wire& wire) {
    wire.read_request();
    wire.write("HTTP/1.1 200 OK\r\nContent-Length: 9000000000000000000\r\n\r\nabc");
    wire.wait_for_end();
  });
  expect(failure(post(server.url(), "x")), Kind::too_large, true, at(server.port()));
}

TEST_F(HttpFailures, AResetBeforeTheRequestWasRead) {
  ScriptedServer server([](Wire& wire) { wire.reset(); });
  const Error error = failure(post(server.url(), std::string(4UL << 20, 'x')));
  // The reset may come before the connection is known to stand, or amid the request.
  EXPECT_TRUE(error.kind == Kind::broken || error.kind == Kind::unreachable) << error.message;
  EXPECT_EQ(error.sent, error.kind == Kind::broken) << error.message;
}

TEST_F(HttpFailures, AResetAfterTheRequestWasRead) {
  ScriptedServer server([](Wire& wire) {
    wire.read_request();
    wire.reset();
  });
  expect(failure(post(server.url(), "x")), Kind::broken, true, at(server.port()));
}

TEST_F(HttpFailures, AResetInTheMiddleOfTheAnswer) {
  ScriptedServer server([](Wire& wire) {
    wire.read_request();
    wire.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n123");
    wire.pause(milliseconds(20));
    wire.reset();
  });
  expect(failure(post(server.url(), "x")), Kind::broken, true, at(server.port()));
}

TEST_F(HttpFailures, ASecondTryThatCannotConnectDoesNotHideThatTheFirstWasRead) {
  ScriptedServer server([](Wire& wire) {
    if (wire.read_request()) wire.write(answer(200, "ok"));
    if (wire.read_request()) wire.server().stop_listening();
  });
  ASSERT_TRUE(send(post(server.url(), "first")).value);
  const Error error = failure(post(server.url(), "second"));
  EXPECT_EQ(server.requests().size(), 2U);
  expect(error, Kind::unreachable, true, at(server.port()));
}

TEST_F(HttpFailures, ARequestThatCannotBeSentIsRefusedWithoutAConnection) {
  ScriptedServer server(ScriptedServer::answering([](const ReceivedRequest&) { return answer(200, ""); }));
  Request request = post(server.url(), "x");
  request.headers = {{"X-Note", "a\r\nX-Smuggled: b"}};
  expect(failure(request), Kind::bad_request, false, "X-Note");
  expect(failure(post("ftp://127.0.0.1/", "x")), Kind::bad_request, false, "ftp://");
  EXPECT_EQ(server.connections(), 0U);
}

}  // namespace
}  // namespace kcl::http
