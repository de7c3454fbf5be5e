#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "unit/http/http_test.h"
#include "unit/worker/eventually.h"

namespace kcl::http {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using test::answer;
using test::eventually;
using test::FullPort;
using test::ScriptedServer;
using test::Wire;

/// Takes a while for everything: so a moment can be hit.
void dawdle(Wire& wire) {
  while (wire.read_request()) {
    wire.pause(milliseconds(1));
    wire.write("HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n");
    wire.pause(milliseconds(1));
    if (!wire.write(std::string(100'000, 'x'))) return;
    wire.pause(milliseconds(1));
    if (!wire.write(std::string(100'000, 'y'))) return;
  }
}

class HttpCancel : public HttpTest {
 protected:
  /// Starts requests in a scope that the strand destroys `delay` later.
  void cancel_after(const Request& request, base::Duration delay, int requests) {
    std::latch gone(1);
    std::unique_ptr<base::TaskScope> doomed;
    std::unique_ptr<base::Timer> fate;
    loop_.run_and_wait([&] {
      doomed = make_scope();
      for (int i = 0; i < requests; ++i)
        doomed->spawn("doomed", forget(client_->send(request, loop_.now() + kPatience)));
      fate = std::make_unique<base::Timer>(loop_, [&] {
        doomed.reset();
        gone.count_down();
      });
      fate->arm(loop_.now() + delay);
    });
    gone.wait();
    loop_.run_and_wait([&] { fate.reset(); });
  }

  static base::Task<void> forget(Client::Reply reply) { co_await std::move(reply); }
};

TEST_F(HttpCancel, AFrameMayBeDestroyedAtAnyMoment) {
  ScriptedServer server(dawdle);
  for (int i = 0; i < 120; ++i) {
    cancel_after(post(server.url(), std::string(100'000, 'q')), microseconds(50) * i, 3);
    if (i % 20 != 0) continue;
    const auto got = send(post(server.url(), "still there?"));
    ASSERT_TRUE(got.value) << got.value.error().message;
    EXPECT_EQ(got.value->body->size(), 200'000U);
  }
  // Whoever was cancelled half-way took its connection along; those that are left are idle.
  loop_.run_and_wait([this] { client_.reset(); });
  EXPECT_TRUE(eventually([&] { return server.open_connections() == 0; }));
}

TEST_F(HttpCancel, ACancelledTransferHangsUp) {
  ScriptedServer server([](Wire& wire) {
    wire.read_request();
    wire.wait_for_end();
  });
  const auto sending = start(post(server.url(), "x"));
  ASSERT_TRUE(eventually([&] { return server.requests().size() == 1; }));
  abandon();
  EXPECT_TRUE(eventually([&] { return server.open_connections() == 0; }));
  EXPECT_FALSE(sending->answer);
}

TEST_F(HttpCancel, ATransferPastItsDeadlineHangsUp) {
  ScriptedServer server([](Wire& wire) {
    wire.read_request();
    wire.wait_for_end();
  });
  EXPECT_EQ(failure(post(server.url(), "x"), milliseconds(50)).kind, Error::Kind::timeout);
  EXPECT_TRUE(eventually([&] { return server.open_connections() == 0; }));
}

TEST_F(HttpCancel, WhileConnecting) {
  const FullPort full;
  cancel_after(post(full.url(), "x"), milliseconds(5), 5);
}

TEST_F(HttpCancel, ADestroyedClientAnswersWhatIsUnderWay) {
  ScriptedServer server([](Wire& wire) {
    wire.read_request();
    wire.wait_for_end();
  });
  const FullPort full;
  const auto sent = start(post(server.url(), "x"));
  const auto unsent = start(post(full.url(), "x"));
  ASSERT_TRUE(eventually([&] { return server.requests().size() == 1; }));
  loop_.run_and_wait([this] { client_.reset(); });
  for (const auto& sending : {sent, unsent}) {
    sending->done.wait();
    ASSERT_FALSE(sending->answer->value);
    EXPECT_EQ(sending->answer->value.error().kind, Error::Kind::cancelled);
    EXPECT_FALSE(sending->answer->value.error().message.empty());
  }
  EXPECT_TRUE(sent->answer->value.error().sent);
  EXPECT_FALSE(unsent->answer->value.error().sent);
}

TEST_F(HttpCancel, ATaskThatIsAwaitedAfterItsClientSendsNothing) {
  ScriptedServer server(dawdle);
  const auto late = std::make_shared<Sending>();
  std::optional<Client::Reply> never_awaited;
  // In one turn of the strand: a scope starts its tasks in the next.
  loop_.run_and_wait([&] {
    spawn(late, post(server.url(), "x"), kPatience);
    never_awaited.emplace(client_->send(post(server.url(), "x"), loop_.now() + kPatience));
    client_.reset();
  });
  late->done.wait();
  ASSERT_FALSE(late->answer->value);
  EXPECT_EQ(late->answer->value.error().kind, Error::Kind::cancelled);
  EXPECT_FALSE(late->answer->value.error().sent);
  loop_.run_and_wait([&] { never_awaited.reset(); });
  EXPECT_EQ(server.connections(), 0U);
}

TEST_F(HttpCancel, AClientMayBeDestroyedAtAnyMoment) {
  ScriptedServer server(dawdle);
  for (int i = 0; i < 60; ++i) {
    std::vector<std::shared_ptr<Sending>> sendings;
    for (int k = 0; k < 4; ++k) sendings.push_back(start(post(server.url(), std::string(100'000, 'q'))));
    cancel_after(post(server.url(), "x"), microseconds(100) * i, 1);
    start_client({});
    for (const auto& sending : sendings) {
      sending->done.wait();
      if (!sending->answer->value) {
        EXPECT_EQ(sending->answer->value.error().kind, Error::Kind::cancelled)
            << sending->answer->value.error().message;
      }
    }
  }
}

TEST_F(HttpCancel, FramesMayOutliveTheClientAndGoWithoutItsAnswer) {
  ScriptedServer server(dawdle);
  for (int i = 0; i < 30; ++i) {
    start(post(server.url(), "x"));
    cancel_after(post(server.url(), "x"), microseconds(200) * i, 1);
    // In one turn of the strand: no answer gets through between the two.
    loop_.run_and_wait([this] {
      client_.reset();
      scope_ = make_scope();
      client_ = std::make_unique<Client>(loop_, ClientOptions{});
    });
  }
}

}  // namespace
}  // namespace kcl::http
