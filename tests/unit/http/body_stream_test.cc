// Answers that are taken while they arrive: nothing is lost or held up, however slowly they are taken.
#include "http/body_stream.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "unit/http/http_test.h"
#include "unit/worker/eventually.h"

namespace kcl::http {
namespace {

using std::chrono::milliseconds;
using test::answer;
using test::eventually;
using test::ScriptedServer;
using test::Wire;
using Kind = Error::Kind;

constexpr std::size_t kWindow = 64UL << 10;
const std::string kHead = "HTTP/1.1 200 OK\r\nX-Kind: stream\r\nTransfer-Encoding: chunked\r\n\r\n";
const std::string kEnd = "0\r\n\r\n";

std::string chunk(const std::string& bytes) {
  std::array<char, 16> size{};
  std::snprintf(size.data(), size.size(), "%zx\r\n", bytes.size());
  return size.data() + bytes + "\r\n";
}

class HttpStream : public HttpTest {
 protected:
  ~HttpStream() override { close(); }

  std::optional<Error> open(const std::string& url, base::Duration timeout = kPatience) {
    auto answered = wait_for([&] { return client_->open(get(url), kWindow, loop_.now() + timeout); });
    if (!answered.value) return answered.value.error();
    stream_ = *std::move(answered.value);
    return std::nullopt;
  }
  Result<std::optional<std::string>, Error> next(base::Duration timeout = kPatience) {
    return wait_for([&] { return stream_->next(loop_.now() + timeout); });
  }
  /// To the end, or to an error.
  std::pair<std::string, std::optional<Error>> rest() {
    std::string bytes;
    for (;;) {
      auto piece = next();
      if (!piece) return {bytes, piece.error()};
      if (!*piece) return {bytes, std::nullopt};
      bytes += **piece;
    }
  }
  void close() {
    loop_.run_and_wait([this] { stream_.reset(); });
  }

  std::unique_ptr<BodyStream> stream_;
};

TEST_F(HttpStream, BytesAreThereAsTheyComeAndTheEndIsTold) {
  std::latch go_on(1);
  ScriptedServer server([&](Wire& wire) {
    wire.read_request();
    wire.write(kHead + chunk("one"));
    go_on.wait();
    wire.write(chunk("two") + kEnd);
    wire.wait_for_end();
  });
  ASSERT_FALSE(open(server.url()));
  EXPECT_EQ(stream_->head().status, 200);
  EXPECT_EQ(*stream_->head().header("x-kind"), "stream");
  EXPECT_EQ(next().value(), "one");
  const auto silent = next(milliseconds(20));
  ASSERT_FALSE(silent);
  EXPECT_EQ(silent.error().kind, Kind::timeout) << silent.error().message;
  go_on.count_down();
  const auto [bytes, error] = rest();
  EXPECT_EQ(bytes, "two");
  EXPECT_FALSE(error);
}

TEST_F(HttpStream, AStreamThatIsNotTakenHoldsThePeerBackAndLosesNothing) {
  constexpr std::size_t kTotal = 32UL << 20;
  std::string expected;
  while (expected.size() < kTotal) expected += std::to_string(expected.size()) + ' ';
  std::atomic<std::size_t> written{0};
  ScriptedServer server([&](Wire& wire) {
    wire.read_request();
    wire.write(kHead);
    for (std::size_t at = 0; at < expected.size(); at += 100'000) {
      if (!wire.write(chunk(expected.substr(at, 100'000)))) return;
      written = at;
    }
    wire.write(kEnd);
    wire.wait_for_end();
  });
  ASSERT_FALSE(open(server.url()));
  // Until its buffers and the kernel's are full.
  std::size_t before = 0;
  eventually([&] { return std::exchange(before, written.load()) == written.load() && before > 0; });
  EXPECT_LT(written.load(), expected.size() * 3 / 4);
  const auto [bytes, error] = rest();
  EXPECT_FALSE(error);
  EXPECT_EQ(bytes.size(), expected.size());
  EXPECT_TRUE(bytes == expected);
}

TEST_F(HttpStream, AStreamThatBreaksGivesWhatCameAndThenTheError) {
  ScriptedServer server([](Wire& wire) {
    wire.read_request();
    wire.write(kHead + chunk("one") + "5\r\ncut");
  });
  ASSERT_FALSE(open(server.url()));
  const auto [bytes, error] = rest();
  EXPECT_EQ(bytes, "onecut");
  ASSERT_TRUE(error);
  EXPECT_EQ(error->kind, Kind::broken) << error->message;
}

TEST_F(HttpStream, ABodyWithoutAnEndOfItsOwnMayBeCutShort) {
  ScriptedServer server([](Wire& wire) {
    wire.read_request();
    wire.write("HTTP/1.1 200 OK\r\n\r\nall there is?");
  });
  ASSERT_FALSE(open(server.url()));
  EXPECT_EQ(rest().second.value().kind, Kind::broken);
}

TEST_F(HttpStream, AnAnswerWithALengthAndOneWithoutABodyAreStreamsToo) {
  ScriptedServer server(ScriptedServer::answering(
      [](const test::ReceivedRequest& request) { return answer(400, request.target == "/empty" ? "" : "no"); }));
  for (const auto& [path, expected] : {std::pair("/", "no"), std::pair("/empty", "")}) {
    ASSERT_FALSE(open(server.url(path)));
    EXPECT_EQ(stream_->head().status, 400);
    EXPECT_EQ(rest().first, expected);
    close();
  }
  EXPECT_EQ(server.connections(), 1U);
}

TEST_F(HttpStream, NoHeadByTheDeadlineIsAnErrorAndEndsTheTransfer) {
  ScriptedServer server([](Wire& wire) {
    wire.read_request();
    wire.wait_for_end();
  });
  const auto error = open(server.url(), milliseconds(50));
  ASSERT_TRUE(error);
  EXPECT_EQ(error->kind, Kind::timeout);
  EXPECT_TRUE(eventually([&] { return server.open_connections() == 0; }));
}

TEST_F(HttpStream, WhatCannotBeReachedIsSaidAtOnce) {
  test::RefusingPort port;
  EXPECT_EQ(open(port.url()).value().kind, Kind::unreachable);
  EXPECT_EQ(open("nonsense").value().kind, Kind::bad_request);
}

TEST_F(HttpStream, DestroyingAStreamHangsUp) {
  ScriptedServer server([](Wire& wire) {
    wire.read_request();
    wire.write(kHead + chunk("one"));
    wire.wait_for_end();
  });
  for (const bool taken : {true, false}) {
    ASSERT_FALSE(open(server.url()));
    if (taken) {
      EXPECT_EQ(next().value(), "one");
    }
    close();
    EXPECT_TRUE(eventually([&] { return server.open_connections() == 0; }));
  }
}

TEST_F(HttpStream, AStreamMayOutliveItsClient) {
  ScriptedServer server([](Wire& wire) {
    wire.read_request();
    wire.write(kHead + chunk("one"));
    wire.wait_for_end();
  });
  ASSERT_FALSE(open(server.url()));
  EXPECT_EQ(next().value(), "one");
  loop_.run_and_wait([this] { client_.reset(); });
  EXPECT_EQ(rest().second.value().kind, Kind::cancelled);
}

}  // namespace
}  // namespace kcl::http
