#include "http/blocking_send.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <stop_token>
#include <string>
#include <thread>

#include "unit/http/scripted_server.h"
#include "unit/worker/eventually.h"

namespace kcl::http {
namespace {

using namespace std::chrono_literals;
using test::ScriptedServer;

class BlockingSend : public ::testing::Test {
 protected:
  BlockingSend() {
    for (const char* name : {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"}) ::unsetenv(name);
  }
  static Request get(std::string url) {
    Request request;
    request.method = "GET";
    request.url = std::move(url);
    return request;
  }
};

TEST_F(BlockingSend, ReturnsTheAnswer) {
  const ScriptedServer server(
      ScriptedServer::answering([](const test::ReceivedRequest&) { return test::answer(201, "hello"); }));
  for (int times = 0; times < 2; ++times) {
    const auto answer = send_and_wait(get(server.url("/x")), {}, 10s, {});
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->status, 201);
    EXPECT_EQ(*answer->body, "hello");
  }
  EXPECT_TRUE(test::eventually([&] { return server.open_connections() == 0; })) << "nothing is left behind";
}

TEST_F(BlockingSend, ReturnsAtTheTimeout) {
  const ScriptedServer server([](test::Wire& wire) { wire.wait_for_end(); });
  const auto answer = send_and_wait(get(server.url()), {}, 50ms, {});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, Error::Kind::timeout);
}

TEST_F(BlockingSend, ReturnsWhenItIsStopped) {
  std::stop_source stop;
  const ScriptedServer server([&stop](test::Wire& wire) {
    while (wire.read_request()) stop.request_stop();
  });
  const auto answer = send_and_wait(get(server.url()), {}, 1h, stop.get_token());
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, Error::Kind::cancelled);
  // Also when that was before.
  EXPECT_FALSE(send_and_wait(get(server.url()), {}, 1h, stop.get_token()));
}

TEST_F(BlockingSend, ThrowsWhatAClientThrows) {
  ClientOptions options;
  options.reactors = 0;
  EXPECT_THROW(static_cast<void>(send_and_wait(get("http://127.0.0.1/"), options, 1s, {})), std::invalid_argument);
}

}  // namespace
}  // namespace kcl::http
